// What a store can tell of its own changes, for copies of it elsewhere: rows in the order in which they
// became visible, from a cursor on. A row that changed twice comes once, as it is now.

export interface ChangedRow {
  readonly key: Uint8Array;
  /** Packed. */
  readonly row: Uint8Array;
  /** When the store took it, by the store's clock. */
  readonly writtenAtMs: number;
}

export interface Changes {
  readonly rows: readonly ChangedRow[];
  /** Where the next call goes on. */
  readonly cursor: string;
  /** True when there was no more at `atMs`. */
  readonly isAtEnd: boolean;
  /** Rows were dropped since the cursor: these begin anew, and copies of what was there before must go. */
  readonly isRestarted: boolean;
  /** The store's clock when it looked: all that was visible before is in `rows` or in calls before. */
  readonly atMs: number;
}

export interface ChangeFeed {
  /** `cursor`: of the call before; null: from the beginning. */
  changes(view: string, cursor: string | null, limit: number): Promise<Changes>;
}
