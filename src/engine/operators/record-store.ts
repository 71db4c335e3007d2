// Records of the current batch and those that wait for the watermark, one array per attribute.
// `load` appends the rows of a batch that pass the view's filter; `compact` keeps what still waits.
import type { Batch } from '../../columns/batch.ts';
import type { Column } from '../../columns/column.ts';
import { readValue } from '../../columns/read-value.ts';
import type { Projection, ProjectionFailure } from '../../codegen/projection.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import type { StateReader } from '../state/bytes/state-reader.ts';
import type { StateWriter } from '../state/bytes/state-writer.ts';
import type { KeyTable } from '../state/key-table.ts';
import { enlargeFloats, enlargeInts } from '../state/slot-arrays.ts';
import type { ValueCodes } from '../state/value-codes.ts';
import type { KeptRecord, RecordSource } from '../state/windows/view-window.ts';
import { KeyEncoder, keyTagOf } from './key-encoder.ts';
import {
  scaleNumbers,
  stageCodes,
  stageFilter,
  stageHashes,
  stageNumbers,
} from './stage-columns.ts';
import { withoutLongKeys } from './long-keys.ts';
import type { Staging } from './staging.ts';
import type { InputLayout, ViewLayout } from './view-layout.ts';

export interface LoadResult {
  /** The rows loaded are `first .. store.length`. */
  readonly first: number;
  readonly failures: readonly ProjectionFailure[];
  /** Rows that were left out because of their keys. */
  readonly tooLong: readonly ProjectionFailure[];
}

export class RecordStore implements RecordSource {
  length = 0;
  ts: Float64Array = new Float64Array(0);
  watermark: Float64Array = new Float64Array(0);
  arrivalMs: Float64Array = new Float64Array(0);
  offset: Float64Array = new Float64Array(0);
  slot: Int32Array = new Int32Array(0);
  /** Row in the current batch; -1 of records from before it. */
  batchRow: Int32Array = new Int32Array(0);
  /** 1 once the record is in the windows; only its timer is still ahead. */
  isApplied: Int32Array = new Int32Array(0);
  records: KeptRecord[] = [];
  /** Staged inputs of generated loops, and the bits of the filters that rows pass. */
  mask: Int32Array = new Int32Array(0);
  readonly values: Float64Array[];
  /** Verdict per window, of rows that some window refused. */
  #refusals = new Map<number, Uint8Array>();
  readonly #layout: ViewLayout;
  readonly #project: Projection;
  readonly #outputFields: readonly Field[];
  readonly #encoder = new KeyEncoder();
  readonly #staging: Staging;
  /** Grows with every record. */
  #order: Float64Array = new Float64Array(0);
  /** The order of the next record. */
  nextOrder = 0;

  constructor(layout: ViewLayout, staging: Staging, project: Projection) {
    this.#layout = layout;
    this.#staging = staging;
    this.values = staging.columns.map(() => new Float64Array(0));
    this.#project = project;
    this.#outputFields = layout.outputs.map(({ type, nullable }, i) => ({
      name: `${i}`,
      type,
      nullable,
    }));
  }

  load(batch: Batch, keys: KeyTable): LoadResult {
    const { columns, failures, ...projected } = this.#project(batch);
    const first = this.length;
    const parts = this.#layout.keyOutputs.map((output, i) => ({
      column: columns[output] as Column,
      tag: keyTagOf(this.#layout.view.key[i]?.type.kind ?? ''),
    }));
    const rows = withoutLongKeys(parts, {
      selected: projected.selected,
      count: projected.selectedCount,
    });
    const { selected, count: selectedCount } = rows;
    this.#ensure(first + selectedCount);
    this.#copyTimes(batch, selected, selectedCount);
    this.#encoder.resolve(keys, parts, rows, { slots: this.slot, first });
    this.#stage(columns, selected, selectedCount);
    this.length = first + selectedCount;
    return { first, failures, tooLong: rows.tooLong };
  }

  /** Times and places of the selected rows; all at once when every row is. */
  #copyTimes(batch: Batch, selected: Int32Array, count: number): void {
    const first = this.length;
    this.isApplied.fill(0, first, first + count);
    this.batchRow.set(selected.subarray(0, count), first);
    if (count === batch.rowCount) {
      this.ts.set(batch.eventTimeMs.subarray(0, count), first);
      this.watermark.set(batch.watermarkMs.subarray(0, count), first);
      this.arrivalMs.set(batch.arrivalTimeMs.subarray(0, count), first);
      this.offset.set(batch.offsets.subarray(0, count), first);
      return;
    }
    for (let i = 0; i < count; i++) {
      const row = selected[i] as number;
      this.ts[first + i] = batch.eventTimeMs[row] as number;
      this.watermark[first + i] = batch.watermarkMs[row] as number;
      this.arrivalMs[first + i] = batch.arrivalTimeMs[row] as number;
      this.offset[first + i] = batch.offsets[row] as number;
    }
  }

  orderOf(row: number): number {
    return this.#order[row] as number;
  }

  refusalsOf(row: number): Uint8Array | null {
    return this.#refusals.size === 0 ? null : (this.#refusals.get(row) ?? null);
  }

  /** Notes that some windows refused a row. */
  refuse(row: number, verdicts: Uint8Array): void {
    this.#refusals.set(row, verdicts.slice());
  }

  /** Inputs of aggregates: as numbers, and boxed where that is needed. */
  #stage(columns: readonly Column[], selected: Int32Array, count: number): void {
    const first = this.length;
    const range = { selected, count, first };
    for (const [i, { output, form, codes }] of this.#staging.columns.entries()) {
      const target = this.values[i] as Float64Array;
      const column = columns[output] as Column;
      const field = this.#outputFields[output] as Field;
      if (codes !== null) stageCodes(column, field, target, { ...range, codes });
      else if (form === 'hash') stageHashes(column, field, target, range);
      else {
        stageNumbers(column, target, range);
        const isUnscaled = column.kind === 'int64' && field.type.kind === 'decimal';
        if (isUnscaled) scaleNumbers(target, field.type.scale, range);
      }
    }
    this.mask.fill(0, first, first + count);
    for (const [bit, { where, value }] of this.#staging.filters.entries()) {
      const whereColumn = where === null ? null : (columns[where] as Column);
      const valueColumn = value === null ? null : (columns[value] as Column);
      stageFilter(whereColumn, valueColumn, this.mask, { ...range, bit });
    }
    for (let i = 0; i < count; i++) this.#order[first + i] = this.nextOrder++;
    if (!this.#staging.isBoxed) return;
    for (let i = 0; i < count; i++) {
      this.records[first + i] = this.#recordOf(columns, selected[i] as number, first + i);
    }
  }

  /** Keeps the records at `rows` (ascending) and renumbers them from 0. */
  compact(rows: Int32Array | readonly number[], count: number): void {
    this.#releaseCodes(rows, count);
    for (let to = 0; to < count; to++) {
      const from = rows[to] as number;
      if (from === to) continue;
      this.ts[to] = this.ts[from] as number;
      this.watermark[to] = this.watermark[from] as number;
      this.arrivalMs[to] = this.arrivalMs[from] as number;
      this.offset[to] = this.offset[from] as number;
      this.slot[to] = this.slot[from] as number;
      this.batchRow[to] = this.batchRow[from] as number;
      this.isApplied[to] = this.isApplied[from] as number;
      this.mask[to] = this.mask[from] as number;
      this.#order[to] = this.#order[from] as number;
      for (const values of this.values) values[to] = values[from] as number;
      if (this.#staging.isBoxed) this.records[to] = this.records[from] as KeptRecord;
    }
    this.length = count;
    if (this.#staging.isBoxed) this.records.length = count;
    this.#compactRefusals(rows, count);
  }

  /** Writes all rows without their keys, column by column. */
  writeRows(to: StateWriter): void {
    const { length } = this;
    for (const column of this.#times()) to.floats(column, 0, length);
    to.floats(this.#order, 0, length);
    to.ints(this.isApplied, length);
    to.ints(this.mask, length);
    to.varint(this.#refusals.size);
    for (const [row, verdicts] of this.#refusals) {
      to.varint(row);
      to.bytes(verdicts);
    }
    for (const [i, { codes }] of this.#staging.columns.entries()) {
      const values = this.values[i] as Float64Array;
      if (codes === null) to.floats(values, 0, length);
      else writeCodes(values, length, codes, to);
    }
    if (!this.#staging.isBoxed) return;
    for (let row = 0; row < length; row++) {
      const { id, inputs } = this.records[row] as KeptRecord;
      to.value(id);
      to.value(inputs);
    }
  }

  /** Appends those of the written rows that have a slot (not -1); the number of the first. */
  readRows(from: StateReader, slots: Int32Array): number {
    const count = slots.length;
    const first = this.length;
    const own = Int32Array.from(slots.keys()).filter((row) => (slots[row] as number) >= 0);
    this.#ensure(first + own.length);
    this.length = first + own.length;
    const columns = [...this.#times(), this.#order];
    for (const column of columns) readFloats(from, count, own, { column, first });
    const isApplied = from.ints(count);
    const mask = from.ints(count);
    for (const [i, row] of own.entries()) {
      this.slot[first + i] = slots[row] as number;
      this.batchRow[first + i] = -1;
      this.isApplied[first + i] = isApplied[row] as number;
      this.mask[first + i] = mask[row] as number;
    }
    for (let left = from.varint(); left > 0; left--) {
      const at = own.indexOf(from.varint());
      const verdicts = from.bytes();
      if (at >= 0) this.#refusals.set(first + at, verdicts);
    }
    for (const [i, { codes }] of this.#staging.columns.entries()) {
      const target = { column: this.values[i] as Float64Array, first };
      if (codes === null) readFloats(from, count, own, target);
      else readCodes(from, slots, codes, target);
    }
    if (this.#staging.isBoxed) this.#readRecords(from, slots, first);
    return first;
  }

  #readRecords(from: StateReader, slots: Int32Array, first: number): void {
    let row = first;
    for (let i = 0; i < slots.length; i++) {
      const id = from.value() ?? null;
      const inputs = from.value() as readonly Value[];
      if ((slots[i] as number) < 0) continue;
      const order = this.#order[row] as number;
      this.records[row] = { ts: this.ts[row] as number, id, order, inputs };
      row += 1;
    }
  }

  /** Appends one row of its own form (`RowTranslation`), of the key in a slot; its number. */
  readRow(slot: number, from: StateReader): number {
    const row = this.length;
    this.#ensure(row + 1);
    this.length = row + 1;
    this.slot[row] = slot;
    this.batchRow[row] = -1;
    for (const column of this.#times()) column[row] = from.f64();
    this.isApplied[row] = from.u8();
    this.mask[row] = from.u32();
    const order = from.varint();
    this.#order[row] = order;
    const refusals = from.bytes();
    if (refusals.length > 0) this.#refusals.set(row, refusals);
    for (const [i, { codes }] of this.#staging.columns.entries()) {
      const values = this.values[i] as Float64Array;
      if (codes === null) values[row] = from.f64();
      else values[row] = from.u8() === 0 ? -1 : codes.read(from);
    }
    if (!this.#staging.isBoxed) return row;
    const id = from.value() ?? null;
    const inputs = from.value() as readonly Value[];
    this.records[row] = { ts: this.ts[row] as number, id, order, inputs };
    return row;
  }

  #times(): readonly Float64Array[] {
    return [this.ts, this.watermark, this.arrivalMs, this.offset];
  }

  /** Rows that leave hold the codes of their values no longer. */
  #releaseCodes(rows: Int32Array | readonly number[], count: number): void {
    for (const [i, { codes }] of this.#staging.columns.entries()) {
      if (codes === null) continue;
      const values = this.values[i] as Float64Array;
      for (let row = 0, kept = 0; row < this.length; row++) {
        if (kept < count && rows[kept] === row) kept += 1;
        else if ((values[row] as number) >= 0) codes.release(values[row] as number);
      }
    }
  }

  /** The batch is done: its rows cannot be looked up any more. */
  leaveBatch(): void {
    this.batchRow.fill(-1, 0, this.length);
  }

  #compactRefusals(rows: Int32Array | readonly number[], count: number): void {
    if (this.#refusals.size === 0) return;
    const old = this.#refusals;
    this.#refusals = new Map();
    for (let to = 0; to < count; to++) {
      const refusals = old.get(rows[to] as number);
      if (refusals !== undefined) this.#refusals.set(to, refusals);
    }
  }

  #recordOf(columns: readonly Column[], row: number, at: number): KeptRecord {
    const { idOutput, inputs } = this.#layout;
    const id = idOutput === null ? null : this.#valueOf(columns, idOutput, row);
    const values = inputs.map((input) => this.#inputOf(columns, input, row));
    return { ts: this.ts[at] as number, id, order: this.#order[at] as number, inputs: values };
  }

  #inputOf(columns: readonly Column[], input: InputLayout, row: number): Value {
    const { whereOutput, valueOutput } = input;
    if (whereOutput !== null && this.#valueOf(columns, whereOutput, row) !== true) return null;
    return valueOutput === null ? true : this.#valueOf(columns, valueOutput, row);
  }

  #valueOf(columns: readonly Column[], output: number, row: number): Value {
    return readValue(columns[output] as Column, this.#outputFields[output] as Field, row);
  }

  #ensure(count: number): void {
    if (this.ts.length >= count) return;
    this.ts = enlargeFloats(this.ts, count, 0);
    this.watermark = enlargeFloats(this.watermark, count, 0);
    this.arrivalMs = enlargeFloats(this.arrivalMs, count, 0);
    this.offset = enlargeFloats(this.offset, count, 0);
    this.slot = enlargeInts(this.slot, count);
    this.batchRow = enlargeInts(this.batchRow, count);
    this.isApplied = enlargeInts(this.isApplied, count);
    this.mask = enlargeInts(this.mask, count);
    this.#order = enlargeFloats(this.#order, count, 0);
    for (const [i, values] of this.values.entries()) {
      this.values[i] = enlargeFloats(values, count, 0);
    }
  }
}

interface ReadTarget {
  readonly column: Float64Array;
  /** Where the first of the own rows goes. */
  readonly first: number;
}

function readFloats(
  from: StateReader,
  count: number,
  own: Int32Array,
  { column, first }: ReadTarget,
): void {
  if (own.length === count) return from.floats(column, first, first + count);
  const all = new Float64Array(count);
  from.floats(all, 0, count);
  for (let i = 0; i < own.length; i++) column[first + i] = all[own[i] as number] as number;
}

/** The values themselves: codes are given anew. */
function writeCodes(values: Float64Array, count: number, codes: ValueCodes, to: StateWriter): void {
  for (let row = 0; row < count; row++) {
    const code = values[row] as number;
    to.u8(code < 0 ? 0 : 1);
    if (code >= 0) codes.write(code, to);
  }
}

function readCodes(
  from: StateReader,
  slots: Int32Array,
  codes: ValueCodes,
  { column, first }: ReadTarget,
): void {
  let row = first;
  for (let i = 0; i < slots.length; i++) {
    const code = from.u8() === 0 ? -1 : codes.read(from);
    if ((slots[i] as number) >= 0) column[row++] = code;
    else if (code >= 0) codes.release(code);
  }
}
