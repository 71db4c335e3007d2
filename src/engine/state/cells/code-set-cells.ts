// Cells that are sets of value codes: countDistinct. A set is a sorted run of codes in a shared
// array, in a block of a power of two; blocks that are outgrown or freed are used again.
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import type { RecordSource } from '../windows/view-window.ts';
import type { ValueCodes } from '../value-codes.ts';
import type { OutputRow } from '../../../codegen/update-loops/loop-plan.ts';
import type { Cells } from './cells.ts';

export interface CodeSetOptions {
  readonly source: RecordSource;
  readonly output: OutputRow;
  readonly codes: ValueCodes;
  /** Staged column of the codes; bit that the row's mask must have, or -1. */
  readonly input: number;
  readonly filter: number;
  readonly feature: number;
}

/** Positions in the three numbers of a cell: where its block begins, codes in it, size class. */
const offsetAt = 0;
const countAt = 1;
const classAt = 2;
const firstClass = 2;

export class CodeSetCells implements Cells {
  readonly canUnmerge = false;
  readonly isOrderless = true;
  readonly isKeptByMerge = false;
  readonly #options: CodeSetOptions;
  #cells: Int32Array = new Int32Array(3 * 64);
  #cellsUsed = 0;
  readonly #freeCells: number[] = [];
  #blocks: Int32Array = new Int32Array(1024);
  #blocksUsed = 0;
  readonly #freeBlocks: number[][] = [];

  constructor(options: CodeSetOptions) {
    this.#options = options;
  }

  create(): number {
    const known = this.#freeCells.pop();
    const cell = known ?? this.#cellsUsed;
    if (known === undefined) this.#cellsUsed += 3;
    if (this.#cellsUsed > this.#cells.length) this.#cells = doubled(this.#cells, this.#cellsUsed);
    this.#cells[cell + offsetAt] = -1;
    this.#cells[cell + countAt] = 0;
    this.#cells[cell + classAt] = -1;
    return cell;
  }

  free(cell: number): void {
    const { codes } = this.#options;
    const offset = this.#cells[cell + offsetAt] as number;
    const count = this.#cells[cell + countAt] as number;
    for (let i = offset; i < offset + count; i++) codes.release(this.#blocks[i] as number);
    this.#freeBlock(cell);
    this.#freeCells.push(cell);
  }

  touch(cell: number): number {
    return this.#blocks[this.#cells[cell + offsetAt] as number] ?? 0;
  }

  add(cell: number, row: number): void {
    const { source, input, filter } = this.#options;
    if (filter >= 0 && ((source.mask[row] as number) & (1 << filter)) === 0) return;
    this.#insert(cell, (source.values[input] as Float64Array)[row] as number);
  }

  merge(into: number, from: number): void {
    const count = this.#cells[from + countAt] as number;
    for (let i = 0; i < count; i++) {
      const offset = this.#cells[from + offsetAt] as number;
      this.#insert(into, this.#blocks[offset + i] as number);
    }
  }

  unmerge(): void {
    throw new Error('sets do not take away');
  }

  put(cell: number): void {
    this.#put(this.#cells[cell + countAt] as number);
  }

  putEmpty(): void {
    this.#put(0);
  }

  /** The values, for codes are given anew. */
  write(cell: number, to: StateWriter): void {
    const offset = this.#cells[cell + offsetAt] as number;
    const count = this.#cells[cell + countAt] as number;
    to.varint(count);
    for (let i = offset; i < offset + count; i++) {
      this.#options.codes.write(this.#blocks[i] as number, to);
    }
  }

  read(from: StateReader): number {
    const { codes } = this.#options;
    const cell = this.create();
    for (let left = from.count(); left > 0; left--) {
      const code = codes.read(from);
      this.#insert(cell, code);
      codes.release(code);
    }
    return cell;
  }

  get forms(): Cells['forms'] {
    return [{ index: this.#options.feature, form: 'codes' }];
  }

  get liveBytes(): number {
    let free = 0;
    for (const [size, blocks] of this.#freeBlocks.entries()) free += (blocks?.length ?? 0) << size;
    return (this.#blocksUsed - free + this.#cellsUsed - this.#freeCells.length * 3) * 4;
  }

  get byteLength(): number {
    return this.#cells.byteLength + this.#blocks.byteLength;
  }

  #put(count: number): void {
    const { output, feature } = this.#options;
    const column = output.columns[feature];
    if (column?.kind !== 'float64') return;
    column.values[output.rowCount] = count;
    column.nulls[output.rowCount] = 0;
  }

  #insert(cell: number, code: number): void {
    const count = this.#cells[cell + countAt] as number;
    const offset = this.#cells[cell + offsetAt] as number;
    let low = offset;
    let high = offset + count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const at = this.#blocks[middle] as number;
      if (at === code) return;
      if (at < code) low = middle + 1;
      else high = middle - 1;
    }
    const position = count === 0 ? 0 : low - offset;
    if (count === capacityOf(this.#cells[cell + classAt] as number)) this.#enlarge(cell);
    const start = this.#cells[cell + offsetAt] as number;
    const blocks = this.#blocks;
    for (let i = start + count; i > start + position; i--) blocks[i] = blocks[i - 1] as number;
    blocks[start + position] = code;
    this.#cells[cell + countAt] = count + 1;
    this.#options.codes.holdAgain(code);
  }

  #enlarge(cell: number): void {
    const old = this.#cells[cell + offsetAt] as number;
    const count = this.#cells[cell + countAt] as number;
    const size = Math.max(firstClass, (this.#cells[cell + classAt] as number) + 1);
    const offset = this.#takeBlock(size);
    if (count > 0) this.#blocks.copyWithin(offset, old, old + count);
    this.#freeBlock(cell);
    this.#cells[cell + offsetAt] = offset;
    this.#cells[cell + classAt] = size;
  }

  #takeBlock(size: number): number {
    const free = this.#freeBlocks[size]?.pop();
    if (free !== undefined) return free;
    const offset = this.#blocksUsed;
    this.#blocksUsed += 2 ** size;
    if (this.#blocksUsed > this.#blocks.length) {
      this.#blocks = doubled(this.#blocks, this.#blocksUsed);
    }
    return offset;
  }

  #freeBlock(cell: number): void {
    const size = this.#cells[cell + classAt] as number;
    if (size < 0) return;
    this.#freeBlocks[size] ??= [];
    this.#freeBlocks[size].push(this.#cells[cell + offsetAt] as number);
  }
}

function capacityOf(size: number): number {
  return size < 0 ? 0 : 2 ** size;
}

function doubled(old: Int32Array, count: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(count, old.length * 2));
  larger.set(old);
  return larger;
}
