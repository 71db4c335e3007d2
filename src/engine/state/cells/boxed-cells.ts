// Cells of accumulators: for aggregates that are not a few numbers. The values that a cell comes to
// are computed once per change. Their bytes are not measured.
import type { Result } from '../accumulators/accumulator.ts';
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
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
  /** As they were last estimated. */
  bytes: number;
}

const cellBytes = 96;

export class BoxedCells implements Cells {
  readonly canUnmerge: boolean;
  readonly isOrderless = false;
  readonly isKeptByMerge = false;
  readonly byteLength = 0;
  readonly #features: WindowFeatures;
  readonly #cells: BoxedCell[] = [];
  readonly #free: number[] = [];
  readonly #empty: unknown[];
  liveBytes = 0;
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
    return this.#put(known, createStates(this.#features));
  }

  touch(cell: number): number {
    return this.#at(cell).bytes;
  }

  free(cell: number): void {
    const boxed = this.#at(cell);
    if (this.#canReset) this.#reset(boxed);
    else boxed.states = [];
    this.liveBytes -= boxed.bytes;
    boxed.bytes = 0;
    this.#free.push(cell);
  }

  /** A cell with these states, in the place of a free one or in a new one. */
  #put(free: number | undefined, states: unknown[]): number {
    const cell = free ?? this.#cells.length;
    this.#cells[cell] = { states, results: null, bytes: 0 };
    return cell;
  }

  add(cell: number, row: number): void {
    const boxed = this.#at(cell);
    addRecord(this.#features, boxed.states, row);
    this.#weigh(boxed);
  }

  merge(into: number, from: number): void {
    const boxed = this.#at(into);
    mergeStates(this.#features, boxed.states, this.#at(from).states);
    this.#weigh(boxed);
  }

  unmerge(into: number, from: number): void {
    const { members } = this.#features;
    const boxed = this.#at(into);
    const other = this.#at(from);
    for (let i = 0; i < members.length; i++) {
      (members[i] as FeatureMember).accumulator.unmerge?.(boxed.states[i], other.states[i]);
    }
    this.#weigh(boxed);
  }

  put(cell: number): void {
    const { members, put } = this.#features;
    const boxed = this.#at(cell);
    boxed.results ??= members.map(({ accumulator }, i) => accumulator.result(boxed.states[i]));
    for (let i = 0; i < members.length; i++) {
      put((members[i] as FeatureMember).index, boxed.results[i] as Result);
    }
  }

  write(cell: number, to: StateWriter): void {
    const { members } = this.#features;
    for (let i = 0; i < members.length; i++) this.writeMember(cell, i, to);
  }

  /** The part of one feature; of cell -1 that of one without records. */
  writeMember(cell: number, member: number, to: StateWriter): void {
    const states = cell < 0 ? this.#empty : this.#at(cell).states;
    (this.#features.members[member] as FeatureMember).accumulator.write(states[member], to);
  }

  read(from: StateReader): number {
    const states = this.#features.members.map(({ accumulator }) => accumulator.read(from));
    const cell = this.#put(this.#free.pop(), states);
    this.#weigh(this.#at(cell));
    return cell;
  }

  get forms(): Cells['forms'] {
    return this.#features.members.map(({ index }) => ({ index, form: 'boxed' }));
  }

  putEmpty(): void {
    putStates(this.#features, this.#empty);
  }

  /** Estimates what a changed cell costs. */
  #weigh(boxed: BoxedCell): void {
    const { members } = this.#features;
    let bytes = cellBytes;
    for (let i = 0; i < members.length; i++) {
      bytes += (members[i] as FeatureMember).accumulator.bytesOf(boxed.states[i]);
    }
    this.liveBytes += bytes - boxed.bytes;
    boxed.bytes = bytes;
    boxed.results = null;
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
