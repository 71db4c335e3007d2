// `lifetime()`: one cell per key over every record applied.
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import { noCell } from '../cells/cells.ts';
import { CellWindow, take, type Verdict, type ViewWindow, type WindowForm } from './view-window.ts';

export class LifetimeState extends CellWindow implements ViewWindow {
  readonly isFrozenAtEnd = true;
  readonly #cells: number[] = [];

  override touch(slots: Int32Array, first: number, end: number): number {
    let touched = 0;
    for (let i = first; i < end; i++) {
      const cell = this.#cells[slots[i] as number] ?? noCell;
      if (cell !== noCell) touched += this.cells.touch(cell);
    }
    return touched;
  }

  judge(): Verdict {
    return take;
  }

  add(slot: number, row: number): void {
    const known = this.#cells[slot] ?? noCell;
    const cell = known === noCell ? this.cells.create() : known;
    this.#cells[slot] = cell;
    this.cells.add(cell, row);
  }

  evaluate(slot: number): void {
    const cell = this.#cells[slot] ?? noCell;
    if (cell === noCell) this.cells.putEmpty();
    else this.cells.put(cell);
  }

  get form(): WindowForm {
    return { kind: 'lifetime', features: this.cells.forms };
  }

  writeKey(slot: number, to: StateWriter): void {
    this.writeCell(this.#cells[slot] ?? noCell, to);
  }

  readKey(slot: number, from: StateReader): void {
    this.#cells[slot] = this.readCell(from);
  }

  get liveBytes(): number {
    return this.cells.liveBytes;
  }

  clear(slot: number): void {
    const cell = this.#cells[slot] ?? noCell;
    if (cell !== noCell) this.cells.free(cell);
    this.#cells[slot] = noCell;
  }
}
