// Which rows of a vector batch a store needs: the last one of each key. Rows of a key are in
// (as_of, seq) order within a batch, so the last is the newest. Should a key have two slots in one
// batch, both come out and the store's comparison of versions decides.
import type { VectorBatch } from './vector-batch.ts';

/** Finds the newest rows; the result is valid until the next call. */
export interface NewestRows {
  find(batch: VectorBatch): Int32Array;
}

export function createNewestRows(): NewestRows {
  let seen = new Uint32Array(1024);
  let rows = new Int32Array(1024);
  let generation = 0;
  return {
    find({ keySlots, rowCount }) {
      generation++;
      if (rows.length < rowCount) rows = new Int32Array(rowCount * 2);
      let at = rows.length;
      for (let row = rowCount - 1; row >= 0; row--) {
        const slot = keySlots[row] as number;
        if (slot >= seen.length) seen = grown(seen, slot + 1);
        if (seen[slot] === generation) continue;
        seen[slot] = generation;
        rows[--at] = row;
      }
      return rows.subarray(at);
    },
  };
}

function grown(old: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(length, old.length * 2));
  larger.set(old);
  return larger;
}
