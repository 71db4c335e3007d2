// `lifetime()`: one cell per key over every record applied.
import { noCell } from '../cells/cells.ts';
import { CellWindow, take, type Verdict, type ViewWindow } from './view-window.ts';

export class LifetimeState extends CellWindow implements ViewWindow {
  readonly isFrozenAtEnd = true;
  readonly #cells: number[] = [];

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

  clear(slot: number): void {
    const cell = this.#cells[slot] ?? noCell;
    if (cell !== noCell) this.cells.free(cell);
    this.#cells[slot] = noCell;
  }
}
