// Point-in-time correct training sets by recomputation: the sorted history goes through the windows
// that serve, and each label reads its vector at its own time, records of that instant included.
// Nothing after a label can reach its row. Labels and results are held in memory as typed columns.
import type { ColumnTable } from '../columns/column-table.ts';
import { RecomputeOperator } from '../engine/operators/recompute-operator.ts';
import { type Plan, type StreamNode, type ViewNode, streamOf } from '../plan/plan.ts';
import type { SourceSplit } from '../ports/source.ts';
import { History, OutOfOrder } from './history.ts';
import { type LabelKeys, labelKeys } from './label-keys.ts';
import { type LabelTimes, labelTimes } from './label-times.ts';
import { type JoinedTableOptions, joinedTable } from './joined-table.ts';
import { streamFieldsOf } from './stream-fields.ts';
import { ViewColumns } from './view-columns.ts';

/** What every way of making a training set is told. */
export interface JoinOptions extends JoinedTableOptions {
  readonly plan: Plan;
  readonly views: readonly ViewNode[];
  /** Where the labels come from, for messages. */
  readonly labelsPath: string;
  readonly timeColumn: string;
  onProgress(text: string): void;
}

export interface TrainingSetOptions extends JoinOptions {
  /** Only records that had arrived by the label's time: the field that says when, or null for all. */
  arrivalFieldOf(stream: StreamNode): string | null;
  /** Records later than this are not taken, as in a run (too far ahead of the clock). */
  readonly latestMs: (stream: StreamNode) => number;
  openStream(stream: StreamNode): Promise<readonly SourceSplit[]>;
}

export interface TrainingSet extends ColumnTable {
  /** Records of history, or rows of the feature log. */
  readonly recordsRead: number;
  readonly recordsFailed: number;
}

/** Label columns, then the features of each view, then the age of each view's vector. */
export async function makeTrainingSet(options: TrainingSetOptions): Promise<TrainingSet> {
  const { plan, views, labels, labelsPath, timeColumn } = options;
  const times = labelTimes(labels, timeColumn, labelsPath);
  const keys = new Map(views.map((view) => [view, labelKeys(labels, view, labelsPath)]));
  const columns = new Map<ViewNode, ViewColumns>();
  let recordsRead = 0;
  let recordsFailed = 0;
  for (const [stream, readers] of viewsByStream(plan, views)) {
    const replayed = await replayInOrder(options, stream, { readers, keys, times });
    for (const filled of replayed.columns) columns.set(filled.view, filled);
    recordsRead += replayed.recordsRead;
    recordsFailed += replayed.recordsFailed;
  }
  const inOrder = views.flatMap((view) => columns.get(view) ?? []);
  return { ...joinedTable(options, inOrder), recordsRead, recordsFailed };
}

interface Replay {
  readonly readers: readonly ViewNode[];
  readonly keys: ReadonlyMap<ViewNode, LabelKeys>;
  readonly times: LabelTimes;
}

interface Replayed {
  readonly columns: readonly ViewColumns[];
  readonly recordsRead: number;
  readonly recordsFailed: number;
}

/** Replays a stream as sorted; failing that, as disordered as it is declared to be; else sorts it all. */
async function replayInOrder(
  options: TrainingSetOptions,
  stream: StreamNode,
  replay: Replay,
): Promise<Replayed> {
  for (const holdMs of [0, stream.eventTime.outOfOrdernessMs]) {
    try {
      return await replayStream(options, stream, replay, holdMs);
    } catch (error) {
      if (!(error instanceof OutOfOrder)) throw error;
    }
  }
  return replayStream(options, stream, replay, Number.POSITIVE_INFINITY);
}

async function replayStream(
  options: TrainingSetOptions,
  stream: StreamNode,
  replay: Replay,
  holdMs: number,
): Promise<Replayed> {
  const { readers, times } = replay;
  const { timesMs, order } = times;
  const arrivalField = options.arrivalFieldOf(stream);
  const columns = readers.map((view) => new ViewColumns(view, timesMs.length));
  const operators = columns.map((target) => {
    const { keys, keySlots } = replay.keys.get(target.view) as LabelKeys;
    return new RecomputeOperator({
      plan: options.plan,
      view: target.view,
      questions: { order, timesMs, keys, keySlots },
      isByArrival: arrivalField !== null,
      answer: ({ columns: vectors, eventTimeMs, rowCount }, rows) =>
        target.put({ columns: vectors, eventTimeMs, count: rowCount }, rows, timesMs),
    });
  });
  const splits = await options.openStream(stream);
  try {
    const fields = new Set(streamFieldsOf(stream, readers));
    if (arrivalField !== null) fields.add(arrivalField);
    const history = new History({
      stream,
      splits,
      fields,
      arrivalField,
      latestMs: Math.min(lastTime(times), options.latestMs(stream)),
      holdMs,
      onRead: (n) =>
        options.onProgress(`replaying ${stream.name}: ${n.toLocaleString('en-US')} events`),
    });
    for await (const batch of history.batches()) {
      for (const operator of operators) operator.process(batch);
    }
    for (const operator of operators) operator.finish();
    const { recordsRead, recordsFailed } = history;
    return { columns, recordsRead, recordsFailed };
  } finally {
    await Promise.all(splits.map((split) => split.close()));
  }
}

function lastTime({ order, timesMs }: LabelTimes): number {
  return timesMs[order.at(-1) ?? -1] ?? Number.NEGATIVE_INFINITY;
}

function viewsByStream(plan: Plan, views: readonly ViewNode[]): Map<StreamNode, ViewNode[]> {
  const groups = new Map<StreamNode, ViewNode[]>();
  for (const view of views) {
    const stream = streamOf(plan, view);
    groups.set(stream, [...(groups.get(stream) ?? []), view]);
  }
  return groups;
}
