// One run: opens what the environment binds, starts the job, and closes everything however it ends.
// Does not keep state between runs: each reads its input from the beginning.
import { isAbsolute, join } from 'node:path';
import { fileDeadLetterSink } from '../adapters/file/dead-letter-file.ts';
import { fileLateRecordSink } from '../adapters/file/late-record-file.ts';
import type { JobProgress, JobSummary } from '../engine/task/job-spec.ts';
import { startJob } from '../engine/task/job.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import { planFingerprint } from '../plan/fingerprint.ts';
import type { ExistingRows } from '../ports/online-store.ts';
import type { Source } from '../ports/source.ts';
import type { VectorSink } from '../ports/vector-sink.ts';
import { type ClockMode, clockModeOf, noteClockMode } from './clock-mode.ts';
import { formats } from './formats.ts';
import type { OnlineStores } from './online-stores.ts';
import type { ResolvedProject } from './config/resolve-project.ts';
import { type RunProgress, progressOf } from './run-report.ts';
import { storedViews } from './stored-views.ts';
import { featureLogSink, storeSink } from './vector-sinks.ts';

/** Options of `app.run`. */
export interface RunOptions {
  /** Refuse input that never ends. */
  readonly untilEnd?: boolean;
  /**
   * What becomes of rows that the online store has already. Default `keep`: newer ones replace them,
   * and those of a changed definition are refused (MR_STORE_SCHEMA). `dropChanged` drops the latter,
   * `dropAll` drops all of this project's views first.
   */
  readonly existing?: ExistingRows;
  /** False: the feature log gets nothing. Default true. */
  readonly log?: boolean;
  /** Stops the run cleanly: what was read is written, then `run` resolves. */
  readonly signal?: AbortSignal;
  /** Called a few times a second, and at the end. */
  readonly onProgress?: (progress: RunProgress) => void;
}

const defaultDeadLetters = './.millrace/dead-letters';
const progressIntervalMs = 250;
const liveFlushIntervalMs = 10_000;

export async function runProject(
  project: ResolvedProject,
  stores: OnlineStores,
  options: RunOptions,
): Promise<JobSummary> {
  const clock = systemClock;
  const mode = clockModeOf(project);
  const sources = sourcesInUse(project);
  if (options.untilEnd === true) refuseEndless(project, sources);
  const sinks = await openSinks(project, stores, mode, options);
  try {
    const { onProgress } = options;
    const job = startJob({
      plan: project.plan,
      sources,
      formats,
      sinks,
      ...recordSinks(project, clock),
      clock,
      baseDirectory: project.baseDirectory,
      nowMode: mode,
      flushIntervalMs: isEnding(sources) ? Number.POSITIVE_INFINITY : liveFlushIntervalMs,
      progressIntervalMs,
      ...(onProgress === undefined
        ? {}
        : { onProgress: (progress: JobProgress) => onProgress(progressOf(progress)) }),
    });
    const stop = (): void => void job.stop();
    if (options.signal?.aborted === true) stop();
    options.signal?.addEventListener('abort', stop, { once: true });
    return await job.done.finally(() => options.signal?.removeEventListener('abort', stop));
  } finally {
    await stores.endWriting();
  }
}

function sourcesInUse({ environment, streamsInUse }: ResolvedProject): ReadonlyMap<string, Source> {
  const sources = new Map<string, Source>();
  for (const name of streamsInUse) {
    const source = environment.streams[name];
    if (source !== undefined) sources.set(name, source);
  }
  return sources;
}

function isEnding(sources: ReadonlyMap<string, Source>): boolean {
  return [...sources.values()].every(({ bounded }) => bounded);
}

function refuseEndless(project: ResolvedProject, sources: ReadonlyMap<string, Source>): void {
  const endless = [...sources].find(([, { bounded }]) => !bounded);
  if (endless === undefined) return;
  const [stream, { description }] = endless;
  throw new MillraceError('MR_CONFIG_INVALID', `stream "${stream}" never ends: ${description}`, {
    context: { path: `environments.${project.env}.streams.${stream}` },
    fix: 'leave --until-end out, or bind the stream to files that are not looped',
  });
}

async function openSinks(
  project: ResolvedProject,
  stores: OnlineStores,
  mode: ClockMode,
  { existing, log = true }: RunOptions,
): Promise<readonly VectorSink[]> {
  const { environment, baseDirectory, plan } = project;
  const sinks: VectorSink[] = [];
  try {
    if (stores.isBound) {
      const store = await stores.startWriting(existing);
      await noteClockMode(store, mode);
      sinks.push(storeSink(store));
    }
    if (log && environment.offline !== undefined) {
      const views = storedViews(plan);
      sinks.push(featureLogSink(await environment.offline.open({ baseDirectory, views })));
    }
    return sinks;
  } catch (error) {
    await stores.endWriting();
    throw error;
  }
}

function recordSinks(project: ResolvedProject, clock: Clock) {
  const folder = project.environment.deadLetters ?? defaultDeadLetters;
  const directory = isAbsolute(folder) ? folder : join(project.baseDirectory, folder);
  const pipelineVersion = planFingerprint(project.plan).slice(0, 12);
  return {
    deadLetters: fileDeadLetterSink(directory, { pipeline: project.project, pipelineVersion }),
    lateRecords: fileLateRecordSink(directory, { clock }),
  };
}
