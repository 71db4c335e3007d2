// Builds the rows that a view emits in reused columns and hands them on in chunks. Derived features
// are computed per chunk; where one fails (an integer overflow) it is null.
import { type ColumnBuilder, columnForField } from '../../columns/column-builder.ts';
import type { Column } from '../../columns/column.ts';
import { putValue } from '../../columns/put-value.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { compileProjection } from '../../codegen/compile-projection.ts';
import type { Projection } from '../../codegen/projection.ts';
import type { OutputRow } from '../../codegen/update-loops/loop-plan.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { AggregateFailure, overflow, type Result } from '../state/accumulators/accumulator.ts';
import { type DerivedNode, featureFields, type ViewNode } from '../../plan/plan.ts';
import type { KeyStates } from './key-states.ts';
import type { KeyTable } from '../state/key-table.ts';

const chunkRows = 16_384;

/** Why a record is not taken, and by which feature. */
export interface RefusedRecord {
  readonly feature: number;
  readonly failure: AggregateFailure;
}

export class VectorBuilder implements OutputRow {
  rowCount = 0;
  /** Columns of the features; each has room for a chunk of rows. */
  readonly columns: ColumnBuilder[];
  rowsOut = 0;
  /** A feature of the row being made whose sum does not fit its type; -1 when there is none. */
  overflowed = -1;
  /** Features of the row being made that a user's aggregate gave no value for. */
  readonly failed = new Map<number, AggregateFailure>();
  /** A feature whose aggregate did not take the record at hand. */
  refused: RefusedRecord | null = null;
  /** Values that are null because a user's aggregate failed, in rows that came out. */
  failedValues = 0;
  /** Why the newest of them is. */
  lastFailure: string | null = null;
  readonly #view: ViewNode;
  readonly #keys: KeyTable;
  readonly #states: KeyStates;
  readonly #emit: (batch: VectorBatch) => void;
  readonly #fields: readonly Field[];
  readonly #derive: readonly Projection[];
  readonly #keySlots = new Int32Array(chunkRows);
  readonly #keyStarts = new Int32Array(chunkRows);
  readonly #keyEnds = new Int32Array(chunkRows);
  readonly #eventTimeMs = new Float64Array(chunkRows);
  readonly #asOfMs = new Float64Array(chunkRows);
  readonly #seq = new Float64Array(chunkRows);
  readonly #arrivalTimeMs = new Float64Array(chunkRows);

  constructor(
    view: ViewNode,
    keys: KeyTable,
    states: KeyStates,
    emit: (batch: VectorBatch) => void,
  ) {
    this.#view = view;
    this.#keys = keys;
    this.#states = states;
    this.#emit = emit;
    this.#fields = featureFields(view);
    const featureCount = view.features.length;
    this.columns = this.#fields
      .slice(0, featureCount)
      .map((field) => columnForField(field, chunkRows));
    this.#derive = view.derived.map(({ value }, i) =>
      compileProjection({
        fields: this.#fields.slice(0, featureCount + i),
        predicates: [],
        outputs: [value],
      }),
    );
  }

  /** The value of a feature in the row being made. */
  put(feature: number, result: Result): void {
    const row = this.rowCount;
    const column = this.columns[feature] as ColumnBuilder;
    if (typeof result === 'number' && column.kind === 'float64') {
      column.values[row] = result;
      column.nulls[row] = 0;
      return;
    }
    if (result === overflow) this.overflowed = feature;
    const isFailure = result instanceof AggregateFailure;
    if (isFailure) this.failed.set(feature, result);
    const value = result === overflow || isFailure ? null : result;
    const field = this.#fields[feature] as Field;
    putValue(column, field.type, row, value);
  }

  /** The aggregate of a feature does not take the record at hand. */
  refuse(feature: number, failure: AggregateFailure): void {
    this.refused ??= { feature, failure };
  }

  /** The features of the row being made are those of the row before it. */
  repeat(): void {
    const row = this.rowCount;
    for (const column of this.columns) {
      column.nulls[row] = column.nulls[row - 1] as number;
      if (column.kind === 'bytes') {
        column.starts[row] = column.starts[row - 1] as number;
        column.ends[row] = column.ends[row - 1] as number;
      } else column.values[row] = column.values[row - 1] as never;
    }
  }

  get isFull(): boolean {
    return this.rowCount === chunkRows;
  }

  /** Ends the row that is being made for a key; the owner flushes when the chunk is full. */
  finish(slot: number, arrivalTimeMs: number): void {
    const row = this.rowCount++;
    if (this.failed.size > 0) this.#countFailed();
    const states = this.#states;
    this.#keySlots[row] = slot;
    this.#eventTimeMs[row] = states.eventTime(slot);
    this.#asOfMs[row] = states.asOf(slot);
    this.#seq[row] = states.seq(slot);
    this.#arrivalTimeMs[row] = arrivalTimeMs;
  }

  /** As `finish`, at any instant. */
  finishAt(slot: number, asOfMs: number): void {
    const row = this.rowCount;
    this.finish(slot, this.#states.arrival(slot));
    this.#asOfMs[row] = asOfMs;
  }

  flush(keyData: Uint8Array | null = null): void {
    if (this.rowCount === 0) return;
    if (keyData === null) this.#fillKeys();
    const rowCount = this.rowCount;
    const columns: Column[] = [...this.columns];
    for (const [i, derive] of this.#derive.entries()) {
      const { columns: made, failures } = derive({ columns, rowCount });
      const column = made[0] as Column;
      // Code for what is never null does not write nulls: those of failures in the chunk before are there.
      const { value, nullable } = this.#view.derived[i] as DerivedNode;
      if (!nullable && value.kind !== 'column') column.nulls.fill(0, 0, rowCount);
      for (const { row } of failures) column.nulls[row] = 1;
      columns[this.#view.features.length + i] = column;
    }
    this.#emit({
      view: this.#view.name,
      rowCount,
      keyData: keyData ?? this.#keys.data,
      keyStarts: this.#keyStarts,
      keyEnds: this.#keyEnds,
      keySlots: this.#keySlots,
      eventTimeMs: this.#eventTimeMs,
      asOfMs: this.#asOfMs,
      seq: this.#seq,
      arrivalTimeMs: this.#arrivalTimeMs,
      fields: this.#fields,
      columns,
    });
    this.rowsOut += rowCount;
    this.rowCount = 0;
    for (const column of this.columns) if (column.kind === 'bytes') column.dataLength = 0;
  }

  #countFailed(): void {
    this.failedValues += this.failed.size;
    for (const [feature, { message }] of this.failed) {
      this.lastFailure = `feature "${this.#fields[feature]?.name ?? ''}": ${message}`;
    }
    this.failed.clear();
  }

  #fillKeys(): void {
    const { bounds } = this.#keys;
    for (let row = 0; row < this.rowCount; row++) {
      const at = (this.#keySlots[row] as number) * 2;
      this.#keyStarts[row] = bounds[at] as number;
      this.#keyEnds[row] = bounds[at + 1] as number;
    }
  }
}
