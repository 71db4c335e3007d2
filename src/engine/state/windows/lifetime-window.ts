// `lifetime()`: one total per key over every record applied.
import { BoxedWindow, take, type Verdict, type ViewWindow } from './view-window.ts';
import { WindowTotal } from './window-total.ts';

export class LifetimeState extends BoxedWindow implements ViewWindow {
  readonly isFrozenAtEnd = true;
  readonly #totals: (WindowTotal | undefined)[] = [];

  judge(): Verdict {
    return take;
  }

  add(slot: number, row: number): void {
    this.#totals[slot] ??= new WindowTotal(this.features);
    this.#totals[slot].add(this.features, row);
  }

  evaluate(slot: number): void {
    (this.#totals[slot] ?? this.empty).put(this.features);
  }

  clear(slot: number): void {
    this.#totals[slot] = undefined;
  }
}
