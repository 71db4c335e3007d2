// The composition root: an environment of a configuration becomes an App, and everything that the
// command line does is a call of it. Opening is lazy: making an App reads definitions and nothing else.
import type { ServingLog } from '../adapters/file/serving-log/serving-log.ts';
import type { Config } from '../define/config.ts';
import type { OnlineReader } from '../define/online-reader.ts';
import type { JobSummary } from '../engine/job/job-spec.ts';
import { systemClock } from '../kernel/clock.ts';
import { MillraceError, type Problem, ProblemsError } from '../kernel/errors/millrace-error.ts';
import { MetricsRegistry } from '../kernel/metrics/metrics-registry.ts';
import type { RowOf, Stream } from '../define/stream.ts';
import { createPushRoute } from '../serve/push/push-route.ts';
import { createWriteRoute } from '../serve/push/write-route.ts';
import type { Plan, ViewNode } from '../plan/plan.ts';
import {
  type FeatureRead,
  type FeatureReader,
  type KeyValues,
  createFeatureReader,
  type RequestValues,
} from '../serve/read/feature-reader.ts';
import { type FeatureServer, startFeatureServer } from '../serve/http/feature-server.ts';
import { isUnavailable } from './config/check-environment.ts';
import { isFlinkBinding } from './flink/flink-binding.ts';
import { readingClockMode } from './clock-mode.ts';
import type { PlanComparison } from '../plan/upgrade/compare-plans.ts';
import { type DeadLetters, deadLettersOf } from './dead-letters/dead-letters.ts';
import { type ExportResult, exportView } from './export-view.ts';
import { type LateRecords, lateRecordsOf } from './late-records/late-records.ts';
import { materializeRoutes } from './feast/materialize-routes.ts';
import { type FeastTools, feastToolsOf } from './feast/feast-tools.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { checkKeyNames, namedOnDemand, namedView } from './named-view.ts';
import { refusedWhenNeeded } from './config/check-environment.ts';
import { OnlineStores } from './online-stores.ts';
import { type ResolvedProject, resolveProject } from './config/resolve-project.ts';
import { diffProject } from './recovery/plan-diff.ts';
import { type Savepoints, savepointsOf } from './recovery/savepoints.ts';
import { type Lags, lagsOf } from './lag/lags.ts';
import { type Offsets, offsetsOf } from './offsets/offsets.ts';
import { registryRoute } from './registry/registry-route.ts';
import { type RegistryTools, registryToolsOf } from './registry/registry-tools.ts';
import { type Replays, replaysOf } from './replay/replays.ts';
import { writeBeside } from './push/write-beside.ts';
import { type PushedRow, StreamPushers } from './push/stream-pushers.ts';
import { runEnvironment } from './flink/load/run-environment.ts';
import type { RunOptions } from './run-project.ts';
import { type JobStatus, readStatus } from './status/job-status.ts';
import { type Topics, topicsOf } from './topics/project-topics.ts';
import {
  type ReplicateOptions,
  type ReplicationProgress,
  replicateRegion,
} from './regions/replicate-region.ts';
import { measureSkew, type SkewOptions } from './skew/measure-skew.ts';
import { openServingLog } from './skew/open-serving-log.ts';
import type { SkewReport } from './skew/skew-report.ts';
import { type ServeOptions, serverOptions } from './serving/serve-options.ts';
import {
  type BackfillOptions,
  type BackfillResult,
  backfillProject,
} from './offline/backfill/backfill-project.ts';
import { type FeatureLogs, featureLogsOf } from './offline/feature-logs.ts';
import { type TrainOptions, type TrainResult, trainProject } from './offline/train-project.ts';

/** What a run did; `run --json` prints it. */
export type RunSummary = JobSummary;

/** Options of `millrace(config, options)`. */
export interface MillraceOptions {
  /** Name of the environment. Default `local`. */
  readonly env?: string;
  /** A second job of the environment by this name: with checkpoints, store rows and a log of its own. */
  readonly as?: string;
  /** Where relative paths of the configuration start. Default: the folder of the file that called `defineConfig`. */
  readonly baseDirectory?: string;
}

/** An environment of a project, ready to run, read, serve and make training sets. */
export interface App {
  readonly plan: Plan;
  readonly project: string;
  readonly env: string;
  /** Typed reads of the online store: `app.store.get(userSpend, { user_id: 'u1' })`. */
  readonly store: OnlineReader;
  /** Warnings of definitions and environment (errors were thrown), and what cannot be used in this version. */
  check(): readonly Problem[];
  /** Runs until the input ends or the signal aborts. One run at a time. */
  run(options?: RunOptions): Promise<RunSummary>;
  /** Starts the HTTP feature server, beside a run or without one. */
  serve(options?: ServeOptions): Promise<FeatureServer>;
  /**
   * Gives rows to a stream that is bound to `push()` or to a Kafka topic; resolves when they cannot be
   * lost, before they are in any feature. All of them are taken, or none.
   * Errors: MR_PUSH_ROWS, MR_PUSH_SOURCE, MR_PUSH_FULL, MR_PUSH_LOG.
   */
  push<S extends Stream>(stream: S, rows: readonly RowOf<S>[]): Promise<void>;
  /** The view's node of the plan; throws MR_UNKNOWN_VIEW. */
  view(name: string): ViewNode;
  /**
   * One read by the view's name; key values as the entity's types say. An on-demand view is computed
   * of `request` and of the stored features that it reads.
   */
  read(view: string, key: KeyValues, request?: RequestValues): Promise<FeatureRead>;
  /** Writes the newest row of every entity to a `.jsonl`, `.csv` or `.parquet` file. */
  export(view: string, out: string): Promise<ExportResult>;
  /** Makes a point-in-time correct training set from a file of labels. */
  train(options: TrainOptions): Promise<TrainResult>;
  /** Upkeep of the feature log. */
  readonly log: FeatureLogs;
  /** Computes views over history into the feature log and the online store, while a job may run. */
  backfill(options: BackfillOptions): Promise<BackfillResult>;
  /** Carries changes of the centre to the copy of a region (`millrace/regions`). */
  replicate(options?: ReplicateOptions): Promise<ReplicationProgress>;
  /** Compares a sample of what was served (`servingLog`) with the same values computed from history. */
  skew(options?: SkewOptions): Promise<SkewReport>;
  /** Named states of this environment's job, to begin with again. */
  readonly savepoints: Savepoints;
  /** Records that failed: seen, fixed, replayed. */
  readonly deadLetters: DeadLetters;
  /** Records that came too late for a window: seen, and applied to what readers are given. */
  readonly late: LateRecords;
  /** Second jobs that replay history beside the first: run, compare, promote, merge. */
  readonly replay: Replays;
  /** What Kafka topics have to be like for the definitions, and making them so. */
  readonly topics: Topics;
  /** For people who come from Feast. */
  readonly feast: FeastTools;
  /** What there is, for people and other programs: written as files, served as `/registry.json`. */
  readonly registry: RegistryTools;
  /** How far consumer groups are behind. */
  readonly lag: Lags;
  /** How the job is, whichever process runs it, and what to do about it. Looking changes nothing. */
  status(): Promise<JobStatus>;
  /** Where consumer groups go on. */
  readonly offsets: Offsets;
  /** What becomes of the state of a savepoint under the definitions of today. */
  diff(savepoint: string): Promise<PlanComparison>;
  /** Closes servers and stores. */
  close(): Promise<void>;
}

/**
 * Opens an environment of a project.
 *
 * Shape: a configuration in, an App out; nothing is read or written but definition files.
 * Errors: ProblemsError with every problem of definitions and environment at once;
 * MR_CONFIG_UNKNOWN_ENV. Bindings that this version cannot use yet are reported by `check`, and
 * refused (MR_NOT_AVAILABLE) when something needs them.
 */
export async function millrace(
  config: Config | LoadedConfig,
  options: MillraceOptions = {},
): Promise<App> {
  const { env = 'local', baseDirectory, as } = options;
  const project = await resolveProject(config, {
    env,
    ...(as === undefined ? {} : { as }),
    ...(baseDirectory === undefined ? {} : { baseDirectory }),
  });
  const errors = project.problems.filter(
    ({ severity, code }) => severity === 'error' && !refusedWhenNeeded.includes(code),
  );
  if (errors.length > 0) throw new ProblemsError(project.problems, errors[0]?.code);
  return new ProjectApp(project);
}

class ProjectApp implements App {
  readonly #project: ResolvedProject;
  readonly #stores: OnlineStores;
  readonly #pushers: StreamPushers;
  readonly #servers = new Set<FeatureServer>();
  /** Of a run and of servers of this process. */
  readonly #metrics = new MetricsRegistry();
  #isRunning = false;
  /** Made at the first read after a run, which may change what *now* is. */
  #reader: FeatureReader | null = null;

  constructor(project: ResolvedProject) {
    this.#project = project;
    this.#stores = new OnlineStores(project);
    this.#pushers = new StreamPushers(project);
  }

  get plan(): Plan {
    return this.#project.plan;
  }

  get project(): string {
    return this.#project.project;
  }

  get env(): string {
    return this.#project.env;
  }

  get store(): OnlineReader {
    const read = (
      view: { readonly name: string },
      key: KeyValues,
      request?: RequestValues,
    ): Promise<FeatureRead> => this.read(view.name, key, request);
    // Types of values are those of the definition that the plan was built from.
    return { get: read } as unknown as OnlineReader;
  }

  get deadLetters(): DeadLetters {
    return deadLettersOf(this.#project);
  }

  get late(): LateRecords {
    return lateRecordsOf(this.#project);
  }

  backfill(options: BackfillOptions): Promise<BackfillResult> {
    const views = options.views.map((view) =>
      this.view(typeof view === 'string' ? view : view.name),
    );
    return backfillProject(this.#project, views, options);
  }

  get log(): FeatureLogs {
    return featureLogsOf(this.#project);
  }

  get savepoints(): Savepoints {
    return savepointsOf(this.#project);
  }

  get replay(): Replays {
    return replaysOf(this.#project, this.#stores);
  }

  get topics(): Topics {
    return topicsOf(this.#project);
  }

  get registry(): RegistryTools {
    return registryToolsOf(this.#project);
  }

  get feast(): FeastTools {
    return feastToolsOf(this.#project);
  }

  get lag(): Lags {
    return lagsOf(this.#project);
  }

  get offsets(): Offsets {
    return offsetsOf(this.#project);
  }

  status(): Promise<JobStatus> {
    return readStatus(this.#project);
  }

  diff(savepoint: string): Promise<PlanComparison> {
    return diffProject(this.#project, savepoint);
  }

  check(): readonly Problem[] {
    return this.#project.problems;
  }

  async run(options: RunOptions = {}): Promise<RunSummary> {
    if (this.#isRunning) {
      throw new MillraceError('MR_CONFIG_INVALID', 'this app is already running', {
        fix: 'wait for the first run, or stop it by its signal',
      });
    }
    refuseUnavailable(this.#project);
    this.#isRunning = true;
    this.#reader = null;
    try {
      return await runEnvironment(this.#project, this.#stores, options, this.#metrics);
    } finally {
      this.#isRunning = false;
    }
  }

  async serve(options: ServeOptions = {}): Promise<FeatureServer> {
    const { plan, project } = this.#project;
    const { logServed: rate, onNotice: report = ignore, ...serving } = options;
    const clockMode = await this.#stores.use((store) => readingClockMode(this.#project, store));
    const log = await openServingLog(this.#project, {
      ...(rate === undefined ? {} : { rate }),
      report,
    });
    const server = await startFeatureServer({
      ...(await serverOptions(serving)),
      plan,
      project,
      store: this.#stores.current,
      clockMode,
      metrics: this.#metrics,
      routes: [
        registryRoute(this.registry),
        createPushRoute({
          plan,
          append: (stream, records) => this.#pushers.append(stream, records),
        }),
        createWriteRoute({
          plan,
          write: (batch) => writeBeside(this.#project, this.#stores, batch),
        }),
        ...materializeRoutes({ project, plan }),
      ],
      ...(log === null ? {} : { onServed: (served) => log.record(served) }),
    });
    const logged = log === null ? server : closedWith(server, log);
    this.#servers.add(logged);
    return logged;
  }

  push(stream: { readonly name: string }, rows: readonly PushedRow[]): Promise<void> {
    return this.#pushers.push(stream.name, rows);
  }

  view(name: string): ViewNode {
    return namedView(this.plan, name);
  }

  async read(view: string, key: KeyValues, request?: RequestValues): Promise<FeatureRead> {
    checkKeyNames(this.plan, view, key);
    // Not inside `use`: a run that wants the store waits for its users, and reads then wait for the run.
    const clockMode = await this.#stores.use((store) => readingClockMode(this.#project, store));
    const { plan } = this;
    const store = this.#stores.current;
    this.#reader ??= createFeatureReader({ plan, store, clockMode, clock: systemClock });
    const reader = this.#reader;
    const isStored = namedOnDemand(plan, view) === undefined;
    return isStored ? reader.get(view, key) : reader.compute(view, key, request ?? {});
  }

  async export(view: string, out: string): Promise<ExportResult> {
    const node = this.view(view);
    return this.#stores.use((store) => exportView(store, node, out));
  }

  train(options: TrainOptions): Promise<TrainResult> {
    const names = options.views.map((view) => (typeof view === 'string' ? view : view.name));
    const onDemand = (this.plan.onDemand ?? []).filter(({ name }) => names.includes(name));
    const stored = names.filter((name) => !onDemand.some((view) => view.name === name));
    const views = stored.map((name) => this.view(name));
    return trainProject(this.#project, { views, onDemand }, options);
  }

  replicate(options: ReplicateOptions = {}): Promise<ReplicationProgress> {
    return replicateRegion(this.#project, options, this.#metrics);
  }

  async skew(options: SkewOptions = {}): Promise<SkewReport> {
    const names = options.views?.map((view) => (typeof view === 'string' ? view : view.name));
    const views = names?.map((name) => this.view(name)) ?? this.plan.views;
    return measureSkew(this.#project, views, options);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers].map((server) => server.close()));
    this.#servers.clear();
    await this.#pushers.close();
    await this.#stores.close();
  }
}

/** The log is written to its end when the server has answered its last request. */
function closedWith(server: FeatureServer, log: ServingLog): FeatureServer {
  const close = async (): Promise<void> => {
    try {
      await server.close();
    } finally {
      await log.close();
    }
  };
  return { ...server, close };
}

function ignore(): void {
  // Nobody listens.
}

/** What the environment names and this version cannot do is refused before anything is written. */
function refuseUnavailable({ problems, environment, env }: ResolvedProject): void {
  const { engine } = environment;
  // What Flink computes is loaded.
  if (isUnavailable(engine) && !isFlinkBinding(engine)) {
    const { message, fix } = engine.unavailable;
    const context = { path: `environments.${env}.engine` };
    throw new MillraceError('MR_NOT_AVAILABLE', message, { fix, context });
  }
  const missing = problems.filter(
    ({ code, severity }) => code === 'MR_NOT_AVAILABLE' && severity === 'error',
  );
  if (missing.length > 0) throw new ProblemsError(missing, 'MR_NOT_AVAILABLE');
}
