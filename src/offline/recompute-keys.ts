// What a job would have written for some keys of a view, had every record come in time: the sorted
// history goes through the operator that serves, with the watermark of a stream that is in order, so
// nothing is late. Rows of those keys are held in memory.
import type { Batch } from '../columns/batch.ts';
import { readValue } from '../columns/read-value.ts';
import { takeRows } from '../columns/slice-batch.ts';
import type { VectorBatch } from '../columns/vector-batch.ts';
import { KeyEncoder, keyTagOf } from '../engine/operators/key-encoder.ts';
import type { KeyBounds } from '../engine/state/key-table.ts';
import { ViewOperator } from '../engine/operators/view-operator.ts';
import { maxWatermark } from '../kernel/instant.ts';
import type { Value } from '../kernel/types/field-type.ts';
import { type Plan, type StreamNode, type ViewNode, streamOf } from '../plan/plan.ts';
import type { SourceSplit } from '../ports/source.ts';
import { History, OutOfOrder } from './history.ts';
import { streamFieldsOf } from './stream-fields.ts';

export interface RecomputeOptions {
  readonly plan: Plan;
  readonly view: ViewNode;
  /** Encoded keys as latin1 text; null: all keys. */
  readonly keys: KeyChoice | null;
  /** Ends with `TooManyRows` when more rows than this would be held. Default: no limit. */
  readonly rowsMax?: number;
  /** Rows before this instant are left out, but for the last of each key. */
  readonly fromMs: number;
  /** Records later than this are not taken, as in a run. */
  readonly latestMs: number;
  /** The input has ended: everything fires. */
  readonly isEnding: boolean;
  /** Values have shrunk up to here although no record came; −∞ when they have not. */
  readonly idleUntilMs: number;
  openStream(): Promise<readonly SourceSplit[]>;
  readonly onRead: (recordsRead: number) => void;
}

/** Which keys are meant. */
export type KeyChoice = Pick<ReadonlySet<string>, 'has'>;

/** The rows of the keys that are meant are more than may be held: fewer keys must be asked for. */
export class TooManyRows extends Error {}

/** A vector that a job would have written. */
export interface RecomputedRow {
  /** Encoded key as latin1 text. */
  readonly key: string;
  readonly eventTimeMs: number;
  readonly asOfMs: number;
  readonly seq: number;
  /** By the view's feature fields. */
  readonly values: readonly Value[];
}

export interface Recomputed {
  /** By key, in the order of their versions. */
  readonly rows: ReadonlyMap<string, readonly RecomputedRow[]>;
  readonly recordsRead: number;
}

/** Whether the keys of a view can be told apart before it is computed: else all keys are. */
export function hasPlainKey(view: ViewNode): boolean {
  return view.key.every(({ value }) => value.kind === 'column');
}

/** Takes the history as sorted; failing that, as disordered as it is declared to be; else sorts it all. */
export async function recomputeKeys(options: RecomputeOptions): Promise<Recomputed> {
  const { outOfOrdernessMs } = streamOf(options.plan, options.view).eventTime;
  for (const holdMs of [0, outOfOrdernessMs]) {
    try {
      return await recompute(options, holdMs);
    } catch (error) {
      if (!(error instanceof OutOfOrder)) throw error;
    }
  }
  return recompute(options, Number.POSITIVE_INFINITY);
}

async function recompute(options: RecomputeOptions, holdMs: number): Promise<Recomputed> {
  const { plan, view, isEnding, idleUntilMs } = options;
  const stream = streamOf(plan, view);
  const rows = new RowCollector(options);
  const operator = new ViewOperator({
    plan,
    view,
    context: { emit: (batch) => rows.add(batch), late: ignore, fail: ignore },
  });
  const splits = await options.openStream();
  try {
    const history = new History({
      stream,
      splits,
      fields: streamFieldsOf(stream, [view]),
      latestMs: options.latestMs,
      holdMs,
      onRead: options.onRead,
    });
    const keys = new KeyFilter(view, stream, options.keys);
    let newestMs = Number.NEGATIVE_INFINITY;
    for await (const batch of history.batches()) {
      const chosen = keys.chosen(batch);
      if (chosen.length > 0) operator.processBatch(inOrder(batch, chosen, stream, newestMs));
      newestMs = batch.eventTimeMs[batch.rowCount - 1] ?? newestMs;
    }
    operator.advanceWatermark(lastWatermark(stream, history.newestMs));
    if (isEnding) operator.advanceWatermark(maxWatermark);
    else operator.advanceIdleTime(idleUntilMs);
    return { rows: rows.byKey, recordsRead: history.recordsRead };
  } finally {
    await Promise.all(splits.map((split) => split.close()));
  }
}

/** As in a job that has read everything: quiet splits hold it back unless they may become idle. */
function lastWatermark({ eventTime }: StreamNode, newestMs: readonly number[]): number {
  const { outOfOrdernessMs, idleTimeoutMs } = eventTime;
  if (newestMs.length === 0) return Number.NEGATIVE_INFINITY;
  const ms = idleTimeoutMs === null ? Math.min(...newestMs) : Math.max(...newestMs);
  return ms - outOfOrdernessMs;
}

/** The chosen rows with the watermark that each had before it; one instant is never late to itself. */
function inOrder(
  batch: Batch,
  chosen: readonly number[],
  { eventTime: { outOfOrdernessMs } }: StreamNode,
  newestMs: number,
): Batch {
  const { eventTimeMs } = batch;
  const times = Float64Array.from(chosen, (row) => eventTimeMs[row] as number);
  const watermarkMs = Float64Array.from(chosen, (row) => {
    const before = row === 0 ? newestMs : (eventTimeMs[row - 1] as number);
    return Math.min(before - outOfOrdernessMs, (eventTimeMs[row] as number) - 1);
  });
  return {
    ...takeRows(batch, chosen),
    eventTimeMs: times,
    arrivalTimeMs: times,
    watermarkMs,
    split: 0,
  };
}

/** Finds the rows of the wanted keys. */
class KeyFilter {
  readonly #view: ViewNode;
  readonly #stream: StreamNode;
  readonly #keys: KeyChoice | null;
  readonly #encoder = new KeyEncoder();

  constructor(view: ViewNode, stream: StreamNode, keys: KeyChoice | null) {
    this.#view = view;
    this.#stream = stream;
    this.#keys = hasPlainKey(view) ? keys : null;
  }

  chosen({ columns, rowCount }: Batch): readonly number[] {
    const keys = this.#keys;
    const all = Int32Array.from({ length: rowCount }, (_, row) => row);
    if (keys === null) return [...all];
    const parts = this.#view.key.map(({ type, value }) => {
      const name = value.kind === 'column' ? value.name : '';
      const column = columns[this.#stream.fields.findIndex((field) => field.name === name)];
      if (column === undefined) throw new Error(`the stream has no field "${name}"`);
      return { column, tag: keyTagOf(type.kind) };
    });
    const isWanted = new Int32Array(rowCount);
    const table = {
      resolve: (
        bytes: Uint8Array,
        { starts, ends, count }: KeyBounds,
        slots: Int32Array,
        first: number,
      ): void => {
        const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        for (let i = 0; i < count; i++) {
          slots[first + i] = Number(keys.has(text.toString('latin1', starts[i], ends[i])));
        }
      },
    };
    this.#encoder.resolve(
      table,
      parts,
      { selected: all, count: rowCount },
      { slots: isWanted, first: 0 },
    );
    return [...all].filter((row) => isWanted[row] === 1);
  }
}

class RowCollector {
  readonly byKey = new Map<string, RecomputedRow[]>();
  readonly #options: Pick<RecomputeOptions, 'fromMs' | 'keys' | 'rowsMax'>;
  #rowCount = 0;

  constructor(options: Pick<RecomputeOptions, 'fromMs' | 'keys' | 'rowsMax'>) {
    this.#options = options;
  }

  add(batch: VectorBatch): void {
    const bytes = Buffer.from(
      batch.keyData.buffer,
      batch.keyData.byteOffset,
      batch.keyData.byteLength,
    );
    for (let row = 0; row < batch.rowCount; row++) {
      const key = bytes.toString('latin1', batch.keyStarts[row], batch.keyEnds[row]);
      // Keys that are computed could not be told apart before.
      if (this.#options.keys?.has(key) === false) continue;
      const rows = this.byKey.get(key) ?? [];
      this.byKey.set(key, rows);
      const last = rows.at(-1);
      if (last !== undefined && last.asOfMs < this.#options.fromMs) {
        rows.pop();
        this.#rowCount -= 1;
      }
      this.#rowCount += 1;
      if (this.#rowCount > (this.#options.rowsMax ?? Number.POSITIVE_INFINITY)) {
        throw new TooManyRows();
      }
      rows.push({
        key,
        eventTimeMs: batch.eventTimeMs[row] as number,
        asOfMs: batch.asOfMs[row] as number,
        seq: batch.seq[row] as number,
        values: batch.fields.map((field, i) => {
          const column = batch.columns[i];
          return column === undefined ? null : readValue(column, field, row);
        }),
      });
    }
  }
}

function ignore(): void {
  // Nothing is late here, and records that fail in the view have failed in the job.
}
