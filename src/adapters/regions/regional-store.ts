// Reads of a region: the copy nearby answers while it is fresh; what is stale or missing is asked of the
// centre, but no longer than a deadline, and of two rows the newer one counts. Each row says where it
// came from. Without the centre the copy answers, marked as stale; without the copy the centre does.
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { isNewerThan, versionOf } from '../../columns/packed-row.ts';
import type { OnlineStore, StoreHealth } from '../../ports/online-store.ts';
import { type RowOrigin, withOrigin } from '../../ports/stores/read-origin.ts';
import { parseReplicaNote, replicaNoteName } from '../../ports/stores/replica-note.ts';
import type { ReopenedStore } from './reopened-store.ts';

export interface RegionalParts {
  readonly local: ReopenedStore;
  readonly central: ReopenedStore;
  readonly freshForMs: number;
  readonly deadlineMs: number;
  readonly clock: Clock;
}

type Rows = readonly (Uint8Array | null)[];

export class RegionalStore implements OnlineStore {
  readonly #parts: RegionalParts;

  constructor(parts: RegionalParts) {
    this.#parts = parts;
  }

  write(): Promise<void> {
    const message =
      'a region is read: jobs write to the centre, and `millrace replicate` to the copy';
    return Promise.reject(new MillraceError('MR_INTERNAL', message));
  }

  async read(view: string, keys: readonly Uint8Array[]): Promise<Rows> {
    const replicaAgeMs = this.#replicaAgeMs(view);
    const isFresh = replicaAgeMs !== null && replicaAgeMs <= this.#parts.freshForMs;
    const near = await this.#within(this.#parts.local, view, keys);
    const asked = keys.flatMap((_, i) => (isFresh && near?.[i] != null ? [] : [i]));
    if (near !== null && asked.length === 0) {
      return withOrigin(near, { rows: near.map(() => 'local'), replicaAgeMs });
    }
    const askedKeys = asked.map((i) => keys[i] as Uint8Array);
    const far = await this.#within(this.#parts.central, view, askedKeys);
    if (near === null && far === null) throw this.#away();
    const rows: (Uint8Array | null)[] = near === null ? keys.map(() => null) : [...near];
    const origins = keys.map((): RowOrigin => 'local');
    for (const [n, i] of asked.entries()) {
      origins[i] = far === null ? 'stale' : 'central';
      if (far !== null) rows[i] = newerOf(rows[i] ?? null, far[n] ?? null);
    }
    return withOrigin(rows, { rows: origins, replicaAgeMs });
  }

  async *scan(view: string): ReturnType<OnlineStore['scan']> {
    const store = this.#parts.central.opened ?? this.#parts.local.opened;
    if (store === null) throw this.#away();
    yield* store.scan(view);
  }

  greatestAsOfMs(): number | null {
    const known = this.#opened.flatMap((store) => store.greatestAsOfMs() ?? []);
    return known.length === 0 ? null : Math.max(...known);
  }

  writeNote(): Promise<void> {
    return this.write();
  }

  readNote(name: string): string | null {
    for (const store of this.#opened) {
      const note = store.readNote(name);
      if (note !== null) return note;
    }
    return null;
  }

  health(): StoreHealth {
    const states = this.#opened.map((store) => store.health?.() ?? ready);
    const usable = states.find(({ state }) => state === 'ready');
    return usable ?? states[0] ?? { state: 'away', message: this.#away().message };
  }

  async close(): Promise<void> {
    await Promise.all([this.#parts.local.close(), this.#parts.central.close()]);
  }

  /** The copy first. */
  get #opened(): readonly OnlineStore[] {
    const { local, central } = this.#parts;
    return [local.opened, central.opened].filter((store) => store !== null);
  }

  #replicaAgeMs(view: string): number | null {
    const note = this.#parts.local.opened?.readNote(replicaNoteName(view)) ?? null;
    const completeAtMs = parseReplicaNote(note)?.completeAtMs ?? null;
    return completeAtMs === null ? null : Math.max(0, this.#parts.clock.nowMs() - completeAtMs);
  }

  /** Null when it is away, refuses, or has not answered by the deadline. */
  async #within(
    place: ReopenedStore,
    view: string,
    keys: readonly Uint8Array[],
  ): Promise<Rows | null> {
    const store = place.opened;
    if (store === null) return null;
    const { clock, deadlineMs } = this.#parts;
    const answered = new AbortController();
    const reading = Promise.resolve(store.read(view, keys)).catch(() => null);
    const late = clock.sleep(deadlineMs, answered.signal).then(() => null);
    try {
      return await Promise.race([reading, late]);
    } finally {
      answered.abort();
    }
  }

  #away(): MillraceError {
    const { local, central } = this.#parts;
    const cause = local.failure ?? central.failure ?? undefined;
    const reason = cause instanceof Error ? `: ${cause.message}` : '';
    const message = `neither the copy of this region nor the centre answers${reason}`;
    return new MillraceError('MR_STORE_AWAY', message, {
      cause,
      fix: 'start one of them; a copy is made by millrace replicate',
    });
  }
}

const ready: StoreHealth = { state: 'ready', message: '' };

function newerOf(near: Uint8Array | null, far: Uint8Array | null): Uint8Array | null {
  if (near === null || far === null) return near ?? far;
  return isNewerThan(versionOf(near), far) ? near : far;
}
