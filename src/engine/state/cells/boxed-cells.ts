// Cells of accumulators: for aggregates that are not a few numbers. The values that a cell comes to
// are computed once per change. Their bytes are not measured.
import type { Result } from '../accumulators/accumulator.ts';
import {
  addRecord,
  createStates,
  type FeatureMember,
  mergeStates,
  putStates,
  type WindowFeatures,
} from '../windows/view-window.ts';
import type { Cells } from './cells.ts';

interface BoxedCell {
  states: unknown[];
  results: Result[] | null;
}

export class BoxedCells implements Cells {
  readonly canUnmerge: boolean;
  readonly byteLength = 0;
  readonly #features: WindowFeatures;
  readonly #cells: BoxedCell[] = [];
  readonly #free: number[] = [];
  readonly #empty: unknown[];
  /** Whether states can be used again. */
  readonly #canReset: boolean;

  constructor(features: WindowFeatures) {
    this.#features = features;
    this.#empty = createStates(features);
    this.#canReset = features.members.every(({ accumulator }) => accumulator.reset !== undefined);
    this.canUnmerge = features.members.every(
      ({ accumulator }) => accumulator.unmerge !== undefined,
    );
  }

  create(): number {
    const known = this.#free.pop();
    if (known !== undefined && this.#canReset) return known;
    const cell = known ?? this.#cells.length;
    this.#cells[cell] = { states: createStates(this.#features), results: null };
    return cell;
  }

  free(cell: number): void {
    const boxed = this.#at(cell);
    if (this.#canReset) this.#reset(boxed);
    else boxed.states = [];
    this.#free.push(cell);
  }

  add(cell: number, row: number): void {
    const boxed = this.#at(cell);
    addRecord(this.#features, boxed.states, row);
    boxed.results = null;
  }

  merge(into: number, from: number): void {
    const boxed = this.#at(into);
    mergeStates(this.#features, boxed.states, this.#at(from).states);
    boxed.results = null;
  }

  unmerge(into: number, from: number): void {
    const { members } = this.#features;
    const boxed = this.#at(into);
    const other = this.#at(from);
    for (let i = 0; i < members.length; i++) {
      (members[i] as FeatureMember).accumulator.unmerge?.(boxed.states[i], other.states[i]);
    }
    boxed.results = null;
  }

  put(cell: number): void {
    const { members, put } = this.#features;
    const boxed = this.#at(cell);
    boxed.results ??= members.map(({ accumulator }, i) => accumulator.result(boxed.states[i]));
    for (let i = 0; i < members.length; i++) {
      put((members[i] as FeatureMember).index, boxed.results[i] as Result);
    }
  }

  putEmpty(): void {
    putStates(this.#features, this.#empty);
  }

  #reset(boxed: BoxedCell): void {
    const { members } = this.#features;
    for (let i = 0; i < members.length; i++) {
      (members[i] as FeatureMember).accumulator.reset?.(boxed.states[i]);
    }
    boxed.results = null;
  }

  #at(cell: number): BoxedCell {
    return this.#cells[cell] as BoxedCell;
  }
}
