// One run: opens what the environment binds, starts the job, and closes everything however it ends.
// With checkpoints it goes on where the last run was; else it reads its input from the beginning.
import { fileDeadLetterSink } from '../adapters/file/dead-letter-file.ts';
import { fileLateRecordSink } from '../adapters/file/late-record-file.ts';
import type { Job, JobProgress, JobSpec, JobSummary } from '../engine/job/job-spec.ts';
import { startJob } from '../engine/job/job.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import type { MetricsRegistry } from '../kernel/metrics/metrics-registry.ts';
import { planFingerprint } from '../plan/fingerprint.ts';
import type { ExistingRows } from '../ports/online-store.ts';
import type { Source } from '../ports/source.ts';
import type { StoredView } from '../ports/stored-view.ts';
import type { VectorSink } from '../ports/vector-sink.ts';
import { type ClockMode, clockModeOf, noteClockMode } from './clock-mode.ts';
import { formats } from './formats.ts';
import { type KafkaOutputs, openKafkaOutputs } from './outputs/kafka-outputs.ts';
import type { OnlineStores } from './online-stores.ts';
import type { ResolvedProject } from './config/resolve-project.ts';
import { workerModules } from './config/worker-modules.ts';
import { deadLetterFolder, streamSource } from './dead-letters/stream-records.ts';
import { jobName } from './recovery/checkpoint-place.ts';
import { type JobState, openJobState } from './recovery/job-state.ts';
import { serveSavepointRequests } from './recovery/savepoint-requests.ts';
import { type RunProgress, progressOf } from './run-report.ts';
import { RunWatch } from './status/run-watch.ts';
import { StatusReporter } from './status/status-reporter.ts';
import { storedViews } from './stored-views.ts';
import { checkpointedStoreSink, featureLogSink, storeSink } from './vector-sinks.ts';

/** Options of `app.run`. */
export interface RunOptions {
  /** Refuse input that never ends. */
  readonly untilEnd?: boolean;
  /**
   * What becomes of rows that the online store has already. Default `keep`: newer ones replace them,
   * and those of a changed definition are refused (MR_STORE_SCHEMA). `dropChanged` drops the latter,
   * `dropAll` begins anew: it drops all of this project's views first, the job's checkpoints, and what
   * it logged while it took checkpoints.
   */
  readonly existing?: ExistingRows;
  /** False: the feature log gets nothing. Default true. */
  readonly log?: boolean;
  /**
   * When the checkpoint that exactly-once output ends with cannot be restored, go on from an older one:
   * results since then are written once more. Default false: then the run does not start.
   */
  readonly acceptDuplicates?: boolean;
  /** Threads that compute views; default: what the environment says. */
  readonly parallelism?: number;
  /** The savepoint to begin with: its name, `job/name`, or its whole path. */
  readonly fromSavepoint?: string;
  /**
   * While another process runs the job, wait with its newest checkpoint at hand, and take over when it
   * is gone: at once if it died on this machine, when its lease runs out (30 s) otherwise. Default false.
   */
  readonly standby?: boolean;
  /** False: no checkpoints are taken or restored, whatever the environment says. Default true. */
  readonly checkpoints?: boolean;
  /** Metrics of this process are served at this port of the loopback while it runs; 0 takes a free one. */
  readonly metricsPort?: number;
  /** Told what people should know while it runs: what was restored, why it restarts. */
  readonly onNotice?: (message: string) => void;
  /** Stops the run cleanly: what was read is written, then `run` resolves. */
  readonly signal?: AbortSignal;
  /** Called a few times a second, and at the end. */
  readonly onProgress?: (progress: RunProgress) => void;
}

const progressIntervalMs = 250;
const liveFlushIntervalMs = 10_000;

/** What a run is part of. */
export interface RunParts {
  readonly metrics?: MetricsRegistry;
  /** Stands before the online store. Default: nothing does. */
  readonly through?: (sink: VectorSink) => VectorSink;
  /** The views that go to the feature log. Default: all. */
  readonly logged?: readonly StoredView[];
}

export async function runProject(
  project: ResolvedProject,
  stores: OnlineStores,
  options: RunOptions,
  { metrics, through = (sink) => sink, logged = storedViews(project.plan) }: RunParts = {},
): Promise<JobSummary> {
  const clock = systemClock;
  if (options.untilEnd === true) refuseEndless(project, sourcesInUse(project));
  const report = options.onNotice ?? ignore;
  const takesCheckpoints = options.checkpoints !== false;
  const watch = new RunWatch(project, {
    clock,
    report,
    ...(metrics === undefined ? {} : { metrics }),
  });
  const status = new StatusReporter(project, { takesCheckpoints, clock, report, watch });
  const opened = await openRun(project, { options, clock, report }).catch(
    async (error: unknown) => {
      await status.refused(error);
      throw error;
    },
  );
  if (opened.state === null) return nothingDone(project);
  const { kafka, state } = opened;
  const parts = { options, state, clock, kafka, status, watch, through, logged };
  return runOwned(project, stores, parts);
}

interface OpenParts {
  readonly options: RunOptions;
  readonly clock: Clock;
  readonly report: (message: string) => void;
}

/** The outputs, and the state once it is this process's; null when it stood by until it was stopped. */
async function openRun(
  project: ResolvedProject,
  { options, clock, report }: OpenParts,
): Promise<{ readonly kafka: KafkaOutputs; readonly state: JobState | null }> {
  const takesCheckpoints = options.checkpoints !== false;
  const acceptsDuplicates = options.acceptDuplicates === true;
  const outputs = { hasCheckpoints: takesCheckpoints, acceptsDuplicates, clock, report };
  const kafka = await openKafkaOutputs(project, outputs);
  try {
    const state = await openJobState(project, {
      isFresh: options.existing === 'dropAll',
      authority: kafka.authority,
      acceptsDuplicates,
      fromSavepoint: options.fromSavepoint ?? null,
      takesCheckpoints,
      parallelism: options.parallelism ?? project.settings.parallelism,
      standBy: options.standby === true ? (options.signal ?? neverAborted()) : null,
      clock,
      report,
    });
    if (state === null) await kafka.close();
    return { kafka, state };
  } catch (error) {
    await kafka.close();
    throw error;
  }
}

interface OwnedParts extends Omit<SpecParts, 'heardMs'> {
  readonly status: StatusReporter;
}

/** The job is this process's: its end is told before it can be another's. */
async function runOwned(
  project: ResolvedProject,
  stores: OnlineStores,
  { status, ...given }: OwnedParts,
): Promise<JobSummary> {
  const { options, state, clock } = given;
  let isWell = false;
  try {
    const heardMs = await status.lastWrittenMs();
    const spec = await jobSpec(project, stores, { ...given, heardMs });
    const job = startJob(spec);
    status.follow(job);
    const summary = await attended(job, { project, stores, options, state, clock });
    isWell = true;
    await status.end(null);
    return summary;
  } catch (error) {
    await status.end(error);
    throw error;
  } finally {
    await stores.endWriting();
    await state.close(isWell);
  }
}

interface JobParts {
  readonly options: RunOptions;
  readonly state: JobState;
  readonly clock: Clock;
}

interface SpecParts extends JobParts {
  readonly kafka: KafkaOutputs;
  readonly through: (sink: VectorSink) => VectorSink;
  readonly logged: readonly StoredView[];
  readonly watch: RunWatch;
  /** When an earlier run of the job was last heard of. */
  readonly heardMs: number | null;
}

async function jobSpec(
  project: ResolvedProject,
  stores: OnlineStores,
  parts: SpecParts,
): Promise<JobSpec> {
  const { options, state, clock, kafka, watch } = parts;
  const { onProgress } = options;
  const mode = clockModeOf(project);
  const sources = sourcesInUse(project);
  const hasEpochs = state.store !== null;
  return {
    plan: project.plan,
    sources,
    formats,
    sinks: await openSinks(project, stores, { ...parts, mode }),
    ...recordSinks(project, { clock, hasEpochs, kafka }),
    clock,
    baseDirectory: project.baseDirectory,
    nowMode: mode,
    group: jobName(project),
    onNotice: options.onNotice ?? ignore,
    failureLimits: {
      ...project.settings.failureLimits,
      onBreak: options.untilEnd === true || isEnding(sources) ? 'stop' : 'pause',
    },
    flushIntervalMs: isEnding(sources) ? Number.POSITIVE_INFINITY : liveFlushIntervalMs,
    progressIntervalMs,
    metrics: watch.metrics,
    moduleLoader: workerModules,
    ...state.spec,
    ...(onProgress === undefined
      ? {}
      : { onProgress: (progress: JobProgress) => onProgress(progressOf(progress)) }),
  };
}

interface AttendedParts extends JobParts {
  readonly project: ResolvedProject;
  readonly stores: OnlineStores;
}

/** A job that is to stop waits so long for a store that is away. */
const stopPatienceMs = 10_000;

/** Until the job is over: stops it when asked to, and answers requests for savepoints. */
async function attended(
  job: Job,
  { project, stores, options, state, clock }: AttendedParts,
): Promise<JobSummary> {
  const over = new AbortController();
  const stop = (): void => {
    void job.stop();
    void clock.sleep(stopPatienceMs, over.signal).then(() => {
      if (!over.signal.aborted) stores.giveUp();
    });
  };
  if (options.signal?.aborted === true) stop();
  options.signal?.addEventListener('abort', stop, { once: true });
  const { store, storage } = state;
  const requests =
    store === null || storage === null
      ? null
      : serveSavepointRequests(
          { job, store, storage, jobName: jobName(project), clock },
          over.signal,
        );
  try {
    return await job.done;
  } finally {
    options.signal?.removeEventListener('abort', stop);
    over.abort();
    await requests;
  }
}

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}

/** Of a run that stood by until it was stopped. */
function nothingDone({ plan }: ResolvedProject): JobSummary {
  const views = plan.views.map(({ name }) => [name, { entities: 0, updates: 0 }] as const);
  return {
    records_in: 0,
    late_records: 0,
    dead_letters: 0,
    rows_out: 0,
    elapsed_ms: 0,
    events_per_second: 0,
    checkpoints: 0,
    failed_checkpoints: 0,
    restarts: 0,
    restored_checkpoint: null,
    views: Object.fromEntries(views),
  };
}

function ignore(): void {
  // Nobody listens.
}

function sourcesInUse(project: ResolvedProject): ReadonlyMap<string, Source> {
  const sources = new Map<string, Source>();
  for (const name of project.streamsInUse) {
    const source = streamSource(project, name);
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

interface SinkParts extends SpecParts {
  readonly mode: ClockMode;
}

async function openSinks(
  project: ResolvedProject,
  stores: OnlineStores,
  { mode, options, state, kafka, watch, heardMs, through, logged }: SinkParts,
): Promise<readonly VectorSink[]> {
  const { environment, baseDirectory } = project;
  const { isUpgraded } = state;
  const { existing = isUpgraded ? 'dropChanged' : 'keep', log = true } = options;
  const hasEpochs = state.store !== null;
  const sinks: VectorSink[] = [...kafka.sinks];
  try {
    if (stores.isBound) {
      const store = await stores.startWriting(existing, options.onNotice ?? ignore);
      await noteClockMode(store, mode);
      watch.compareTime(store, heardMs);
      const sink = hasEpochs ? checkpointedStoreSink(store, isUpgraded) : storeSink(store);
      sinks.push(through(watch.measured(sink)));
    } else watch.compareTime(null, heardMs);
    if (log && environment.offline !== undefined) {
      const epochs = { job: jobName(project), dropsAll: existing === 'dropAll' };
      const context = {
        baseDirectory,
        ...(project.variant === null ? {} : { variant: project.variant }),
        views: logged,
        ...(hasEpochs ? { epochs } : {}),
      };
      sinks.push(featureLogSink(await environment.offline.open(context), logged));
    }
    return sinks;
  } catch (error) {
    await stores.endWriting();
    await kafka.close();
    throw error;
  }
}

interface RecordSinkParts {
  readonly clock: Clock;
  readonly hasEpochs: boolean;
  readonly kafka: KafkaOutputs;
}

function recordSinks(project: ResolvedProject, { clock, hasEpochs, kafka }: RecordSinkParts) {
  const { plan, streamsInUse } = project;
  const directory = deadLetterFolder(project);
  const pipelineVersion = planFingerprint(plan).slice(0, 12);
  const pipeline = { pipeline: project.project, pipelineVersion };
  const views = plan.views.map(({ name }) => name);
  const deadLetters = fileDeadLetterSink(directory, {
    ...pipeline,
    ...(hasEpochs ? { streams: streamsInUse } : {}),
  });
  const lateRecords = fileLateRecordSink(directory, { clock, ...(hasEpochs ? { views } : {}) });
  return {
    deadLetters: kafka.deadLetters(deadLetters, pipeline),
    lateRecords: kafka.lateRecords(lateRecords),
  };
}
