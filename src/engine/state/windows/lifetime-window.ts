// `lifetime()`: one accumulator per key over every record applied.
import {
  addRecord,
  BoxedWindow,
  createStates,
  putStates,
  take,
  type Verdict,
  type ViewWindow,
} from './view-window.ts';

export class LifetimeState extends BoxedWindow implements ViewWindow {
  readonly isFrozenAtEnd = true;
  readonly #states: (unknown[] | undefined)[] = [];

  judge(): Verdict {
    return take;
  }

  add(slot: number, row: number): void {
    this.#states[slot] ??= createStates(this.features);
    addRecord(this.features, this.#states[slot], this.recordAt(row));
  }

  evaluate(slot: number): void {
    putStates(this.features, this.#states[slot] ?? createStates(this.features));
  }

  clear(slot: number): void {
    this.#states[slot] = undefined;
  }
}
