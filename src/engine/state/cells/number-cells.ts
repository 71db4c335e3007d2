// Cells of numbers in one array, with generated loops. Freed cells are used again; the array doubles.
import {
  type CellEnvironment,
  type CellLayout,
  type CellLoops,
  compileCells,
  isKeptByMerge,
  layoutCells,
} from '../../../codegen/update-loops/cell-code.ts';
import type { LoopAggregate } from '../../../codegen/update-loops/loop-plan.ts';
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import { GrowingFloats } from '../growing-arrays.ts';
import type { Cells } from './cells.ts';

export class NumberCells implements Cells {
  readonly canUnmerge = false;
  readonly isOrderless = false;
  readonly isKeptByMerge: boolean;
  readonly forms: Cells['forms'];
  readonly aggregates: readonly LoopAggregate[];
  readonly #layout: CellLayout;
  readonly #loops: CellLoops;
  readonly #pool = new GrowingFloats(0);
  readonly #free: number[] = [];
  readonly #empty: number;
  #used = 0;

  constructor(aggregates: readonly LoopAggregate[], env: CellEnvironment) {
    this.forms = aggregates.map(({ feature }) => ({ index: feature, form: 'numbers' }));
    this.aggregates = aggregates;
    this.isKeptByMerge = aggregates.every(({ fn }) => isKeptByMerge(fn));
    this.#layout = layoutCells(aggregates);
    this.#loops = compileCells(aggregates, env);
    this.#empty = this.create();
  }

  create(): number {
    const { size, initial } = this.#layout;
    const known = this.#free.pop();
    const cell = known ?? this.#used;
    if (known === undefined) this.#used += size;
    this.#pool.ensure(this.#used);
    const { data } = this.#pool;
    for (let i = 0; i < size; i++) data[cell + i] = initial[i] as number;
    return cell;
  }

  free(cell: number): void {
    this.#free.push(cell);
  }

  touch(cell: number): number {
    return this.#pool.data[cell] as number;
  }

  add(cell: number, row: number): void {
    this.#loops.add(this.#pool.data, cell, row);
  }

  merge(into: number, from: number): void {
    const { data } = this.#pool;
    this.#loops.merge(data, into, data, from);
  }

  unmerge(): void {
    throw new Error('number cells do not take away');
  }

  put(cell: number): void {
    this.#loops.put(this.#pool.data, cell);
  }

  putEmpty(): void {
    this.#loops.put(this.#pool.data, this.#empty);
  }

  /** All cells; a cell is where its numbers begin. */
  get numbers(): Float64Array {
    return this.#pool.data;
  }

  write(cell: number, to: StateWriter): void {
    to.floats(this.#pool.data, cell, cell + this.#layout.size);
  }

  read(from: StateReader): number {
    const cell = this.create();
    from.floats(this.#pool.data, cell, cell + this.#layout.size);
    return cell;
  }

  get byteLength(): number {
    return this.#pool.byteLength;
  }

  get liveBytes(): number {
    return (this.#used - this.#free.length * this.#layout.size) * 8;
  }
}
