// Point-in-time correct training sets by recomputation: the sorted history goes through the same
// operator that serves, and each label reads its vector at its own time, records of that instant
// included. Nothing after a label can reach its row. Labels and results are held in memory.
import { sliceColumn } from '../columns/slice-batch.ts';
import type { Batch } from '../columns/batch.ts';
import { ViewOperator } from '../engine/operators/view-operator.ts';
import type { Field, Value } from '../kernel/types/field-type.ts';
import { type Plan, type StreamNode, type ViewNode, streamOf } from '../plan/plan.ts';
import type { SourceSplit } from '../ports/source.ts';
import type { Table } from '../ports/table.ts';
import { History, OutOfOrder } from './history.ts';
import { type LabelKeys, labelKeys, labelTimes } from './labels.ts';
import { streamFieldsOf } from './stream-fields.ts';
import { ViewColumns, nameColumns } from './view-columns.ts';

export interface TrainingSetOptions {
  readonly plan: Plan;
  readonly views: readonly ViewNode[];
  readonly labels: Table;
  /** Where the labels come from, for messages. */
  readonly labelsPath: string;
  readonly timeColumn: string;
  readonly fullFeatureNames: boolean;
  /** Records later than this are not taken, as in a run (too far ahead of the clock). */
  readonly latestMs: (stream: StreamNode) => number;
  openStream(stream: StreamNode): Promise<readonly SourceSplit[]>;
  onProgress(text: string): void;
}

export interface TrainingSet extends Table {
  readonly recordsRead: number;
  readonly recordsFailed: number;
}

/** Label columns, then the features of each view, then the age of each view's vector. */
export async function makeTrainingSet(options: TrainingSetOptions): Promise<TrainingSet> {
  const { plan, views, labels, labelsPath, timeColumn } = options;
  const times = labelTimes(labels, timeColumn, labelsPath);
  const keys = new Map(views.map((view) => [view, labelKeys(labels, view, labelsPath)]));
  const order = sortedRows(times);
  const columns = new Map<ViewNode, ViewColumns>();
  let recordsRead = 0;
  let recordsFailed = 0;
  for (const [stream, readers] of viewsByStream(plan, views)) {
    const replayed = await replayInOrder(options, stream, { readers, keys, order, times });
    for (const filled of replayed.columns) columns.set(filled.view, filled);
    recordsRead += replayed.recordsRead;
    recordsFailed += replayed.recordsFailed;
  }
  const inOrder = views.flatMap((view) => columns.get(view) ?? []);
  return { ...resultTable(options, inOrder), recordsRead, recordsFailed };
}

interface LabelOrder {
  /** Label rows by time; ties in the order of the file. */
  readonly order: Uint32Array;
  readonly times: Float64Array;
}

interface Replay extends LabelOrder {
  readonly readers: readonly ViewNode[];
  readonly keys: ReadonlyMap<ViewNode, LabelKeys>;
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
  const { readers, keys, order, times } = replay;
  const columns = readers.map((view) => new ViewColumns(view, times.length));
  const probes = columns.map(
    (target) =>
      new ViewProbe({
        plan: options.plan,
        target,
        keys: keys.get(target.view) as LabelKeys,
        times,
      }),
  );
  const splits = await options.openStream(stream);
  try {
    const history = new History({
      stream,
      splits,
      fields: streamFieldsOf(stream, readers),
      latestMs: Math.min(lastTime(replay), options.latestMs(stream)),
      holdMs,
      onRead: (n) =>
        options.onProgress(`replaying ${stream.name}: ${n.toLocaleString('en-US')} events`),
    });
    let next = 0;
    for await (const batch of history.batches()) {
      next = replayBatch(batch, probes, { order, times }, next);
    }
    for (const probe of probes) probe.ask(order.subarray(next));
    const { recordsRead, recordsFailed } = history;
    return { columns, recordsRead, recordsFailed };
  } finally {
    await Promise.all(splits.map((split) => split.close()));
  }
}

function lastTime({ order, times }: LabelOrder): number {
  return times[order.at(-1) ?? -1] ?? Number.NEGATIVE_INFINITY;
}

/** Feeds a batch, stopping for the labels that come before each of its rows; returns the next label. */
function replayBatch(
  batch: Batch,
  probes: readonly ViewProbe[],
  { order, times }: LabelOrder,
  firstLabel: number,
): number {
  const { eventTimeMs, rowCount } = batch;
  let label = firstLabel;
  let from = 0;
  while (from < rowCount) {
    const labelMs = times[order[label] ?? -1] ?? Number.POSITIVE_INFINITY;
    let to = from;
    while (to < rowCount && (eventTimeMs[to] as number) <= labelMs) to++;
    if (to > from) for (const probe of probes) probe.feed(batch, from, to);
    from = to;
    if (from === rowCount) break;
    const nextRowMs = eventTimeMs[from] as number;
    let end = label;
    while (end < order.length && (times[order[end] as number] as number) < nextRowMs) end++;
    for (const probe of probes) probe.ask(order.subarray(label, end));
    label = end;
  }
  return label;
}

/** One view's operator, asked for vectors of labels between records. */
class ViewProbe {
  readonly view: ViewNode;
  readonly #operator: ViewOperator;
  readonly #keys: LabelKeys;
  readonly #times: Float64Array;
  #asked: Uint32Array = new Uint32Array(0);
  #answered = 0;

  constructor(options: {
    readonly plan: Plan;
    readonly target: ViewColumns;
    readonly keys: LabelKeys;
    readonly times: Float64Array;
  }) {
    const { plan, target } = options;
    this.view = target.view;
    this.#keys = options.keys;
    this.#times = options.times;
    this.#operator = new ViewOperator({
      plan,
      view: target.view,
      mode: 'recompute',
      context: {
        emit: (vectors) => {
          target.put(vectors, this.#asked, this.#answered);
          this.#answered += vectors.rowCount;
        },
        late: () => undefined,
        fail: () => undefined,
      },
    });
  }

  feed(batch: Batch, from: number, to: number): void {
    const isWhole = from === 0 && to === batch.rowCount;
    this.#operator.processBatch(isWhole ? batch : rowsOf(batch, from, to));
  }

  ask(labels: Uint32Array): void {
    const { keyData, starts, ends, isAbsent } = this.#keys;
    this.#asked = labels.filter((row) => isAbsent[row] === 0);
    this.#answered = 0;
    if (this.#asked.length === 0) return;
    this.#operator.probe({
      keyData,
      keyStarts: Int32Array.from(this.#asked, (row) => starts[row] as number),
      keyEnds: Int32Array.from(this.#asked, (row) => ends[row] as number),
      count: this.#asked.length,
      asOfMs: Float64Array.from(this.#asked, (row) => this.#times[row] as number),
    });
  }
}

function rowsOf(batch: Batch, from: number, to: number): Batch {
  return {
    fields: batch.fields,
    columns: batch.columns.map((column) => sliceColumn(column, from, to)),
    rowCount: to - from,
    offsets: batch.offsets.subarray(from, to),
    eventTimeMs: batch.eventTimeMs.subarray(from, to),
    arrivalTimeMs: batch.arrivalTimeMs.subarray(from, to),
    watermarkMs: batch.watermarkMs.subarray(from, to),
    split: batch.split,
  };
}

function sortedRows(times: Float64Array): Uint32Array {
  const rows = Array.from(times, (_, row) => row);
  return Uint32Array.from(rows.sort((a, b) => (times[a] as number) - (times[b] as number)));
}

function viewsByStream(plan: Plan, views: readonly ViewNode[]): Map<StreamNode, ViewNode[]> {
  const groups = new Map<StreamNode, ViewNode[]>();
  for (const view of views) {
    const stream = streamOf(plan, view);
    groups.set(stream, [...(groups.get(stream) ?? []), view]);
  }
  return groups;
}

function resultTable(options: TrainingSetOptions, views: readonly ViewColumns[]): Table {
  const { labels, fullFeatureNames } = options;
  const labelNames = labels.fields.map(({ name }) => name);
  const names = nameColumns(labelNames, views, fullFeatureNames);
  const fields: Field[] = [...labels.fields];
  const columns: (readonly Value[])[] = [...labels.columns];
  for (const [v, view] of views.entries()) {
    for (const [f, { type }] of view.fields.entries()) {
      fields.push({ name: names[v]?.[f] ?? '', type, nullable: true });
      columns.push(view.columns[f] ?? []);
    }
  }
  for (const { view, ages } of views) {
    fields.push({ name: `${view.name}__age_ms`, type: { kind: 'int64' }, nullable: true });
    columns.push(ages);
  }
  return { fields, columns, rowCount: labels.rowCount };
}
