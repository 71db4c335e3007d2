// The bytes that text columns of a block point into. One region per buffer, from the first byte that
// a row names to the last; a region of which the rows name less than half holds their values only,
// gathered one after the other.
import type { BytesColumn } from '../../columns/column.ts';

/** Values whose memory is touched ahead together. */
const touchRows = 128;
/** Regions up to this are copied whole, whatever the rows name of them. */
const wholeBytesMax = 1 << 14;
/** A larger region is copied whole unless it is this many times what the rows name. */
const wholeRatioMax = 16;

interface Region {
  readonly data: Uint8Array;
  least: number;
  greatest: number;
  /** Bytes that rows name. */
  named: number;
  isGathered: boolean;
  /** Bytes gathered so far. */
  gathered: number;
}

export class TextRegions {
  /** Per region: where it begins in the block, its length, and what to take off a column's ranges. */
  readonly positions: number[] = [];
  readonly lengths: number[] = [];
  readonly bases: number[] = [];
  /** What touching read: it means nothing, but must not be optimised away. */
  touched = 0;
  #regions: Region[] = [];
  #from = 0;
  #to = 0;

  get count(): number {
    return this.#regions.length;
  }

  clear(): void {
    this.#regions = [];
  }

  add({ data, starts, ends, nulls }: BytesColumn, from: number, to: number): void {
    this.#from = from;
    this.#to = to;
    let least = Number.POSITIVE_INFINITY;
    let greatest = 0;
    let named = 0;
    for (let row = from; row < to; row++) {
      const start = starts[row] as number;
      const end = ends[row] as number;
      if (start >= end || nulls[row] === 1) continue;
      if (start < least) least = start;
      if (end > greatest) greatest = end;
      named += end - start;
    }
    const known = this.#regions.find((region) => region.data === data);
    if (known === undefined) {
      const place = { isGathered: false, gathered: 0 };
      this.#regions.push({ data, least, greatest, named, ...place });
      return;
    }
    known.least = Math.min(known.least, least);
    known.greatest = Math.max(known.greatest, greatest);
    known.named += named;
  }

  /** All columns were added: the bytes that the regions take. */
  settle(): number {
    let size = 0;
    for (const [i, region] of this.#regions.entries()) {
      const span = Math.max(0, region.greatest - region.least);
      region.isGathered = span > wholeBytesMax && span > region.named * wholeRatioMax;
      const isEmpty = region.greatest === 0;
      this.bases[i] = region.isGathered || isEmpty ? 0 : region.least;
      this.lengths[i] = isEmpty ? 0 : region.isGathered ? region.named : span;
      size += (this.lengths[i] + 7) & ~7;
    }
    return size;
  }

  /** Writes the regions from `at` on; returns where they end. */
  writeTo(bytes: Uint8Array, at: number): number {
    let position = at;
    for (const [i, region] of this.#regions.entries()) {
      const length = this.lengths[i] as number;
      this.positions[i] = position;
      region.gathered = 0;
      if (!region.isGathered && length > 0) {
        bytes.set(region.data.subarray(region.least, region.greatest), position);
      }
      position += (length + 7) & ~7;
    }
    return position;
  }

  regionOf({ data }: BytesColumn): number {
    return this.#regions.findIndex((region) => region.data === data);
  }

  /** Writes a column's starts, then its ends; returns where they end. */
  writeRanges(
    column: BytesColumn,
    {
      bytes,
      at,
      region,
    }: { readonly bytes: Uint8Array; readonly at: number; readonly region: number },
  ): number {
    const rows = this.#to - this.#from;
    const half = (rows * 4 + 7) & ~7;
    const place = this.#regions[region] as Region;
    if (place.isGathered) {
      const starts = new Int32Array(bytes.buffer, bytes.byteOffset + at, rows);
      const ends = new Int32Array(bytes.buffer, bytes.byteOffset + at + half, rows);
      this.#gather(column, { starts, ends }, bytes, region);
    } else {
      bytes.set(this.#bytesOf(column.starts), at);
      bytes.set(this.#bytesOf(column.ends), at + half);
    }
    return at + 2 * half;
  }

  #bytesOf(numbers: Int32Array): Uint8Array {
    const start = numbers.byteOffset + this.#from * 4;
    return new Uint8Array(numbers.buffer, start, (this.#to - this.#from) * 4);
  }

  #gather(
    { data, starts, ends, nulls }: BytesColumn,
    to: { readonly starts: Int32Array; readonly ends: Int32Array },
    bytes: Uint8Array,
    index: number,
  ): void {
    const region = this.#regions[index] as Region;
    const position = this.positions[index] as number;
    let at = position + region.gathered;
    for (let from = this.#from; from < this.#to; from += touchRows) {
      const end = Math.min(this.#to, from + touchRows);
      // Values lie anywhere: the processor waits for all of them together.
      for (let row = from; row < end; row++) this.touched += data[starts[row] as number] as number;
      for (let row = from, i = from - this.#from; row < end; row++, i++) {
        to.starts[i] = at - position;
        if (nulls[row] !== 1) {
          const stop = ends[row] as number;
          for (let k = starts[row] as number; k < stop; k++) bytes[at++] = data[k] as number;
        }
        to.ends[i] = at - position;
      }
    }
    region.gathered = at - position;
  }
}
