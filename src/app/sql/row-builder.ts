// Rows of a query from the vectors of its view. A group's row replaces the one before it: the old one
// is kept here, and equal ones say nothing, as in Flink.
import { readRow } from '../../columns/read-value.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { floorMod } from '../../kernel/instant.ts';
import { decodeKey } from '../../kernel/key-encoding.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import { columnsOf } from '../../plan/expression.ts';
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
  readonly asOfMs: number;
}

/** The newest row of a group. */
interface GroupRow {
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
  /** Aggregates that columns are computed from: a change of one of them is a change of the row. */
  readonly #derivedFrom: readonly string[];

  constructor(query: BoundQuery, takePassed: TakePassed) {
    this.#query = query;
    this.#takePassed = takePassed;
    const [view] = query.plan.views;
    const { computed } = query;
    const derived = (view?.derived ?? []).flatMap(({ value }) => [...columnsOf(value)]);
    const computedFrom = computed.flatMap((expression) => [...columnsOf(expression)]);
    this.#derivedFrom = [...new Set([...derived, ...computedFrom])];
    this.#keyFields = (view?.key ?? []).map(({ name, type, nullable }) => ({
      name,
      type,
      nullable,
    }));
    this.#computed = computed.length === 0 ? null : new ComputedColumns(query, this.#keyFields);
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
    return {
      key: decodeKey(this.#keyFields, bytes),
      keyText: Buffer.from(bytes).toString('latin1'),
      values: readRow(batch.columns, batch.fields, i),
      asOfMs: batch.asOfMs[i] as number,
      passed: isOver ? this.#takePassed(batch.arrivalTimeMs[i] as number) : [],
    };
  }

  #add(row: VectorRow, computed: readonly Value[], rows: SqlRow[]): void {
    const { kind, hasHaving, columns } = this.#query;
    const { values } = row;
    if (kind === 'window' && values[hidden.count] === 0) return;
    const made = columns.map((column) => this.#value(column, row, computed));
    const isHad = !hasHaving || values[hidden.having] === true;
    if (kind === 'group') {
      const compared = [...made, ...this.#derivedFrom.map((name) => values[name] ?? null)];
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
        return this.#windowPart(value.part, row);
    }
  }

  #windowPart(part: 'start' | 'end' | 'time', { asOfMs, values }: VectorRow): Value {
    const endMs = asOfMs + 1;
    if (part === 'time') return asOfMs;
    if (part === 'end') return endMs;
    return windowStart(this.#query.window, endMs, Number(values[hidden.start]));
  }
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
