// A training set from a file of labels: reads the labels, opens the environment's streams as history
// and writes the result. Paced sources are read without waiting.
import { resolve } from 'node:path';
import { checkEnding } from '../../formats/table/table-files.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { ViewNode } from '../../plan/plan.ts';
import { knownLabelTypes } from '../../offline/label-columns.ts';
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

export async function trainProject(
  project: ResolvedProject,
  views: readonly ViewNode[],
  options: TrainOptions,
): Promise<TrainResult> {
  const startMs = systemClock.monotonicMs();
  const timeColumn = options.timeColumn ?? 'event_timestamp';
  const labelsPath = resolve(options.entities);
  const out = resolve(options.out);
  checkEnding(out);
  const labels = await readLabels(labelsPath, knownLabelTypes(views, timeColumn));
  const signal = options.signal ?? new AbortController().signal;
  const result = await makeTrainingSet({
    plan: project.plan,
    views,
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
    views: views.map(({ name }) => name),
    records_read: result.recordsRead,
    records_failed: result.recordsFailed,
    elapsed_ms: Math.round(systemClock.monotonicMs() - startMs),
  };
}
