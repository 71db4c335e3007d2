// A configuration, one of its environments and its definitions → everything that running needs, or
// every problem at once. Reads definition files, opens nothing.
import { resolve } from 'node:path';
import { buildPlan } from '../../define/build-plan.ts';
import { configDirectory } from '../../define/config-location.ts';
import type { Config, EnvironmentOptions } from '../../define/config.ts';
import { MillraceError, type Problem } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { type Plan, streamOf } from '../../plan/plan.ts';
import { checkEnvironment } from './check-environment.ts';
import { type LoadedConfig, loadDefinitions } from './load-config.ts';
import { overrideViews } from './override-views.ts';
import type { RunSettings } from './run-settings.ts';

export interface ResolvedProject {
  readonly project: string;
  readonly env: string;
  /** Name of a second job of the environment, with state and outputs of its own; null for the first. */
  readonly variant: string | null;
  readonly environment: EnvironmentOptions;
  readonly baseDirectory: string;
  readonly plan: Plan;
  /** Names of the streams that views read and environments bind. */
  readonly streamsInUse: readonly string[];
  /** How runs keep state, with defaults filled in. */
  readonly settings: RunSettings;
  /** Errors and warnings; with an error among them nothing may run. */
  readonly problems: readonly Problem[];
}

/** A configuration as a program has it: an object, or what `loadConfig` gives. */
export type ConfigInput = Config | LoadedConfig;

export interface ResolveOptions {
  readonly env: string;
  /** Name of a second job of the environment. */
  readonly as?: string;
  /** Where relative paths start; default: the folder of the file that called `defineConfig`. */
  readonly baseDirectory?: string;
}

export async function resolveProject(
  input: ConfigInput,
  options: ResolveOptions,
): Promise<ResolvedProject> {
  const { config, baseDirectory, generation } = located(input, options);
  const environment = environmentNamed(config, options.env);
  const modules = await loadDefinitions(config, baseDirectory, generation);
  const built = buildPlan(modules);
  const overridden = overrideViews(built.plan, environment, options.env);
  const { plan } = overridden;
  const read = plan.views.map((view) => streamOf(plan, view));
  const streamsInUse = read.filter(({ rowsOf }) => rowsOf === undefined).map(({ name }) => name);
  const project = { config, env: options.env, environment, plan, streamsInUse };
  const checked = checkEnvironment(project);
  return {
    project: config.project,
    env: options.env,
    variant: variantOf(options.as),
    environment,
    baseDirectory,
    plan,
    streamsInUse: [...new Set(streamsInUse)],
    settings: checked.settings,
    problems: [...built.problems, ...overridden.problems, ...checked.problems],
  };
}

function variantOf(name: string | undefined): string | null {
  if (name === undefined) return null;
  if (/^[a-z0-9][a-z0-9_-]{0,62}$/.test(name) && name !== 'main') return name;
  throw new MillraceError('MR_CONFIG_INVALID', `"${name}" cannot be the name of a second job`, {
    fix: 'use lower case letters, digits, "_" and "-"; "main" is the first job',
  });
}

function located(input: ConfigInput, options: ResolveOptions): Omit<LoadedConfig, 'path'> {
  if ('environments' in input) {
    const directory = options.baseDirectory ?? configDirectory(input) ?? '.';
    return { config: input, baseDirectory: resolve(directory), generation: 1 };
  }
  const { config, baseDirectory, generation } = input;
  return { config, baseDirectory: resolve(options.baseDirectory ?? baseDirectory), generation };
}

function environmentNamed(config: Config, env: string): EnvironmentOptions {
  const names = Object.keys(config.environments);
  const environment = Object.hasOwn(config.environments, env)
    ? config.environments[env]
    : undefined;
  if (environment !== undefined) return environment;
  throw new MillraceError('MR_CONFIG_UNKNOWN_ENV', `there is no environment "${env}"`, {
    context: { path: 'environments' },
    fix: suggestName(env, names),
  });
}
