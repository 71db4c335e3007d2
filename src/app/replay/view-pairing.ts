// One view of two jobs: which rows both have, and its features compared over pairs of rows, each read
// by the fields that it was written with.
import { asOfMsOf, eventTimeMsOf } from '../../columns/packed-row.ts';
import { type PackedRowReader, createRowReader } from '../../columns/packed-row-reader.ts';
import { decodeKey } from '../../kernel/key-encoding.ts';
import { type Field, sameType } from '../../kernel/types/field-type.ts';
import type { StoredView } from '../../ports/stored-view.ts';
import { type FeatureComparison, FeatureTally, type TallyLimits } from './feature-difference.ts';
import type { RowPair } from './pair-rows.ts';

/** One view of two jobs. */
export interface ViewComparison {
  readonly view: string;
  readonly equal: boolean;
  /** Both jobs compute it by the same definition. */
  readonly same_definition: boolean;
  readonly rows: {
    readonly both: number;
    readonly only_left: number;
    readonly only_right: number;
    /** Of `both`: rows that are not of the same event time and instant. */
    readonly unsettled: number;
  };
  readonly features: readonly FeatureComparison[];
}

/** Rows of a key that were not of the same instant when they were read. */
export interface OpenPair {
  readonly key: Uint8Array;
  readonly instants: string;
}

/** A feature that both jobs have, with its place in the rows of each. */
interface SharedFeature {
  readonly leftIndex: number;
  readonly rightIndex: number;
  readonly tally: FeatureTally;
}

export class ViewPairing {
  readonly #left: StoredView | null;
  readonly #right: StoredView | null;
  readonly #leftReader: PackedRowReader;
  readonly #rightReader: PackedRowReader;
  readonly #shared: readonly SharedFeature[];
  #both = 0;
  #onlyLeft = 0;
  #onlyRight = 0;
  #unsettled = 0;

  constructor(left: StoredView | null, right: StoredView | null, limits: TallyLimits) {
    this.#left = left;
    this.#right = right;
    this.#leftReader = createRowReader(left?.features ?? []);
    this.#rightReader = createRowReader(right?.features ?? []);
    this.#shared = (left?.features ?? []).flatMap((field, leftIndex) => {
      const rightIndex = (right?.features ?? []).findIndex((other) => isSameField(field, other));
      return rightIndex < 0
        ? []
        : [{ leftIndex, rightIndex, tally: new FeatureTally(field, limits) }];
    });
  }

  /** Adds pairs of the same instant; the others are returned. */
  addSettled(page: readonly RowPair[]): readonly OpenPair[] {
    const open: OpenPair[] = [];
    for (const pair of page) {
      const { key, left, right } = pair;
      if (isSettled(pair)) this.add(pair);
      else open.push({ key, instants: `${instantOf(left)} / ${instantOf(right)}` });
    }
    return open;
  }

  add(pair: RowPair): void {
    const { left, right } = pair;
    if (left !== null && right !== null) this.#addBoth(pair, left, right);
    else if (left !== null) this.#addAlone('left', left);
    else if (right !== null) this.#addAlone('right', right);
  }

  result(view: string): ViewComparison {
    const features = [
      ...this.#shared.map(({ tally }) => tally.result()),
      ...this.#alone('left', this.#left, this.#right),
      ...this.#alone('right', this.#right, this.#left),
    ];
    const rows = {
      both: this.#both,
      only_left: this.#onlyLeft,
      only_right: this.#onlyRight,
      unsettled: this.#unsettled,
    };
    const equal =
      rows.only_left + rows.only_right + rows.unsettled === 0 &&
      features.every((f) => f.in === 'both' && f.differing + f.unsettled === 0);
    const same_definition = this.#left?.fingerprint === this.#right?.fingerprint;
    return { view, equal, same_definition, rows, features };
  }

  #addBoth(pair: RowPair, left: Uint8Array, right: Uint8Array): void {
    this.#both++;
    const settled = isSettled(pair);
    if (!settled) this.#unsettled++;
    const example = () => ({
      key: decodeKey(this.#left?.key ?? [], pair.key),
      left_event_time_ms: eventTimeMsOf(left),
      right_event_time_ms: eventTimeMsOf(right),
    });
    for (const { leftIndex, rightIndex, tally } of this.#shared) {
      tally.add({
        left: this.#leftReader.value(left, leftIndex),
        right: this.#rightReader.value(right, rightIndex),
        isSettled: settled,
        example,
      });
    }
  }

  #addAlone(side: 'left' | 'right', row: Uint8Array): void {
    if (side === 'left') this.#onlyLeft++;
    else this.#onlyRight++;
    const reader = side === 'left' ? this.#leftReader : this.#rightReader;
    for (const { leftIndex, rightIndex, tally } of this.#shared) {
      tally.addAlone(side, reader.value(row, side === 'left' ? leftIndex : rightIndex));
    }
  }

  #alone(
    side: 'left' | 'right',
    mine: StoredView | null,
    other: StoredView | null,
  ): readonly FeatureComparison[] {
    const theirs = other?.features ?? [];
    return (mine?.features ?? [])
      .filter((field) => !theirs.some((candidate) => isSameField(field, candidate)))
      .map(({ name }) => ({
        feature: name,
        in: side,
        equal: 0,
        differing: 0,
        unsettled: 0,
        difference: null,
        left: null,
        right: null,
        examples: [],
      }));
  }
}

function instantOf(row: Uint8Array | null | undefined): string {
  return row === null || row === undefined ? '' : `${eventTimeMsOf(row)} ${asOfMsOf(row)}`;
}

function isSettled({ left, right }: RowPair): boolean {
  return left !== null && right !== null && instantOf(left) === instantOf(right);
}

function isSameField(a: Field, b: Field): boolean {
  return a.name === b.name && sameType(a.type, b.type);
}
