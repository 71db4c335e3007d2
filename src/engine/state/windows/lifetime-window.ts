// `lifetime()`: one accumulator per key over every record applied.
import {
  addRecord,
  createStates,
  type KeptRecord,
  type PutValue,
  putStates,
  take,
  type Verdict,
  type ViewWindow,
  type WindowFeatures,
} from './view-window.ts';

export class LifetimeState implements ViewWindow {
  readonly features: WindowFeatures;
  readonly isFrozenAtEnd = true;
  readonly #states: (unknown[] | undefined)[] = [];

  constructor(features: WindowFeatures) {
    this.features = features;
  }

  judge(): Verdict {
    return take;
  }

  accept(): void {}

  add(slot: number, record: KeptRecord): void {
    this.#states[slot] ??= createStates(this.features);
    addRecord(this.features, this.#states[slot], record);
  }

  evaluate(slot: number, _tau: number, put: PutValue): void {
    putStates(this.features, this.#states[slot] ?? createStates(this.features), put);
  }

  nextTimer(): number {
    return Number.POSITIVE_INFINITY;
  }

  nextFiring(): number {
    return Number.POSITIVE_INFINITY;
  }

  lateFiring(): number {
    return Number.NEGATIVE_INFINITY;
  }

  expiry(): number {
    return Number.POSITIVE_INFINITY;
  }

  clear(slot: number): void {
    this.#states[slot] = undefined;
  }

  cleanUp(slot: number): void {
    this.clear(slot);
  }
}
