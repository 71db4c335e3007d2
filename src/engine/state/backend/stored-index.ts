// Where the images of keys are that are not in memory. Many small tables (by key group and more bits
// of the hash), open addressing, entries of four numbers: hash, segment, record with its kind of
// timers, and which entry of the timer queue counts. A table keeps its entries in the order of their
// mixed hashes, so that growing is one pass over it; it grows by a quarter, and none is ever large.
// The hash alone does not tell keys apart: whoever finds an entry compares the key that is stored.
import { keyGroupCount, keyGroupOf } from '../../../kernel/key-group.ts';

const tablesPerGroup = 16;
const stride = 4;
const entriesInitial = 8;
const ordinalBits = 20;
const ordinalMask = (1 << ordinalBits) - 1;

interface Table {
  entries: Uint32Array;
  capacity: number;
  size: number;
}

/** A stored key as the index has it. */
export interface StoredEntry {
  segment: number;
  ordinal: number;
  /** One of `wakeKinds`. */
  kind: number;
  /** The low 32 bits of the time of its entry in the queue of stored timers. */
  queued: number;
}

export function emptyStoredEntry(): StoredEntry {
  return { segment: 0, ordinal: 0, kind: 0, queued: 0 };
}

export class StoredIndex {
  size = 0;
  byteLength = 0;
  /** What touching read: it means nothing, but must not be optimised away. */
  touched = 0;
  readonly #tables: (Table | undefined)[] = new Array(keyGroupCount * tablesPerGroup);
  #probeTable: Table | undefined;
  #probeAt = 0;
  #probeHash = 0;

  /**
   * Reads where keys of these hashes are or will be, so that the processor waits for memory once and
   * not for each of the calls that follow.
   */
  touch(hashes: Uint32Array, count: number): void {
    let touched = 0;
    for (let i = 0; i < count; i++) {
      const hash = hashes[i] as number;
      const mixed = mix(hash);
      const table = this.#tables[tableOf(hash, mixed)];
      if (table === undefined) continue;
      touched ^= table.entries[home(mixed, table.capacity) * stride] as number;
    }
    this.touched = touched;
  }

  insert(hash: number, { segment, ordinal, kind, queued }: StoredEntry): void {
    const mixed = mix(hash);
    const table = this.#tableFor(hash, mixed);
    if ((table.size + 1) * 4 > table.capacity * 3) this.#grow(table);
    const { entries, capacity } = table;
    let at = home(mixed, capacity);
    while (entries[at * stride + 1] !== 0) at = at + 1 === capacity ? 0 : at + 1;
    const base = at * stride;
    entries[base] = hash;
    entries[base + 1] = segment + 1;
    entries[base + 2] = ordinal | (kind << ordinalBits);
    entries[base + 3] = queued;
    table.size += 1;
    this.size += 1;
  }

  /** Fills `entry` with the first key of this hash; `next` goes on. False when there is none. */
  first(hash: number, entry: StoredEntry): boolean {
    const mixed = mix(hash);
    const table = this.#tables[tableOf(hash, mixed)];
    this.#probeTable = table;
    this.#probeHash = hash;
    if (table === undefined) return false;
    this.#probeAt = home(mixed, table.capacity);
    return this.#probe(entry);
  }

  /** The next key of the hash that `first` looked for; the index must not have changed since. */
  next(entry: StoredEntry): boolean {
    const table = this.#probeTable as Table;
    this.#probeAt = this.#probeAt + 1 === table.capacity ? 0 : this.#probeAt + 1;
    return this.#probe(entry);
  }

  /** Whether the image of a key is there. */
  has(hash: number, segment: number, ordinal: number): boolean {
    return this.#find(hash, segment, ordinal) >= 0;
  }

  /** Takes out the key whose image is there, as it was, into `entry`; false when there is none. */
  take(hash: number, segment: number, ordinal: number, entry: StoredEntry): boolean {
    const at = this.#find(hash, segment, ordinal);
    if (at < 0) return false;
    entry.segment = segment;
    entry.ordinal = ordinal;
    entry.kind = probed.kind;
    entry.queued = probed.queued;
    this.#removeAt(this.#probeTable as Table, at);
    this.size -= 1;
    return true;
  }

  /** The image of a key has moved; false when it was not there. */
  move(hash: number, from: StoredEntry, to: { segment: number; ordinal: number }): boolean {
    const at = this.#find(hash, from.segment, from.ordinal);
    if (at < 0) return false;
    const { entries } = this.#probeTable as Table;
    const kind = (entries[at * stride + 2] as number) & ~ordinalMask;
    entries[at * stride + 1] = to.segment + 1;
    entries[at * stride + 2] = kind | to.ordinal;
    return true;
  }

  /** Another entry of the queue stands for the key whose image is there. */
  setQueued(hash: number, { segment, ordinal }: StoredEntry, queued: number): void {
    const at = this.#find(hash, segment, ordinal);
    if (at >= 0) (this.#probeTable as Table).entries[at * stride + 3] = queued;
  }

  #probe(entry: StoredEntry): boolean {
    const { entries, capacity } = this.#probeTable as Table;
    const hash = this.#probeHash;
    for (let at = this.#probeAt; ; at = at + 1 === capacity ? 0 : at + 1) {
      const base = at * stride;
      const segment = entries[base + 1] as number;
      if (segment === 0) return false;
      if (entries[base] !== hash) continue;
      const packed = entries[base + 2] as number;
      entry.segment = segment - 1;
      entry.ordinal = packed & ordinalMask;
      entry.kind = packed >>> ordinalBits;
      entry.queued = entries[base + 3] as number;
      this.#probeAt = at;
      return true;
    }
  }

  #find(hash: number, segment: number, ordinal: number): number {
    const found = probed;
    for (let any = this.first(hash, found); any; any = this.next(found)) {
      if (found.segment === segment && found.ordinal === ordinal) return this.#probeAt;
    }
    return -1;
  }

  /** Entries behind the gap move up when it lies between them and where they belong. */
  #removeAt(table: Table, gapAt: number): void {
    const { entries, capacity } = table;
    let gap = gapAt;
    for (let at = gap + 1 === capacity ? 0 : gap + 1; ; at = at + 1 === capacity ? 0 : at + 1) {
      const base = at * stride;
      if (entries[base + 1] === 0) break;
      const wanted = home(mix(entries[base] as number), capacity);
      const stays = gap <= at ? gap < wanted && wanted <= at : gap < wanted || wanted <= at;
      if (stays) continue;
      entries.copyWithin(gap * stride, base, base + stride);
      gap = at;
    }
    entries[gap * stride + 1] = 0;
    table.size -= 1;
  }

  #tableFor(hash: number, mixed: number): Table {
    const index = tableOf(hash, mixed);
    const old = this.#tables[index];
    if (old !== undefined) return old;
    const entries = new Uint32Array(entriesInitial * stride);
    const table = { entries, capacity: entriesInitial, size: 0 };
    this.#tables[index] = table;
    this.byteLength += entries.byteLength;
    return table;
  }

  #grow(table: Table): void {
    const old = table.entries;
    const capacity = table.capacity + Math.max(entriesInitial, table.capacity >> 2);
    const entries = new Uint32Array(capacity * stride);
    for (let from = 0; from < old.length; from += stride) {
      if (old[from + 1] === 0) continue;
      let at = home(mix(old[from] as number), capacity);
      while (entries[at * stride + 1] !== 0) at = at + 1 === capacity ? 0 : at + 1;
      const base = at * stride;
      entries[base] = old[from] as number;
      entries[base + 1] = old[from + 1] as number;
      entries[base + 2] = old[from + 2] as number;
      entries[base + 3] = old[from + 3] as number;
    }
    this.byteLength += entries.byteLength - old.byteLength;
    table.entries = entries;
    table.capacity = capacity;
  }
}

const probed = emptyStoredEntry();

/** Key group and table take bits of the hash: places within a table take others. */
function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 12)) >>> 0;
}

function tableOf(hash: number, mixed: number): number {
  return keyGroupOf(hash) * tablesPerGroup + (mixed & (tablesPerGroup - 1));
}

function home(mixed: number, capacity: number): number {
  return Math.floor((mixed / 4_294_967_296) * capacity);
}
