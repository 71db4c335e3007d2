// Merged states of a window with the values they come to: values are computed once per change.
import type { Accumulator, Result } from '../accumulators/accumulator.ts';
import { addRecord, createStates, mergeStates, type WindowFeatures } from './view-window.ts';

export class WindowTotal {
  readonly states: unknown[];
  #results: Result[] | null = null;

  constructor(features: WindowFeatures) {
    this.states = createStates(features);
  }

  add(features: WindowFeatures, row: number): void {
    addRecord(features, this.states, row);
    this.#results = null;
  }

  merge(features: WindowFeatures, states: readonly unknown[]): void {
    mergeStates(features, this.states, states);
    this.#results = null;
  }

  put(features: WindowFeatures): void {
    const { members, put } = features;
    this.#results ??= members.map(({ accumulator }, i) =>
      (accumulator as Accumulator).result(this.states[i]),
    );
    for (let i = 0; i < members.length; i++) {
      put((members[i] as { index: number }).index, this.#results[i] as Result);
    }
  }
}
