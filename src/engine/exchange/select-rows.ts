// Some rows of a block as columns of their own: numbers are copied to arrays that are reused, text
// keeps pointing into the block. A column made here is valid until its next one.
import { type ColumnBuilder, columnOfKind, ensureRows } from '../../columns/column-builder.ts';
import type { BytesColumn, Column, ColumnKind } from '../../columns/column.ts';
import type { FieldType } from '../../kernel/types/field-type.ts';
import type { BlockReader } from './block-reader.ts';
import { unpackBoxed } from './boxed-values.ts';

/** Row numbers, ascending: the first `count` of them. */
export interface RowSelection {
  readonly rows: Int32Array;
  readonly count: number;
}

/** One column of a block with only some of its rows. */
export class ColumnSelector {
  readonly #type: FieldType | null;
  #builder: ColumnBuilder | null = null;

  constructor(type: FieldType | null = null) {
    this.#type = type;
  }

  /** Rows of column `index`, all of them without a selection. */
  select(block: BlockReader, index: number, selection: RowSelection | null): Column {
    const kind = block.kindOf(index);
    if (kind === 'object') return this.#selectBoxed(block, index, selection);
    if (kind === 'bytes') return this.#selectText(block, index, selection);
    const column = block.numbers(index);
    if (selection === null) return column;
    const builder = this.#builderFor(kind, selection.count);
    if (block.hasNulls(index)) selectNulls(column.nulls, builder, selection);
    copyNumbers(column, builder, selection);
    return builder;
  }

  #builderFor(kind: Column['kind'], count: number): ColumnBuilder {
    this.#builder ??= columnOfKind(kind);
    ensureRows(this.#builder, count);
    return this.#builder;
  }

  #selectText(block: BlockReader, index: number, selection: RowSelection | null): Column {
    const { data, starts, ends, nulls } = block.text(index);
    const base = block.baseOf(index);
    if (selection === null && base === 0) return { kind: 'bytes', data, starts, ends, nulls };
    const count = selection?.count ?? block.rowCount;
    const builder = this.#builderFor('bytes', count) as ColumnBuilder & { kind: 'bytes' };
    const target = { starts: builder.starts, ends: builder.ends };
    if (selection === null) {
      for (let i = 0; i < count; i++) {
        target.starts[i] = (starts[i] as number) - base;
        target.ends[i] = (ends[i] as number) - base;
      }
      return { kind: 'bytes', data, ...target, nulls };
    }
    if (block.hasNulls(index)) selectNulls(nulls, builder, selection);
    const { rows } = selection;
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      target.starts[i] = (starts[row] as number) - base;
      target.ends[i] = (ends[row] as number) - base;
    }
    return { kind: 'bytes', data, ...target, nulls: builder.nulls };
  }

  #selectBoxed(block: BlockReader, index: number, selection: RowSelection | null): Column {
    if (this.#type === null) throw new Error('boxed values need their type');
    const packed = block.text(index);
    const base = block.baseOf(index);
    const count = selection?.count ?? block.rowCount;
    const values: unknown[] = [];
    const nulls = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const row = selection === null ? i : (selection.rows[i] as number);
      nulls[i] = packed.nulls[row] as number;
      const at = (packed.starts[row] as number) - base;
      values[i] = nulls[i] === 1 ? null : unpackBoxed(packed.data, this.#type, at);
    }
    return { kind: 'object', nulls, values };
  }
}

/** A column that is selected when it is first looked at: for those that hardly anybody looks at. */
export function columnOnDemand(kind: ColumnKind, select: () => Column): Column {
  let made: Column | null = null;
  const column = (): Column => {
    made ??= select();
    return made;
  };
  const lazy = {
    kind,
    get nulls() {
      return column().nulls;
    },
    get values() {
      return (column() as Exclude<Column, BytesColumn>).values;
    },
    get data() {
      return (column() as BytesColumn).data;
    },
    get starts() {
      return (column() as BytesColumn).starts;
    },
    get ends() {
      return (column() as BytesColumn).ends;
    },
  };
  return lazy as Column;
}

function selectNulls(
  nulls: Uint8Array,
  builder: ColumnBuilder,
  { rows, count }: RowSelection,
): void {
  const target = builder.nulls;
  for (let i = 0; i < count; i++) target[i] = nulls[rows[i] as number] as number;
}

function copyNumbers(
  column: Exclude<Column, { kind: 'bytes' | 'object' }>,
  builder: ColumnBuilder,
  { rows, count }: RowSelection,
): void {
  if (column.kind === 'float64' && builder.kind === 'float64') {
    const { values } = column;
    const target = builder.values;
    for (let i = 0; i < count; i++) target[i] = values[rows[i] as number] as number;
  } else if (column.kind === 'int32' && builder.kind === 'int32') {
    const { values } = column;
    const target = builder.values;
    for (let i = 0; i < count; i++) target[i] = values[rows[i] as number] as number;
  } else if (column.kind === 'bool' && builder.kind === 'bool') {
    const { values } = column;
    const target = builder.values;
    for (let i = 0; i < count; i++) target[i] = values[rows[i] as number] as number;
  } else if (column.kind === 'int64' && builder.kind === 'int64') {
    const { buffer, byteOffset, length } = column.values;
    const words = new Int32Array(buffer, byteOffset, length * 2);
    const target = builder.words;
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      target[2 * i] = words[2 * row] as number;
      target[2 * i + 1] = words[2 * row + 1] as number;
    }
  }
}
