// Finds and imports the configuration file, and the definition files that it names by path. Relative
// paths in a configuration are relative to its file.
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../define/config.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { type ModuleExports, loadModule } from './load-module.ts';

/** A configuration and where it was found. */
export interface LoadedConfig {
  readonly config: Config;
  /** Absolute path of the file. */
  readonly path: string;
  /** Where relative paths start. */
  readonly baseDirectory: string;
  /** How often this process has loaded it. */
  readonly generation: number;
}

/** Loads `path` (relative to the current directory). Errors: MR_CONFIG_NOT_FOUND, MR_CONFIG_INVALID. */
export async function loadConfig(
  path: string,
  options: { readonly generation?: number } = {},
): Promise<LoadedConfig> {
  const absolute = resolve(path);
  const generation = options.generation ?? 1;
  if (statSync(absolute, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new MillraceError('MR_CONFIG_NOT_FOUND', `there is no configuration file ${path}`, {
      context: { path: absolute },
      fix: 'change into the project, give --config <file>, or start a project with: millrace init my-features',
    });
  }
  const { default: config } = await loadModule(absolute, generation);
  if (!isConfig(config)) {
    throw new MillraceError(
      'MR_CONFIG_INVALID',
      'the configuration file exports no configuration',
      {
        context: { path: absolute },
        fix: "write: export default defineConfig({ project: 'shop', definitions: […], environments: { local: {…} } })",
      },
    );
  }
  return { config, path: absolute, baseDirectory: dirname(absolute), generation };
}

/** The modules that hold the definitions: given, or imported by path. */
export async function loadDefinitions(
  config: Config,
  baseDirectory: string,
  generation: number,
): Promise<readonly ModuleExports[]> {
  const paths = config.paths ?? [];
  const modules = await Promise.all(
    paths.map((path) => {
      const absolute = resolve(baseDirectory, path);
      if (statSync(absolute, { throwIfNoEntry: false })?.isFile() === true) {
        return loadModule(absolute, generation);
      }
      throw new MillraceError('MR_CONFIG_INVALID', `there is no definition file ${path}`, {
        context: { path: absolute },
        fix: 'correct the path: it is relative to the configuration file',
      });
    }),
  );
  return [...((config.definitions ?? []) as readonly ModuleExports[]), ...modules];
}

function isConfig(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && 'environments' in value;
}
