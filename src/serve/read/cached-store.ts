// Rows of hot keys kept in memory in front of a store, for a bounded time: a row that is handed out
// was in the store at most `stalenessMs` ago. Keys without a row are remembered as well. Two
// generations bound the memory: what was not asked for since they last changed is forgotten.
import { Buffer } from 'node:buffer';
import type { Clock } from '../../kernel/clock.ts';
import type { Counter } from '../../kernel/metrics/metrics-registry.ts';
import type { OnlineStore } from '../../ports/online-store.ts';

export interface CachedStoreOptions {
  /** How old what is handed out may be. */
  readonly stalenessMs: number;
  /** Most rows kept, of all views. */
  readonly rowsMax: number;
  readonly clock: Clock;
  readonly counters: { readonly hits: Counter; readonly misses: Counter };
}

interface Kept {
  readonly row: Uint8Array | null;
  /** When it was asked of the store, monotonic. */
  readonly askedMs: number;
}

type Rows = readonly (Uint8Array | null)[];

/** The store behind a memory for its hottest rows. What it writes itself is forgotten at once. */
export function cachedStore(store: OnlineStore, options: CachedStoreOptions): OnlineStore {
  const memory = new RowMemory(options);
  return {
    async write(batch) {
      await store.write(batch);
      memory.clear();
    },
    read: (view, keys) => memory.read(store, view, keys),
    scan: (view) => store.scan(view),
    greatestAsOfMs: () => store.greatestAsOfMs(),
    writeNote: (name, value) => store.writeNote(name, value),
    readNote: (name) => store.readNote(name),
    health: () => store.health?.() ?? { state: 'ready', message: '' },
    close: () => store.close(),
  };
}

class RowMemory {
  readonly #options: CachedStoreOptions;
  #young = new Map<string, Kept>();
  #old = new Map<string, Kept>();
  #generation = 0;

  constructor(options: CachedStoreOptions) {
    this.#options = options;
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#generation += 1;
  }

  read(store: OnlineStore, view: string, keys: readonly Uint8Array[]): Rows | Promise<Rows> {
    const { clock, counters } = this.#options;
    const nowMs = clock.monotonicMs();
    const rows = new Array<Uint8Array | null>(keys.length).fill(null);
    const names = keys.map((key) => nameOf(view, key));
    const missing: number[] = [];
    for (const [i, name] of names.entries()) {
      const kept = this.#find(name, nowMs);
      if (kept === undefined) missing.push(i);
      else rows[i] = kept.row;
    }
    counters.hits.value += keys.length - missing.length;
    counters.misses.value += missing.length;
    if (missing.length === 0) return rows;
    const asked = missing.map((i) => keys[i] as Uint8Array);
    const generation = this.#generation;
    const take = (found: Rows): Rows => {
      for (const [at, i] of missing.entries()) {
        const row = found[at] ?? null;
        rows[i] = row;
        // What was read before a write of ours may be older than it.
        if (generation === this.#generation)
          this.#keep(names[i] as string, { row, askedMs: nowMs });
      }
      return rows;
    };
    const found = store.read(view, asked);
    return found instanceof Promise ? found.then(take) : take(found);
  }

  #find(name: string, nowMs: number): Kept | undefined {
    const young = this.#young.get(name);
    const kept = young ?? this.#old.get(name);
    if (kept === undefined || nowMs - kept.askedMs > this.#options.stalenessMs) return undefined;
    if (young === undefined) this.#keep(name, kept);
    return kept;
  }

  #keep(name: string, kept: Kept): void {
    if (this.#young.size >= this.#options.rowsMax / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, kept);
  }
}

function nameOf(view: string, key: Uint8Array): string {
  return `${view} ${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')}`;
}
