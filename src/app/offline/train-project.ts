// A training set from a file of labels: reads the labels, opens the environment's streams as history
// and writes the result. Paced sources are read without waiting.
import { resolve } from 'node:path';
import { checkEnding } from '../../formats/table/table-files.ts';
import { systemClock } from '../../kernel/clock.ts';
import { inputsRead } from '../../plan/on-demand-inputs.ts';
import type { OnDemandViewNode, Plan, ViewNode } from '../../plan/plan.ts';
import { knownLabelTypes } from '../../offline/label-columns.ts';
import { joinOnDemand, requestTypes } from '../../offline/on-demand-columns.ts';
import { makeTrainingSet } from '../../offline/training-set.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { openHistory } from '../open-history.ts';
import { readLabels } from './read-labels.ts';
import { writeTable } from './write-table.ts';

/** Options of `app.train`. */
export interface TrainOptions {
  /** Views, by definition or by name; their features become columns in this order. */
  readonly views: readonly (string | { readonly name: string })[];
  /** Labels: a `.parquet`, `.csv` or `.jsonl` file with the join keys and a time column. */
  readonly entities: string;
  /** The file to write: `.parquet`, `.csv` or `.jsonl`. */
  readonly out: string;
  /** Default `event_timestamp`. */
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
  const { views, onDemand, hidden } = withSources(project.plan, asked);
  const startMs = systemClock.monotonicMs();
  const timeColumn = options.timeColumn ?? 'event_timestamp';
  const labelsPath = resolve(options.entities);
  const out = resolve(options.out);
  checkEnding(out);
  const known = new Map([...requestTypes(onDemand), ...knownLabelTypes(views, timeColumn)]);
  const labels = await readLabels(labelsPath, known);
  const signal = options.signal ?? new AbortController().signal;
  const result = await makeTrainingSet({
    plan: project.plan,
    views,
    onDemand: joinOnDemand(project.plan, onDemand, labels, labelsPath),
    hidden,
    labels,
    labelsPath,
    timeColumn,
    fullFeatureNames: options.fullFeatureNames ?? false,
    arrivalFieldOf: () => null,
    latestMs: ({ eventTime: { maxAheadMs } }) =>
      maxAheadMs === null ? Number.POSITIVE_INFINITY : systemClock.nowMs() + maxAheadMs,
    openStream: (stream) => openHistory(project, stream, signal),
    onProgress: (text) => {
      signal.throwIfAborted();
      options.onProgress?.(text);
    },
  });
  await writeTable(out, result, (rows) =>
    options.onProgress?.(`writing ${rows.toLocaleString('en-US')} rows`),
  );
  return {
    rows: result.rowCount,
    columns: result.fields.length,
    out,
    views: [...asked.views, ...onDemand].map(({ name }) => name),
    records_read: result.recordsRead,
    records_failed: result.recordsFailed,
    elapsed_ms: Math.round(systemClock.monotonicMs() - startMs),
  };
}
