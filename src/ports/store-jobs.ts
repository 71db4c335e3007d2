// Several jobs may keep rows in one online store, each apart from the others: the first job of an
// environment, and second jobs that replay history beside it. The alias says whose rows readers are
// given. It moves in one step and for all readers; rows are never copied by it.
import type { RowVersion } from '../columns/packed-row.ts';
import type { StoredView } from './stored-view.ts';

/** What an online store offers beyond its own rows; part of its binding. */
export interface StoreJobs {
  openAlias(place: StorePlace): Promise<StoreAlias>;
  /** Throws MR_STORE_OPEN when that job never wrote a row. */
  openRows(place: StorePlace & { readonly variant: string | null }): Promise<StoreRows>;
}

export interface StorePlace {
  readonly project: string;
  readonly baseDirectory: string;
}

/** Whose rows readers are given. */
export interface StoreAlias {
  /** Asked before reads: what is answered at once is at most one switch old. */
  current(): AliasState | Promise<AliasState>;
  /**
   * Moves the alias, durably, when its version still is `from`; throws MR_STORE_ALIAS when somebody
   * else has moved it.
   */
  move(change: AliasMove): Promise<AliasState>;
  close(): Promise<void>;
}

export interface AliasMove {
  readonly from: number;
  /** Name of a second job; null: the first one. */
  readonly variant: string | null;
  readonly atMs: number;
}

export interface AliasState {
  /** Grows with each move; 0: never moved, readers are given the rows of the first job. */
  readonly version: number;
  readonly variant: string | null;
  /** Moves, the newest first; the oldest are forgotten. */
  readonly history: readonly Omit<AliasMove, 'from'>[];
}

/** The rows of one job with the definitions that it wrote them by, for whoever compares or corrects. */
export interface StoreRows {
  readonly views: readonly StoredView[];
  /** Packed rows in the order of the keys; null where there is none. */
  read(
    view: string,
    keys: readonly Uint8Array[],
  ): readonly (Uint8Array | null)[] | Promise<readonly (Uint8Array | null)[]>;
  scan(view: string): AsyncIterable<{ readonly key: Uint8Array; readonly row: Uint8Array }>;
  /**
   * Replaces rows that are still as expected, beside the job that writes them; says for each whether
   * it did. Durable and visible when it resolves. What the job writes later is newer and stays.
   */
  replace(view: string, rows: readonly RowReplacement[]): Promise<readonly boolean[]>;
  close(): Promise<void>;
}

export interface RowReplacement {
  readonly key: Uint8Array;
  /** A packed row; null removes. */
  readonly row: Uint8Array | null;
  /** Version of the row that is there; null: none is. */
  readonly expected: RowVersion | null;
}

/** A move kept in the history of an alias. */
export function movedAlias(state: AliasState, { variant, atMs }: AliasMove): AliasState {
  const history = [{ variant, atMs }, ...state.history].slice(0, historyMax);
  return { version: state.version + 1, variant, history };
}

export const unmovedAlias: AliasState = Object.freeze({ version: 0, variant: null, history: [] });

const historyMax = 50;
