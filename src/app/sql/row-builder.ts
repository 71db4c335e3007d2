// Rows of a query from the vectors of its view. A group's row replaces the one before it: the old one
// is kept here, and equal ones say nothing, as in Flink.
import { readRow } from '../../columns/read-value.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { floorMod } from '../../kernel/instant.ts';
import { decodeKey } from '../../kernel/key-encoding.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import { columnsOf, type Expression } from '../../plan/expression.ts';
import type { WindowNode } from '../../plan/window.ts';
import { type BoundQuery, hidden, type OutputColumn } from '../../sql/bind/bound-query.ts';
import { ComputedColumns, type KnownColumns } from './computed-columns.ts';
import { finishValue } from './finish-value.ts';
import type { SqlRow } from './sql-row.ts';

/** Columns of the record that a row is of, by the number that it was given; taken once. */
export type TakePassed = (record: number) => readonly Value[];

interface VectorRow extends KnownColumns {
  readonly keyText: string;
  readonly values: Readonly<Record<string, Value>>;
}

/** The newest row of a group. */
export interface GroupRow {
  readonly made: readonly Value[];
  readonly isHad: boolean;
  /** Its columns and what they are computed from. */
  readonly compared: readonly Value[];
}

export class RowBuilder {
  readonly #query: BoundQuery;
  readonly #keyFields: readonly Field[];
  readonly #takePassed: TakePassed;
  readonly #computed: ComputedColumns | null;
  /** Of a query whose rows change: by the key's bytes. */
  readonly #current = new Map<string, GroupRow>();
  readonly #derivedFrom: readonly string[];

  constructor(query: BoundQuery, takePassed: TakePassed) {
    this.#query = query;
    this.#takePassed = takePassed;
    const [view] = query.plan.views;
    const { computed } = query;
    this.#derivedFrom = derivedFrom(query);
    this.#keyFields = (view?.key ?? []).map(({ name, type, nullable }) => ({
      name,
      type,
      nullable,
    }));
    this.#computed = computed.length === 0 ? null : new ComputedColumns(query, this.#keyFields);
  }

  /** The newest row of each group, for a checkpoint. */
  save(): readonly (readonly [string, GroupRow])[] {
    return [...this.#current];
  }

  load(rows: readonly (readonly [string, GroupRow])[]): void {
    this.#current.clear();
    for (const [key, row] of rows) this.#current.set(key, row);
  }

  /** Rows of a batch of vectors, in order. */
  rowsOf(batch: VectorBatch): readonly SqlRow[] {
    const read = Array.from({ length: batch.rowCount }, (_, i) => this.#read(batch, i));
    const computed = this.#computed?.valuesOf(batch, read);
    const rows: SqlRow[] = [];
    for (const [i, row] of read.entries()) this.#add(row, computed?.[i] ?? [], rows);
    return rows;
  }

  #read(batch: VectorBatch, i: number): VectorRow {
    const bytes = batch.keyData.slice(batch.keyStarts[i], batch.keyEnds[i]);
    const isOver = this.#query.kind === 'over';
    const values = readRow(batch.columns, batch.fields, i);
    return {
      key: decodeKey(this.#keyFields, bytes),
      keyText: Buffer.from(bytes).toString('latin1'),
      values,
      window: this.#windowOf(batch.asOfMs[i] as number, values),
      passed: isOver ? this.#takePassed(batch.arrivalTimeMs[i] as number) : [],
    };
  }

  #add(row: VectorRow, computed: readonly Value[], rows: SqlRow[]): void {
    const { kind, having, columns } = this.#query;
    const { values } = row;
    if (kind === 'window' && values[hidden.count] === 0) return;
    const made = columns.map((column) => this.#value(column, row, computed));
    const isHad = having === null || computed[having] === true;
    if (kind === 'group') {
      const from = this.#derivedFrom.map((name) => values[name] ?? null);
      const compared = [...made, ...from, isHad];
      this.#change(row.keyText, { made, isHad, compared }, rows);
    } else if (isHad) rows.push({ kind: '+I', values: made });
  }

  /** The new row instead of the old one; each is only seen where HAVING lets it through. */
  #change(key: string, row: GroupRow, rows: SqlRow[]): void {
    const before = this.#current.get(key);
    if (before !== undefined && before.compared.every((v, n) => Object.is(v, row.compared[n])))
      return;
    if (before?.isHad === true) rows.push({ kind: '-U', values: before.made });
    if (row.isHad) rows.push({ kind: before === undefined ? '+I' : '+U', values: row.made });
    this.#current.set(key, row);
  }

  #value({ value, type }: OutputColumn, row: VectorRow, computed: readonly Value[]): Value {
    switch (value.kind) {
      case 'key':
        return row.key[value.name] ?? null;
      case 'feature':
        return finishValue(value.name, value.finish, type, row.values);
      case 'passed':
        return row.passed[value.index] ?? null;
      case 'computed':
        return computed[value.index] ?? null;
      case 'constant':
        return value.value;
      case 'window':
        return row.window?.[value.part] ?? null;
    }
  }

  #windowOf(asOfMs: number, values: VectorRow['values']): VectorRow['window'] {
    const { kind, window } = this.#query;
    if (kind !== 'window') return null;
    const endMs = asOfMs + 1;
    const start = windowStart(window, endMs, Number(values[hidden.start]));
    return { start, end: endMs, time: asOfMs };
  }
}

/** Aggregates that columns are computed from: a change of one of them is a change of the row. */
function derivedFrom(query: BoundQuery): readonly string[] {
  const { plan, columns, computed, having, outputScalars } = query;
  const [view] = plan.views;
  const names = new Set<string>();
  for (const { value } of columns) {
    if (value.kind === 'computed') columnsOf(computed[value.index] as Expression, names);
    if (value.kind !== 'feature') continue;
    const derived = view?.derived.find(({ name }) => name === value.name);
    if (derived !== undefined) columnsOf(derived.value, names);
  }
  if (having !== null) columnsOf(computed[having] as Expression, names);
  for (const { name, args } of outputScalars.toReversed()) {
    if (names.has(name)) for (const { node } of args) columnsOf(node, names);
  }
  return [...names];
}

/** When the window began that ends at `endMs`. */
function windowStart(window: WindowNode | null, endMs: number, sessionStartMs: number): number {
  switch (window?.kind) {
    case 'tumbling':
    case 'hopping':
      return endMs - window.sizeMs;
    case 'cumulate':
      return endMs - 1 - floorMod(endMs - 1 - window.offsetMs, window.sizeMs);
    default:
      return sessionStartMs;
  }
}
