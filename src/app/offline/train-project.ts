// A training set from a file of labels: reads the labels, opens the environment's streams as history
// and writes the result. Paced sources are read without waiting.
import { resolve } from 'node:path';
import { checkEnding } from '../../formats/table/table-files.ts';
import { systemClock } from '../../kernel/clock.ts';
import { inputsRead } from '../../plan/on-demand-inputs.ts';
import type { OnDemandViewNode, Plan, ViewNode } from '../../plan/plan.ts';
import { knownLabelTypes } from '../../offline/label-columns.ts';
import { joinOnDemand, requestTypes } from '../../offline/on-demand-columns.ts';
import { type TrainingSet, makeTrainingSet } from '../../offline/training-set.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { flinkLogs, refuseFlinkArrivals } from '../flink/flink-logs.ts';
import { openHistory } from '../open-history.ts';
import { makeLoggedSet } from '../../offline/logged/logged-set.ts';
import { arrivalFieldOf } from './arrival-field.ts';
import { logSource } from './log-parts.ts';
import { openLabels } from './open-labels.ts';
import { writeTable } from './write-table.ts';

/** Where the values of a training set come from. */
export type TrainMode = 'recompute' | 'logged';

/** Options of `app.train`. */
export interface TrainOptions {
  /** Views, by definition or by name; their features become columns in this order. */
  readonly views: readonly (string | { readonly name: string })[];
  /**
   * Labels: a `.parquet`, `.csv` or `.jsonl` file with the join keys and a time column, or
   * `stream:<name>` for the records of a stream of the project.
   */
  readonly entities: string;
  /** The file to write: `.parquet`, `.csv` or `.jsonl`. */
  readonly out: string;
  /**
   * Where values come from. `recompute` (default): from the raw history, exact at the label's time.
   * `logged`: from the feature log, the newest row at the label's time.
   */
  readonly mode?: TrainMode;
  /**
   * Count only what had arrived by the label's time. Recomputing needs `arrivalFields`; the feature
   * log knows. Default false: everything that had happened counts, whenever it arrived.
   */
  readonly asKnownAt?: boolean;
  /** By stream the field that says when a record arrived (timestamp). */
  readonly arrivalFields?: Readonly<Record<string, string>>;
  /** Default `event_timestamp`; of a stream its event time. */
  readonly timeColumn?: string;
  /** Name every feature column `<view>__<feature>`. Default: only where names are equal. */
  readonly fullFeatureNames?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

/** What `app.train` wrote. */
export interface TrainResult {
  readonly rows: number;
  readonly columns: number;
  /** Absolute path of the file. */
  readonly out: string;
  readonly views: readonly string[];
  readonly mode: TrainMode;
  /** Records of history, or rows of the feature log. */
  readonly records_read: number;
  /** Records of history that could not be read: they are in no feature. */
  readonly records_failed: number;
  readonly elapsed_ms: number;
}

/** Views whose features become columns. */
export interface TrainedViews {
  readonly views: readonly ViewNode[];
  readonly onDemand: readonly OnDemandViewNode[];
}

/** Also the views that are joined only for what is computed of them. */
function withSources(
  plan: Plan,
  { views, onDemand }: TrainedViews,
): TrainedViews & { readonly hidden: readonly string[] } {
  const read = new Set(onDemand.flatMap((node) => inputsRead(node).stored.map(({ view }) => view)));
  const sources = plan.views.filter((view) => read.has(view.name) && !views.includes(view));
  const hidden = sources.map(({ name }) => name);
  return { views: [...views, ...sources], onDemand, hidden };
}

export async function trainProject(
  project: ResolvedProject,
  asked: TrainedViews,
  options: TrainOptions,
): Promise<TrainResult> {
  const startMs = systemClock.monotonicMs();
  const out = resolve(options.out);
  checkEnding(out);
  const mode = options.mode ?? 'recompute';
  const onProgress = (text: string): void => {
    options.signal?.throwIfAborted();
    options.onProgress?.(text);
  };
  const result = await joinLabels(project, asked, { ...options, mode, onProgress });
  await writeTable(out, result, (rows) =>
    onProgress(`writing ${rows.toLocaleString('en-US')} rows`),
  );
  return {
    rows: result.rowCount,
    columns: result.fields.length,
    out,
    views: [...asked.views, ...asked.onDemand].map(({ name }) => name),
    mode,
    records_read: result.recordsRead,
    records_failed: result.recordsFailed,
    elapsed_ms: Math.round(systemClock.monotonicMs() - startMs),
  };
}

type JoinWishes = TrainOptions & Required<Pick<TrainOptions, 'mode' | 'onProgress'>>;

async function joinLabels(
  project: ResolvedProject,
  asked: TrainedViews,
  options: JoinWishes,
): Promise<TrainingSet> {
  const { plan } = project;
  const { views, onDemand, hidden } = withSources(plan, asked);
  const signal = options.signal ?? new AbortController().signal;
  const { labels, labelsPath, timeColumn } = await openLabels(project, options, {
    known: (time) => new Map([...requestTypes(onDemand), ...knownLabelTypes(views, time)]),
    signal,
  });
  const join = {
    plan,
    views,
    onDemand: joinOnDemand(plan, onDemand, labels, labelsPath),
    hidden,
    labels,
    labelsPath,
    timeColumn,
    fullFeatureNames: options.fullFeatureNames ?? false,
    onProgress: options.onProgress,
  };
  const isByArrival = options.asKnownAt ?? false;
  if (options.mode === 'logged') {
    if (isByArrival) refuseFlinkArrivals(flinkLogs(project), views);
    return makeLoggedSet({ ...join, log: logSource(project), isByArrival });
  }
  return makeTrainingSet({
    ...join,
    arrivalFieldOf: (stream) =>
      isByArrival ? arrivalFieldOf(stream, options.arrivalFields ?? {}) : null,
    latestMs: ({ eventTime: { maxAheadMs } }) =>
      maxAheadMs === null ? Number.POSITIVE_INFINITY : systemClock.nowMs() + maxAheadMs,
    openStream: (stream) => openHistory(project, stream, signal),
  });
}
