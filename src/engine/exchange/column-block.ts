// Columns of some rows as one block of bytes, written into shared memory and read there without
// copying: numbers are views, text is ranges of one region. Columns that share their bytes (all
// text of a decoded chunk) share a region, copied as a whole; where that would copy much that no
// row names, the values of a column are gathered. Layout, all positions relative to the block and
// multiples of 8: a head of 32-bit words (rows, columns, regions, then whatever the element needs
// to say), four words per column, three per region, then the arrays.
import type { Column, ColumnKind } from '../../columns/column.ts';
import type { FieldType } from '../../kernel/types/field-type.ts';
import { BoxedValues } from './boxed-values.ts';
import { TextRegions } from './text-regions.ts';

export const columnKinds: readonly ColumnKind[] = [
  'float64',
  'int32',
  'int64',
  'bool',
  'bytes',
  'object',
];

/** Words of the head that belong to the element, behind the three of the block. */
export const headWords = 8;
export const columnWords = 4;
export const regionWords = 3;
/** Position of the nulls of a column that has none. */
export const noNulls = -1;

/** A column to be written; without nulls they need not be sent. `type` is needed for boxed values. */
export interface BlockColumn {
  readonly column: Column;
  readonly hasNulls: boolean;
  readonly type: FieldType | null;
}

type NumberArray = Float64Array | Int32Array | BigInt64Array | Uint8Array;

export function aligned(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** Writes blocks; `measure` first, then `writeTo` as often as is needed. Reused from block to block. */
export class BlockWriter {
  /** The element's own words of the head. */
  readonly head = new Int32Array(headWords - 3);
  size = 0;
  #kinds: readonly ColumnKind[] = [];
  #columns: readonly BlockColumn[] = [];
  #from = 0;
  #to = 0;
  readonly #regions = new TextRegions();
  readonly #boxed = new BoxedValues();

  /** Works out the bytes that rows `[from, to)` of the columns take; the columns must stay as they are. */
  measure(columns: readonly BlockColumn[], from: number, to: number): number {
    const rows = to - from;
    this.#from = from;
    this.#to = to;
    this.#regions.clear();
    this.#boxed.clear();
    let size = 0;
    this.#kinds = columns.map(({ column }) => column.kind);
    this.#columns = columns.map((given) => this.#unboxed(given));
    for (const { column, hasNulls } of this.#columns) {
      if (hasNulls) size += aligned(rows);
      if (column.kind === 'bytes') this.#regions.add(column, from, to);
      size += column.kind === 'bytes' ? 2 * aligned(rows * 4) : aligned(rows * widthOf(column));
    }
    size += this.#regions.settle();
    const words = headWords + columns.length * columnWords + this.#regions.count * regionWords;
    this.size = aligned(words * 4) + size;
    return this.size;
  }

  writeTo(buffer: SharedArrayBuffer, at: number): void {
    const bytes = new Uint8Array(buffer, at, this.size);
    const rows = this.#to - this.#from;
    const columns = this.#columns;
    const regions = this.#regions;
    const words = headWords + columns.length * columnWords + regions.count * regionWords;
    const head = new Int32Array(buffer, at, words);
    head[0] = rows;
    head[1] = columns.length;
    head[2] = regions.count;
    head.set(this.head, 3);
    let position = regions.writeTo(bytes, aligned(words * 4));
    for (const [i, { column, hasNulls }] of columns.entries()) {
      const word = headWords + i * columnWords;
      head[word] = columnKinds.indexOf(this.#kinds[i] as ColumnKind);
      head[word + 1] = hasNulls ? position : noNulls;
      if (hasNulls) position = this.#put(bytes, position, column.nulls);
      head[word + 2] = position;
      if (column.kind === 'bytes') {
        const region = regions.regionOf(column);
        head[word + 3] = region;
        position = regions.writeRanges(column, { bytes, at: position, region });
      } else if (column.kind !== 'object') position = this.#put(bytes, position, column.values);
    }
    for (let i = 0; i < regions.count; i++) {
      const word = headWords + columns.length * columnWords + i * regionWords;
      head[word] = regions.positions[i] as number;
      head[word + 1] = regions.lengths[i] as number;
      head[word + 2] = regions.bases[i] as number;
    }
  }

  #put(bytes: Uint8Array, position: number, values: NumberArray): number {
    const width = values.BYTES_PER_ELEMENT;
    const length = (this.#to - this.#from) * width;
    const start = values.byteOffset + this.#from * width;
    bytes.set(new Uint8Array(values.buffer, start, length), position);
    return position + aligned(length);
  }

  /** Boxed values become bytes of their own. */
  #unboxed(given: BlockColumn): BlockColumn {
    const { column, type } = given;
    if (column.kind !== 'object') return given;
    if (type === null) throw new Error('boxed values need their type');
    const packed = this.#boxed.pack(column, type, this.#from, this.#to);
    return { column: packed, hasNulls: true, type };
  }
}

function widthOf(column: Column): number {
  return column.kind === 'object'
    ? 0
    : column.kind === 'bytes'
      ? 4
      : column.values.BYTES_PER_ELEMENT;
}

/** Bounds of one element. */
export interface ElementLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** Measures rows from `from` on, as many as fit the limits, one at least; where they end. */
export function takeRows(
  block: BlockWriter,
  columns: readonly BlockColumn[],
  { from, end }: { readonly from: number; readonly end: number },
  { rowsMax, bytesMax }: ElementLimits,
): number {
  let to = Math.min(end, from + rowsMax);
  for (;;) {
    const size = block.measure(columns, from, to);
    if (size <= bytesMax || to === from + 1) return to;
    to = from + Math.max(1, Math.floor(((to - from) * bytesMax * 0.9) / size));
  }
}
