// The serving log of a server that this process runs: the definitions that it serves by are written
// beside the log first, so that rows can be judged by them when the definitions of the day are others.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ServingLog } from '../../adapters/file/serving-log/serving-log.ts';
import { systemClock } from '../../kernel/clock.ts';
import { seededRandom } from '../../kernel/random.ts';
import { planFingerprint } from '../../plan/fingerprint.ts';
import { planToJson } from '../../plan/plan-json.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { servingLogSettings } from './serving-log-settings.ts';

const fingerprintLength = 16;

/** What lines of the log call the definitions of a plan. */
export function definitionName(plan: ResolvedProject['plan']): string {
  return planFingerprint(plan).slice(0, fingerprintLength);
}

/** Where the definitions of that name lie. */
export function definitionPath(directory: string, name: string): string {
  return join(directory, 'definitions', `${name}.json`);
}

/** Folder of the environment's serving log. */
export function servingLogDirectory({ baseDirectory, environment }: ResolvedProject): string {
  return resolve(baseDirectory, servingLogSettings(environment).directory);
}

/** Null when nothing is to be logged. */
export async function openServingLog(
  project: ResolvedProject,
  options: { readonly rate?: number; readonly report: (message: string) => void },
): Promise<ServingLog | null> {
  const { rate, bytesMax } = servingLogSettings(project.environment, options.rate);
  if (rate === 0) return null;
  const directory = servingLogDirectory(project);
  const definition = definitionName(project.plan);
  const path = definitionPath(directory, definition);
  await mkdir(join(directory, 'definitions'), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, planToJson(project.plan, 1));
  await rename(unfinished, path);
  return new ServingLog({
    directory,
    rate,
    bytesMax,
    definition,
    clock: systemClock,
    random: seededRandom(systemClock.nowMs() ^ process.pid),
    report: options.report,
  });
}
