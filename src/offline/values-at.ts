// What keys of a view were worth at given instants, by the operator that serves, over the sorted
// history: records of an instant count at it, later ones never. Unlike a training set it says the
// version too, and a value counts however old it is. Instants and values are held in memory.
import { readValue } from '../columns/read-value.ts';
import type { VectorBatch } from '../columns/vector-batch.ts';
import { RecomputeOperator } from '../engine/operators/recompute-operator.ts';
import { KeyTable } from '../engine/state/key-table.ts';
import type { Field, Value } from '../kernel/types/field-type.ts';
import { type Plan, type ViewNode, featureFields, streamOf } from '../plan/plan.ts';
import type { SourceSplit } from '../ports/source.ts';
import { History, OutOfOrder } from './history.ts';
import { streamFieldsOf } from './stream-fields.ts';

export interface ValuesAtOptions {
  readonly plan: Plan;
  readonly view: ViewNode;
  /** Encoded; one for each instant. */
  readonly keys: readonly Uint8Array[];
  readonly atMs: Float64Array;
  /** Records later than this are not taken, as in a run. */
  readonly latestMs: number;
  /** Field that says when a record arrived: those that had not by the instant do not count. */
  readonly arrivalField?: string | null;
  openStream(): Promise<readonly SourceSplit[]>;
  readonly onRead: (recordsRead: number) => void;
}

/** A key's vector at an instant. */
export interface ValueAt {
  /** By the view's feature fields. */
  readonly values: readonly Value[];
  readonly eventTimeMs: number;
  /** Number of records applied. */
  readonly seq: number;
}

/** In the order of the instants; null for a key without a record until then. */
export async function valuesAt(options: ValuesAtOptions): Promise<readonly (ValueAt | null)[]> {
  const { outOfOrdernessMs } = streamOf(options.plan, options.view).eventTime;
  for (const holdMs of [0, outOfOrdernessMs]) {
    try {
      return await replay(options, holdMs);
    } catch (error) {
      if (!(error instanceof OutOfOrder)) throw error;
    }
  }
  return replay(options, Number.POSITIVE_INFINITY);
}

async function replay(
  options: ValuesAtOptions,
  holdMs: number,
): Promise<readonly (ValueAt | null)[]> {
  const { plan, view, atMs, arrivalField = null } = options;
  const stream = streamOf(plan, view);
  const probe = new InstantProbe(options);
  const splits = await options.openStream();
  try {
    const history = new History({
      stream,
      splits,
      fields: new Set([
        ...streamFieldsOf(stream, [view]),
        ...(arrivalField === null ? [] : [arrivalField]),
      ]),
      arrivalField,
      latestMs: Math.min(options.latestMs, lastOf(probe.order, atMs)),
      holdMs,
      onRead: options.onRead,
    });
    for await (const batch of history.batches()) probe.operator.process(batch);
    probe.operator.finish();
    return probe.answers;
  } finally {
    await Promise.all(splits.map((split) => split.close()));
  }
}

function lastOf(order: Uint32Array, atMs: Float64Array): number {
  return atMs[order.at(-1) ?? -1] ?? Number.NEGATIVE_INFINITY;
}

/** The view's windows, asked between records. */
class InstantProbe {
  /** Instants by time; ties in the order given. */
  readonly order: Uint32Array;
  readonly answers: (ValueAt | null)[];
  readonly operator: RecomputeOperator;
  readonly #fields: readonly Field[];

  constructor({ plan, view, keys, atMs, arrivalField = null }: ValuesAtOptions) {
    this.#fields = featureFields(view);
    this.order = Uint32Array.from(atMs.keys()).sort(
      (a, b) => (atMs[a] as number) - (atMs[b] as number) || a - b,
    );
    this.answers = new Array<ValueAt | null>(atMs.length).fill(null);
    const table = new KeyTable();
    const keySlots = Int32Array.from(keys, (key) => table.findOrInsert(key, 0, key.length));
    this.operator = new RecomputeOperator({
      plan,
      view,
      questions: { order: this.order, timesMs: atMs, keys: table, keySlots },
      isByArrival: arrivalField !== null,
      answer: (vectors, rows) => this.#keep(vectors, rows),
    });
  }

  #keep(batch: VectorBatch, rows: Uint32Array): void {
    for (let row = 0; row < batch.rowCount; row++) {
      const at = rows[row] as number;
      const eventTimeMs = batch.eventTimeMs[row] as number;
      if (!Number.isFinite(eventTimeMs)) continue;
      const values = this.#fields.map((field, f) => {
        const column = batch.columns[f];
        return column === undefined ? null : readValue(column, field, row);
      });
      this.answers[at] = { values, eventTimeMs, seq: batch.seq[row] as number };
    }
  }
}
