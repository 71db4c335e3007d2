// One cell made of a cell of each of several kinds, for features of one window that are kept in
// different ways.
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import type { Cells } from './cells.ts';

export class CompositeCells implements Cells {
  readonly canUnmerge: boolean;
  readonly isOrderless: boolean;
  readonly isKeptByMerge: boolean;
  readonly parts: readonly Cells[];
  /** Cells of the parts, in turn, per composite cell. */
  #members: Int32Array;
  readonly #free: number[] = [];
  #used = 0;

  constructor(parts: readonly Cells[]) {
    this.parts = parts;
    this.#members = new Int32Array(parts.length * 64);
    this.canUnmerge = parts.every((part) => part.canUnmerge);
    this.isOrderless = parts.every((part) => part.isOrderless);
    this.isKeptByMerge = parts.every((part) => part.isKeptByMerge);
  }

  create(): number {
    const cell = this.#place();
    for (let i = 0; i < this.parts.length; i++) this.#members[cell + i] = this.#part(i).create();
    return cell;
  }

  /** Room for the members of a cell. */
  #place(): number {
    const known = this.#free.pop();
    const cell = known ?? this.#used;
    const count = this.parts.length;
    if (known === undefined) this.#used += count;
    if (this.#used > this.#members.length) {
      const larger = new Int32Array(this.#members.length * 2);
      larger.set(this.#members);
      this.#members = larger;
    }
    return cell;
  }

  free(cell: number): void {
    for (let i = 0; i < this.parts.length; i++) this.#part(i).free(this.#member(cell, i));
    this.#free.push(cell);
  }

  touch(cell: number): number {
    let touched = 0;
    for (let i = 0; i < this.parts.length; i++) {
      touched += this.#part(i).touch(this.#member(cell, i));
    }
    return touched;
  }

  add(cell: number, row: number): void {
    for (let i = 0; i < this.parts.length; i++) this.#part(i).add(this.#member(cell, i), row);
  }

  merge(into: number, from: number): void {
    for (let i = 0; i < this.parts.length; i++) {
      this.#part(i).merge(this.#member(into, i), this.#member(from, i));
    }
  }

  unmerge(into: number, from: number): void {
    for (let i = 0; i < this.parts.length; i++) {
      this.#part(i).unmerge(this.#member(into, i), this.#member(from, i));
    }
  }

  put(cell: number): void {
    for (let i = 0; i < this.parts.length; i++) this.#part(i).put(this.#member(cell, i));
  }

  putEmpty(): void {
    for (const part of this.parts) part.putEmpty();
  }

  /** The cell of a part. */
  memberOf(cell: number, part: number): number {
    return this.#member(cell, part);
  }

  write(cell: number, to: StateWriter): void {
    for (let i = 0; i < this.parts.length; i++) this.#part(i).write(this.#member(cell, i), to);
  }

  read(from: StateReader): number {
    const cell = this.#place();
    for (let i = 0; i < this.parts.length; i++) this.#members[cell + i] = this.#part(i).read(from);
    return cell;
  }

  get forms(): Cells['forms'] {
    return this.parts.flatMap(({ forms }) => forms);
  }

  get liveBytes(): number {
    const own = (this.#used - this.#free.length * this.parts.length) * 4;
    return this.parts.reduce((sum, part) => sum + part.liveBytes, own);
  }

  get byteLength(): number {
    return this.parts.reduce((sum, part) => sum + part.byteLength, this.#members.byteLength);
  }

  #part(index: number): Cells {
    return this.parts[index] as Cells;
  }

  #member(cell: number, index: number): number {
    return this.#members[cell + index] as number;
  }
}
