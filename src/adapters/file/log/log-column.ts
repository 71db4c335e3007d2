// A growing column of the feature log: copies rows out of vector batches, becomes Parquet pages.
// Scalars keep their type. Lists and maps of scalars become Parquet LIST and MAP (DuckDB reads them
// as VARCHAR[], MAP(VARCHAR, BIGINT) …); what is nested deeper, and structs, become JSON text.
import type { SchemaElement } from 'hyparquet';
import type { Column } from '../../../columns/column.ts';
import {
  type ColumnBuilder,
  columnForField,
  ensureRows,
  putBytes,
} from '../../../columns/column-builder.ts';
import { putValue } from '../../../columns/put-value.ts';
import { toJsonValue } from '../../../columns/read-value.ts';
import type { Field, FieldType, Value } from '../../../kernel/types/field-type.ts';
import { encodePage, type LeafPage, scalarElement } from './parquet-leaf.ts';

export interface LogColumn {
  readonly elements: readonly SchemaElement[];
  /** Appends rows `[from, to)` of a column of the field's type. */
  append(column: Column, from: number, to: number): void;
  /** Bytes of memory held, about. */
  readonly byteCount: number;
  /** The rows so far as pages, one per leaf; then there are none. */
  takePages(): readonly LeafPage[];
}

/** The column for a field; `bounded` writes its least and greatest value. */
export function createLogColumn(field: Field, bounded = false): LogColumn {
  const { type } = field;
  if (type.kind === 'list') {
    const item = scalarElement('element', type.item, true);
    if (item !== null) return new RepeatedColumn(field.name, [{ element: item, type: type.item }]);
  }
  if (type.kind === 'map') {
    const value = scalarElement('value', type.value, true);
    const text: FieldType = { kind: 'string' };
    const key = scalarElement('key', text, false) as SchemaElement;
    if (value !== null) {
      return new RepeatedColumn(field.name, [
        { element: key, type: text },
        { element: value, type: type.value },
      ]);
    }
  }
  const element = scalarElement(field.name, type, field.nullable);
  if (element !== null) return new ScalarColumn(field, element, bounded);
  const json: Field = { name: field.name, type: { kind: 'json' }, nullable: true };
  return new ScalarColumn(json, scalarElement(field.name, json.type, true) as SchemaElement, false);
}

class ScalarColumn implements LogColumn {
  readonly elements: readonly SchemaElement[];
  readonly #element: SchemaElement;
  readonly #type: FieldType;
  readonly #builder: ColumnBuilder;
  readonly #bounded: boolean;
  #rowCount = 0;

  constructor(field: Field, element: SchemaElement, bounded: boolean) {
    this.#element = element;
    this.elements = [element];
    this.#type = field.type;
    this.#builder = columnForField(field);
    this.#bounded = bounded;
  }

  get byteCount(): number {
    return capacityBytes(this.#builder);
  }

  append(column: Column, from: number, to: number): void {
    const at = this.#rowCount;
    const builder = this.#builder;
    ensureRows(builder, at + to - from);
    this.#rowCount += to - from;
    if (builder.kind === 'bytes' && column.kind === 'object') {
      for (let row = from; row < to; row++) {
        const json = column.nulls[row] === 1 ? null : jsonText(column.values[row]);
        putValue(builder, this.#type, at + row - from, json);
      }
      return;
    }
    builder.nulls.set(column.nulls.subarray(from, to), at);
    copyValues(builder, column, { from, to, at });
  }

  takePages(): readonly LeafPage[] {
    const builder = this.#builder;
    const count = this.#rowCount;
    const isOptional = this.#element.repetition_type === 'OPTIONAL';
    const nullCount = isOptional ? countOnes(builder.nulls, count) : 0;
    const definition =
      nullCount === 0 ? null : builder.nulls.slice(0, count).map((isNull) => 1 - isNull);
    const levels = { repetition: null, definition, definitionMax: isOptional ? 1 : 0, count };
    const page = encodePage(builder, this.#element, count, levels);
    const bounds =
      this.#bounded && builder.kind === 'float64' ? boundsOf(builder.values, count) : null;
    if (builder.kind === 'bytes') builder.dataLength = 0;
    if (builder.kind === 'object') builder.values = [];
    this.#rowCount = 0;
    const type = this.#element.type ?? 'BYTE_ARRAY';
    return [{ type, path: [this.#element.name], valueCount: count, nullCount, page, bounds }];
  }
}

/** What a builder holds in memory, used or not. */
function capacityBytes(builder: ColumnBuilder): number {
  const perRow = builder.kind === 'object' ? 40 : 9;
  return builder.nulls.length * perRow + (builder.kind === 'bytes' ? builder.data.length : 0);
}

interface RowRange {
  readonly from: number;
  readonly to: number;
  /** Row of the builder that `from` becomes. */
  readonly at: number;
}

function copyValues(builder: ColumnBuilder, column: Column, range: RowRange): void {
  const { from, to, at } = range;
  if (builder.kind === 'float64' && column.kind === 'float64') {
    builder.values.set(column.values.subarray(from, to), at);
  } else if (builder.kind === 'int32' && column.kind === 'int32') {
    builder.values.set(column.values.subarray(from, to), at);
  } else if (builder.kind === 'int64' && column.kind === 'int64') {
    builder.values.set(column.values.subarray(from, to), at);
  } else if (builder.kind === 'bool' && column.kind === 'bool') {
    builder.values.set(column.values.subarray(from, to), at);
  } else if (builder.kind === 'object' && column.kind === 'object') {
    for (let row = from; row < to; row++) builder.values[at + row - from] = column.values[row];
  } else if (builder.kind === 'bytes' && column.kind === 'bytes') {
    copyText(builder, column, range);
  } else {
    throw new Error(`a ${column.kind} column cannot be logged as ${builder.kind}`);
  }
}

function copyText(
  builder: ColumnBuilder & { kind: 'bytes' },
  column: Column & { kind: 'bytes' },
  { from, to, at }: RowRange,
): void {
  for (let row = from; row < to; row++) {
    const start = column.starts[row] as number;
    const end = column.nulls[row] === 1 ? start : (column.ends[row] as number);
    putBytes(builder, at + row - from, { bytes: column.data, start, end });
  }
}

function countOnes(flags: Uint8Array, count: number): number {
  let ones = 0;
  for (let i = 0; i < count; i++) if (flags[i] === 1) ones++;
  return ones;
}

function boundsOf(values: Float64Array, count: number): readonly [bigint, bigint] | null {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const value = values[i] as number;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return Number.isFinite(least) && Number.isFinite(greatest)
    ? [BigInt(least), BigInt(greatest)]
    : null;
}

function jsonText(value: unknown): string {
  return JSON.stringify(toJsonValue(value as Value));
}

interface RepeatedLeaf {
  readonly element: SchemaElement;
  readonly type: FieldType;
}

/** A list (one leaf: the items) or a map (two leaves: keys and values) of scalars. */
class RepeatedColumn implements LogColumn {
  readonly elements: readonly SchemaElement[];
  readonly #leaves: readonly (RepeatedLeaf & { readonly builder: ColumnBuilder })[];
  readonly #isMap: boolean;
  readonly #path: readonly string[];
  /** Items per row; −1 for null. */
  #counts = new Int32Array(0);
  #rowCount = 0;
  #itemCount = 0;

  constructor(name: string, leaves: readonly RepeatedLeaf[]) {
    this.#isMap = leaves.length === 2;
    const inner = this.#isMap ? 'key_value' : 'list';
    const kind = this.#isMap ? 'MAP' : 'LIST';
    this.#path = [name, inner];
    this.elements = [
      {
        name,
        repetition_type: 'OPTIONAL',
        num_children: 1,
        converted_type: kind,
        logical_type: { type: kind },
      },
      { name: inner, repetition_type: 'REPEATED', num_children: leaves.length },
      ...leaves.map(({ element }) => element),
    ];
    this.#leaves = leaves.map((leaf) => ({
      ...leaf,
      builder: columnForField({ name, type: leaf.type, nullable: true }),
    }));
  }

  get byteCount(): number {
    return this.#leaves.reduce(
      (sum, { builder }) => sum + capacityBytes(builder),
      this.#counts.byteLength,
    );
  }

  append(column: Column, from: number, to: number): void {
    if (column.kind !== 'object') throw new Error(`a ${column.kind} column holds no lists or maps`);
    const needed = this.#rowCount + to - from;
    if (this.#counts.length < needed) {
      const counts = new Int32Array(Math.max(needed, this.#counts.length * 2, 64));
      counts.set(this.#counts);
      this.#counts = counts;
    }
    for (let row = from; row < to; row++) {
      const value = column.nulls[row] === 1 ? null : (column.values[row] as Value);
      this.#counts[this.#rowCount++] = value === null ? -1 : this.#appendItems(value);
    }
  }

  #appendItems(value: Value): number {
    const record = value as Readonly<Record<string, Value>>;
    const keys = this.#isMap ? Object.keys(record) : [];
    const count = this.#isMap ? keys.length : (value as readonly Value[]).length;
    const [first, second] = this.#leaves;
    const at = this.#itemCount;
    for (const { builder } of this.#leaves) ensureRows(builder, at + count);
    for (let j = 0; j < count; j++) {
      const item = this.#isMap ? (keys[j] as string) : (value as readonly Value[])[j];
      if (first !== undefined) putValue(first.builder, first.type, at + j, item ?? null);
      if (second === undefined) continue;
      putValue(second.builder, second.type, at + j, record[keys[j] as string] ?? null);
    }
    this.#itemCount += count;
    return count;
  }

  takePages(): readonly LeafPage[] {
    const pages = this.#leaves.map((leaf) => this.#leafPage(leaf));
    for (const { builder } of this.#leaves) if (builder.kind === 'bytes') builder.dataLength = 0;
    this.#rowCount = 0;
    this.#itemCount = 0;
    return pages;
  }

  #leafPage({ builder, element }: RepeatedLeaf & { readonly builder: ColumnBuilder }): LeafPage {
    const isOptional = element.repetition_type === 'OPTIONAL';
    const definitionMax = isOptional ? 3 : 2;
    let count = this.#itemCount;
    for (let row = 0; row < this.#rowCount; row++) if ((this.#counts[row] as number) < 1) count++;
    const repetition = new Uint8Array(count);
    const definition = new Uint8Array(count);
    let at = 0;
    let item = 0;
    let nullCount = 0;
    for (let row = 0; row < this.#rowCount; row++) {
      const items = this.#counts[row] as number;
      if (items < 1) definition[at++] = items + 1;
      for (let j = 0; j < items; j++, item++) {
        const isNull = builder.nulls[item] === 1;
        repetition[at] = j === 0 ? 0 : 1;
        definition[at++] = isNull ? definitionMax - 1 : definitionMax;
      }
    }
    for (let i = 0; i < count; i++) if (definition[i] !== definitionMax) nullCount++;
    const page = encodePage(builder, element, this.#itemCount, {
      repetition,
      definition,
      definitionMax,
      count,
    });
    const path = [...this.#path, element.name];
    const type = element.type ?? 'BYTE_ARRAY';
    return { type, path, valueCount: count, nullCount, page, bounds: null };
  }
}
