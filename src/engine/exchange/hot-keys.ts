// The hottest keys of a route, from a sample of its rows: what makes one subtask busier than others.
import { hashBytes } from '../../kernel/hash.ts';
import { seededRandom } from '../../kernel/random.ts';
import { type FrequentKey, SpaceSaving } from '../../sketch/space-saving.ts';
import { KeyEncoder, type KeyPart } from '../operators/key-encoder.ts';
import type { KeyBounds } from '../state/key-table.ts';

/** Row numbers of a batch: the first `count` of them. */
export interface SelectedRows {
  readonly selected: Int32Array;
  readonly count: number;
}

/** Of large batches, one row in this many is counted. */
const sampleStride = 32;
const sampledFrom = 1024;
/** After this many rows, older ones count half. */
const fadeRows = 4_000_000;

export class HotKeys {
  readonly #sketch = new SpaceSaving();
  readonly #encoder = new KeyEncoder();
  readonly #random = seededRandom(1);
  #rows: Int32Array = new Int32Array(sampledFrom);
  #weight = 1;

  observe(parts: readonly KeyPart[], { selected, count }: SelectedRows): void {
    const stride = count < sampledFrom ? 1 : sampleStride;
    if (this.#rows.length < count) this.#rows = new Int32Array(count);
    const rows = this.#rows;
    let sampled = 0;
    // Steps of random length, so that no pattern of the input is missed or counted twice.
    const step = (): number => 1 + Math.floor(this.#random.next() * (2 * stride - 1));
    for (let i = step() - 1; i < count; i += step()) rows[sampled++] = selected[i] as number;
    this.#weight = stride;
    const given = { selected: rows, count: sampled };
    this.#encoder.resolve(this, parts, given, { slots: rows, first: 0 });
    if (this.#sketch.total > fadeRows) this.#sketch.halve();
  }

  /** Counts encoded keys: what the encoder asks of a table of keys. */
  resolve(source: Uint8Array, { starts, ends, count }: KeyBounds): void {
    for (let i = 0; i < count; i++) {
      const start = starts[i] as number;
      const end = ends[i] as number;
      const hash = hashBytes(source, start, end);
      this.#sketch.add(source, { start, end, hash }, this.#weight);
    }
  }

  /** Encoded keys with their share of the rows, the hottest first. */
  top(limit: number): readonly FrequentKey[] {
    return this.#sketch.top(limit);
  }
}
