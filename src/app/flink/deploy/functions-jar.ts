// The jar with functions of ours on its way to a cluster: found on this machine, put beside the
// deployments of the environment under a name that follows from its bytes, so that an older deployment
// keeps the jar that it was made with. Without one the cluster's own `lib` has to have it.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { FlinkOptions } from '../../../adapters/flink/flink.ts';
import { functionsJarFix } from '../../../flink/client/missing-jar.ts';
import { usesFunctions, withFunctionJar } from '../../../flink/flink-function.ts';
import type { FlinkProgram } from '../../../flink/flink-program.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { deploymentFile } from './plan-folder-of.ts';

/** A program whose functions come from a jar, and what makes the jar reachable. */
export interface ProgramWithJar {
  readonly program: FlinkProgram;
  /** Puts the jar where the program says it is. */
  readonly putJar: () => Promise<void>;
}

/**
 * Without checkpoints there is no folder that the cluster reaches: the program stays as it is.
 * Errors: MR_FLINK_JAR when `functionsJar` names a file that is not there.
 */
export async function programWithJar(
  project: ResolvedProject,
  { functionsJar }: Pick<FlinkOptions, 'functionsJar'>,
  program: FlinkProgram,
): Promise<ProgramWithJar> {
  const nothing = async (): Promise<void> => undefined;
  if (!usesFunctions(program)) return { program, putJar: nothing };
  if (functionsJar !== undefined && /^[a-z][a-z\d+.-]*:\//.test(functionsJar)) {
    return { program: withFunctionJar(program, functionsJar), putJar: nothing };
  }
  const path = jarPath(project.baseDirectory, functionsJar);
  if (path === null || project.settings.checkpoints === null) return { program, putJar: nothing };
  const bytes = await readFile(path);
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  const { uri, put } = deploymentFile(project, `millrace-flink-udf-${digest}.jar`);
  return { program: withFunctionJar(program, uri), putJar: () => put(bytes) };
}

/** The jar that the configuration names, or that of the package where it is installed; else null. */
function jarPath(baseDirectory: string, named: string | undefined): string | null {
  if (named === undefined) return installedJar(baseDirectory);
  const path = resolve(baseDirectory, named);
  if (existsSync(path)) return path;
  throw new MillraceError('MR_FLINK_JAR', `flink(…): functionsJar ${path} is not there`, {
    context: { jar: path },
    fix: functionsJarFix,
  });
}

function installedJar(baseDirectory: string): string | null {
  try {
    const path = createRequire(join(baseDirectory, 'package.json')).resolve(
      'millrace-flink-udf/jar',
    );
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}
