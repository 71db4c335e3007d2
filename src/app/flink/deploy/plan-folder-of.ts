// The folder of an environment's deployments: below its checkpoints, which the cluster has to reach
// anyway, so that nothing else needs to be shared.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PlanFolder } from '../../../flink/deploy/plan-folder.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { checkpointStorageOf, jobName } from '../../recovery/checkpoint-place.ts';

/** A file beside the deployments, which the cluster reads. */
export interface DeploymentFile {
  /** Its address for Flink. */
  readonly uri: string;
  readonly put: (bytes: Uint8Array) => Promise<void>;
}

/** Throws MR_CONFIG_INVALID when the environment takes no checkpoints. */
export function deploymentFile(project: ResolvedProject, name: string): DeploymentFile {
  const path = `flink/${jobName(project)}/${name}`;
  const storage = checkpointStorageOf(project);
  return {
    uri: `${baseOf(project)}/${path}`,
    put: async (bytes) => {
      await storage.write(path, bytes);
    },
  };
}

function baseOf({ settings, baseDirectory }: ResolvedProject): string {
  const root = settings.checkpoints?.directory ?? '';
  // How this process reaches the bucket (`?endpoint=…`) is for the cluster's own configuration to say.
  return root.startsWith('s3://')
    ? root.replace(/\?.*$/, '').replace(/\/+$/, '')
    : pathToFileURL(resolve(baseDirectory, root)).href.replace('file:///', 'file:/');
}

/** Throws MR_CONFIG_INVALID when the environment takes no checkpoints. */
export function planFolderOf(project: ResolvedProject): PlanFolder {
  const storage = checkpointStorageOf(project);
  const base = baseOf(project);
  const prefix = `flink/${jobName(project)}/`;
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  return {
    uri: `${base}/flink/${jobName(project)}`,
    read: async (name) => {
      const found = await storage.read(prefix + name);
      return found === null ? null : new TextDecoder().decode(found.bytes);
    },
    write: async (name, text, isNew = false) => {
      const condition = isNew ? 'absent' : undefined;
      return (await storage.write(prefix + name, bytes(text), condition)) !== null;
    },
    remove: (name) => storage.remove([prefix + name]),
    list: async () => {
      const objects = await storage.list(`${prefix}deployment-`);
      return objects.map(({ name }) => name.slice(prefix.length));
    },
  };
}
