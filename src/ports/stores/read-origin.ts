// Where rows of a read came from, when a store has more than one place to look: remembered beside the
// rows, for whoever answers with them. A store that has one place says nothing.

/**
 * `local`: from nearby, and fresh. `central`: from the centre, because nearby it was stale or missing.
 * `stale`: from nearby although it is stale, or not there although that could not be confirmed: the
 * centre did not answer in time.
 */
export type RowOrigin = 'local' | 'central' | 'stale';

export interface ReadOrigin {
  /** One per row, in their order. */
  readonly rows: readonly RowOrigin[];
  /** How long ago what is nearby was complete; null when that was never so. */
  readonly replicaAgeMs: number | null;
}

type Rows = readonly (Uint8Array | null)[];

const origins = new WeakMap<Rows, ReadOrigin>();

/** Remembers it for these rows; gives them back. */
export function withOrigin(rows: Rows, origin: ReadOrigin): Rows {
  origins.set(rows, origin);
  return rows;
}

/** Null when the store said nothing of it. */
export function originOf(rows: Rows): ReadOrigin | null {
  return origins.get(rows) ?? null;
}

/** The worst of several rows: what an answer is marked with. */
export function worstOrigin(rows: readonly RowOrigin[]): RowOrigin {
  if (rows.includes('stale')) return 'stale';
  return rows.includes('central') ? 'central' : 'local';
}
