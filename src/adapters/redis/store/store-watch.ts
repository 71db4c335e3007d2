// How a store is, as far as this process knows. Every second a writer looks whether what was
// acknowledged is still there, and a reader takes in what the job says of itself.
import type { Clock } from '../../../kernel/clock.ts';
import type { StoreHealth } from '../../../ports/online-store.ts';
import type { RedisLink } from '../client/redis-link.ts';
import { troubleOf } from '../client/redis-errors.ts';
import { withDeadline } from './deadline.ts';
import type { ReadGuard } from './read-guard.ts';
import type { RedisWriter } from './redis-writer.ts';
import type { StoreMeta } from './store-meta.ts';

export interface WatchParts {
  readonly link: RedisLink;
  readonly meta: StoreMeta;
  readonly clock: Clock;
  readonly writer: RedisWriter | null;
  readonly guard: ReadGuard | null;
}

const intervalMs = 1000;
/** Markers of a cluster are many: they are looked at less often. */
const clusterRounds = 10;
/** A failed read makes the store count as away until something was answered, or for so long. */
const awayMs = 3000;

export class StoreWatch {
  readonly #parts: WatchParts;
  readonly #closed = new AbortController();
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #hadViews = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    void this.#run();
  }

  /** A request failed. */
  failed(error: unknown): void {
    const isOld = this.#parts.guard?.isOld === true;
    if (!isOld && (troubleOf(error) !== null || isAway(error))) {
      this.#failedAtMs = this.#parts.clock.monotonicMs();
    }
  }

  health(): StoreHealth {
    const { link, meta, writer, clock, guard } = this.#parts;
    const name = `redis ${link.name}`;
    const trouble = writer?.sender.trouble ?? null;
    if (trouble !== null) return { state: 'away', message: `${name} ${trouble}` };
    const hasFailed = clock.monotonicMs() - this.#failedAtMs < awayMs;
    if (!link.isReady || hasFailed) return { state: 'away', message: `${name} does not answer` };
    if (writer !== null && writer.isLost && !writer.isRefilling) {
      return { state: 'lost', message: `${name} has lost rows` };
    }
    if (guard?.isOld === true) {
      return { state: 'lost', message: `${name} came back with old rows` };
    }
    if (writer?.isRefilling === true || meta.get('refilling') !== null) {
      return { state: 'refilling', message: `rows of ${name} are being written again` };
    }
    if (meta.views.size > 0) this.#hadViews = true;
    else if (this.#hadViews) {
      return { state: 'lost', message: `${name} has lost its rows, and no job writes them again` };
    }
    return { state: 'ready', message: '' };
  }

  close(): void {
    this.#closed.abort();
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#closed;
    for (let round = 1; ; round++) {
      await clock.sleep(intervalMs, signal);
      if (signal.aborted) return;
      try {
        await this.#round(round);
      } catch (error) {
        this.failed(error);
      }
    }
  }

  async #lookAsReader(): Promise<void> {
    const { meta, link, guard } = this.#parts;
    await meta.load();
    if (guard === null || link.isCluster) return;
    const key = meta.markerKey;
    guard.accepts((await link.send(key, ['GET', key])) as string | null);
  }

  async #round(round: number): Promise<void> {
    const { link, meta, writer } = this.#parts;
    if (writer === null) return withDeadline(this.#lookAsReader(), intervalMs * 2, link.name);
    writer.sender.tell();
    await withDeadline(meta.loadAsOf(), intervalMs * 2, link.name);
    if (link.isCluster && round % clusterRounds !== 0) return;
    await withDeadline(writer.look(), intervalMs * 2, link.name);
  }
}

function isAway(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'MR_STORE_AWAY';
}
