// The row that counts for each key while time moves on: of the rows that are known, the one with the
// greatest version. Versions order by (as_of, _seq, arrival), the later in the log wins a tie.
// Rows become known in any order of versions: a correction is known late and is an old version.
import { orderByValue } from '../radix-order.ts';

/** Rows of a log, one array per attribute. */
export interface LogRows {
  readonly count: number;
  /** Number of the row's key. */
  readonly slots: Int32Array;
  readonly asOfMs: Float64Array;
  readonly seqs: Float64Array;
  readonly arrivalMs: Float64Array;
  /** From when the row may be used. */
  readonly knownMs: Float64Array;
  /** Where the row lies: number of its row group, row in that. */
  readonly groups: Int32Array;
  readonly rows: Int32Array;
}

export const noRow = -1;

export class KeyVersions {
  /** Per key where its row lies; `noRow` when there is none. */
  readonly groups: Int32Array;
  readonly rows: Int32Array;
  readonly #asOfMs: Float64Array;
  readonly #seqs: Float64Array;
  readonly #arrivalMs: Float64Array;

  constructor(keyCount: number) {
    this.groups = new Int32Array(keyCount).fill(noRow);
    this.rows = new Int32Array(keyCount);
    this.#asOfMs = new Float64Array(keyCount).fill(Number.NEGATIVE_INFINITY);
    this.#seqs = new Float64Array(keyCount);
    this.#arrivalMs = new Float64Array(keyCount);
  }

  /** A row has become known. */
  offer(from: LogRows, row: number): void {
    const slot = from.slots[row] as number;
    const asOfMs = from.asOfMs[row] as number;
    const newer =
      asOfMs - (this.#asOfMs[slot] as number) ||
      (from.seqs[row] as number) - (this.#seqs[slot] as number) ||
      (from.arrivalMs[row] as number) - (this.#arrivalMs[slot] as number);
    if (newer < 0) return;
    this.#asOfMs[slot] = asOfMs;
    this.#seqs[slot] = from.seqs[row] as number;
    this.#arrivalMs[slot] = from.arrivalMs[row] as number;
    this.groups[slot] = from.groups[row] as number;
    this.rows[slot] = from.rows[row] as number;
  }
}

/** Which row of the log each label takes: by label row; group `noRow` for none. */
export interface Matches {
  readonly groups: Int32Array;
  readonly rows: Int32Array;
}

/** Labels that are asked, by ascending time. */
export interface AskedLabels {
  readonly order: Uint32Array;
  readonly timesMs: Float64Array;
  readonly keySlots: Int32Array;
}

/**
 * Goes through rows and labels `order[first ..]` with times below `endMs` together, in time: rows of a
 * label's instant count for it. Returns the next label; rows not known by `endMs` are in `pending`.
 */
export function matchUntil(
  endMs: number,
  log: LogRows,
  versions: KeyVersions,
  { labels, first, matches }: LabelRun,
): { readonly next: number; readonly pending: readonly number[] } {
  const { order, timesMs, keySlots } = labels;
  const sorted = orderByValue(log.knownMs, log.count);
  let at = 0;
  let label = first;
  for (; label < order.length; label++) {
    const asked = order[label] as number;
    const timeMs = timesMs[asked] as number;
    if (timeMs >= endMs) break;
    for (; at < sorted.length; at++) {
      const row = sorted[at] as number;
      if ((log.knownMs[row] as number) > timeMs) break;
      versions.offer(log, row);
    }
    const slot = keySlots[asked] as number;
    if (slot < 0) continue;
    matches.groups[asked] = versions.groups[slot] as number;
    matches.rows[asked] = versions.rows[slot] as number;
  }
  for (; at < sorted.length; at++) {
    const row = sorted[at] as number;
    if ((log.knownMs[row] as number) >= endMs) break;
    versions.offer(log, row);
  }
  return { next: label, pending: [...sorted.subarray(at)] };
}

export interface LabelRun {
  readonly labels: AskedLabels;
  readonly first: number;
  readonly matches: Matches;
}
