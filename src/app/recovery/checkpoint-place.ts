// Where the checkpoints of an environment lie, and under which name its job has them.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { storageAt } from './storage-at.ts';

/** Of the job that an environment of a project is: two environments never share state, nor do two jobs. */
export function jobName({
  project,
  env,
  variant,
}: Pick<ResolvedProject, 'project' | 'env' | 'variant'>): string {
  return variant === null ? `${project}-${env}` : `${project}-${env}.${variant}`;
}

/** Throws MR_CONFIG_INVALID when the environment takes no checkpoints. */
export function checkpointStorageOf(project: ResolvedProject): CheckpointStorage {
  const { settings, env, baseDirectory } = project;
  if (settings.checkpoints === null) {
    throw new MillraceError('MR_CONFIG_INVALID', `environment "${env}" takes no checkpoints`, {
      context: { path: `environments.${env}.checkpoints` },
      fix: "add checkpoints: { directory: './.millrace/checkpoints' }",
    });
  }
  return storageAt(settings.checkpoints.directory, baseDirectory);
}
