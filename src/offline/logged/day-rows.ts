// Rows of one day of a log that have keys which labels ask for: only their key and version columns
// are read. Rows that were not known when their day ended come along to the next.
import type { Column } from '../../columns/column.ts';
import { type ColumnBuilder, columnForField, ensureRows } from '../../columns/column-builder.ts';
import { KeyEncoder, keyTagOf } from '../../engine/operators/key-encoder.ts';
import type { KeyBounds, KeyTable } from '../../engine/state/key-table.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { ViewNode } from '../../plan/plan.ts';
import { orderByValue } from '../radix-order.ts';
import type { KnownTimes } from './known-times.ts';
import type { LogRows } from './key-versions.ts';
import type { LogDay, LogPart } from './log-source.ts';

/** Where a row group lies; its number is its place in the list. */
export interface GroupPlace {
  readonly day: LogDay;
  readonly part: string;
  readonly group: number;
}

type Float64Builder = ColumnBuilder & { readonly kind: 'float64' };

const instant = (name: string): Field => ({ name, type: { kind: 'timestamp' }, nullable: false });
const asOfField = instant('as_of');
const arrivalField = instant('_arrival_time');
const seqField: Field = { name: '_seq', type: { kind: 'count' }, nullable: false };

export class DayRows implements LogRows {
  count = 0;
  slots = new Int32Array(0);
  groups = new Int32Array(0);
  rows = new Int32Array(0);
  asOfMs = new Float64Array(0);
  seqs = new Float64Array(0);
  arrivalMs = new Float64Array(0);
  knownMs = new Float64Array(0);
  /** Rows read, whether they are kept or not. */
  rowsRead = 0;
  readonly #view: ViewNode;
  readonly #keys: KeyTable;
  readonly #keyBuilders: readonly ColumnBuilder[];
  readonly #times = [asOfField, seqField, arrivalField].map(
    (field) => columnForField(field) as Float64Builder,
  );
  readonly #encoder = new KeyEncoder();
  #found = new Int32Array(0);
  /** Each row's own number. */
  #selected = new Int32Array(0);

  constructor(view: ViewNode, keys: KeyTable) {
    this.#view = view;
    this.#keys = keys;
    this.#keyBuilders = view.key.map((field) => columnForField(field));
  }

  /** Reads all parts of a day; appends where their row groups lie to `places`. */
  async read(day: LogDay, places: GroupPlace[]): Promise<void> {
    for (const part of day.parts) {
      const opened = await day.open(part);
      try {
        for (const [group, count] of opened.groups.entries()) {
          places.push({ day, part, group });
          await this.#readGroup(opened, group, count, places.length - 1);
        }
      } finally {
        await opened.close();
      }
    }
  }

  async #readGroup(part: LogPart, group: number, count: number, place: number): Promise<void> {
    for (const [i, field] of this.#view.key.entries()) {
      await part.read(group, field, this.#keyBuilders[i] as ColumnBuilder);
    }
    const [asOf, seq, arrival] = this.#times as unknown as readonly [
      Float64Builder,
      Float64Builder,
      Float64Builder,
    ];
    await part.read(group, asOfField, asOf);
    // Rows that another engine wrote have no number, and are known from their instant on.
    if (!(await part.read(group, seqField, seq))) {
      ensureRows(seq, count);
      seq.values.fill(0, 0, count);
    }
    if (!(await part.read(group, arrivalField, arrival))) {
      ensureRows(arrival, count);
      arrival.values.set(asOf.values.subarray(0, count));
    }
    this.rowsRead += count;
    this.#find(count);
    this.#ensure(this.count + count);
    for (let row = 0; row < count; row++) {
      const slot = this.#found[row] as number;
      if (slot < 0) continue;
      const at = this.count++;
      this.slots[at] = slot;
      this.groups[at] = place;
      this.rows[at] = row;
      this.asOfMs[at] = asOf.values[row] as number;
      this.seqs[at] = seq.values[row] as number;
      this.arrivalMs[at] = arrival.values[row] as number;
    }
  }

  /** Numbers of the keys of the row group at hand; -1 for those that no label has. */
  #find(count: number): void {
    if (this.#found.length < count) this.#found = new Int32Array(count);
    const keys = this.#keys;
    const table = {
      resolve: (
        bytes: Uint8Array,
        { starts, ends, count: size }: KeyBounds,
        slots: Int32Array,
        first: number,
      ): void => {
        for (let i = 0; i < size; i++) {
          slots[first + i] = keys.find(bytes, starts[i] as number, ends[i] as number);
        }
      },
    };
    const parts = this.#keyBuilders.map((column: Column, i) => ({
      column,
      tag: keyTagOf(this.#view.key[i]?.type.kind ?? ''),
    }));
    if (this.#selected.length < count) {
      this.#selected = new Int32Array(count);
      for (let row = 0; row < count; row++) this.#selected[row] = row;
    }
    const selected = this.#selected;
    this.#encoder.resolve(table, parts, { selected, count }, { slots: this.#found, first: 0 });
  }

  /** Says from when each row may be used; `times` is null when that is its instant. */
  setKnown(first: number, times: KnownTimes | null): void {
    if (times === null) {
      this.knownMs.set(this.asOfMs.subarray(first, this.count), first);
      return;
    }
    const asOfMs = this.asOfMs.subarray(first, this.count);
    for (const row of orderByValue(asOfMs, asOfMs.length)) {
      const at = first + row;
      const slot = this.slots[at] as number;
      this.knownMs[at] = times.of(slot, asOfMs[row] as number, this.arrivalMs[at] as number);
    }
  }

  /** Forgets all rows but these. */
  keep(rows: readonly number[]): void {
    for (const [to, from] of rows.toSorted((a, b) => a - b).entries()) {
      this.slots[to] = this.slots[from] as number;
      this.groups[to] = this.groups[from] as number;
      this.rows[to] = this.rows[from] as number;
      this.asOfMs[to] = this.asOfMs[from] as number;
      this.seqs[to] = this.seqs[from] as number;
      this.arrivalMs[to] = this.arrivalMs[from] as number;
      this.knownMs[to] = this.knownMs[from] as number;
    }
    this.count = rows.length;
  }

  #ensure(count: number): void {
    if (this.slots.length >= count) return;
    const capacity = Math.max(count, this.slots.length * 2);
    for (const name of ['slots', 'groups', 'rows'] as const) {
      const larger = new Int32Array(capacity);
      larger.set(this[name]);
      this[name] = larger;
    }
    for (const name of ['asOfMs', 'seqs', 'arrivalMs', 'knownMs'] as const) {
      const larger = new Float64Array(capacity);
      larger.set(this[name]);
      this[name] = larger;
    }
  }
}
