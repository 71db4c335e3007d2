// The keys of a view that are stored and not in memory: where their images are, and when their timers
// are due. A key has at most one entry that counts in a queue of times, and that may be too early:
// its record says the time itself. So a key that comes and goes costs no entry each time.
import { keyGroupOf } from '../../../kernel/key-group.ts';
import { kindOf, wakeKinds } from './segment-format.ts';
import { emptyStoredEntry, type StoredEntry, StoredIndex } from './stored-index.ts';
import { quantumMax, WakeQueue } from './wake-queue.ts';

const never = Number.POSITIVE_INFINITY;
/** In place of a queued time: there is none, or it was taken out. */
const taken = never;
/** In place of the queued idle time: the one entry is for both. */
const sameEntry = Number.NEGATIVE_INFINITY;
const low = 2 ** 32;

/** The times of a key, and those for which it has entries in the queues. */
export interface KeyTimes {
  wakeMs: number;
  idleWakeMs: number;
  queued: number;
  idleQueued: number;
}

export function emptyKeyTimes(): KeyTimes {
  return { wakeMs: never, idleWakeMs: never, queued: Number.NaN, idleQueued: Number.NaN };
}

/** Called with a stored key whose queue entry is due. */
export type DueVisitor = (hash: number, entry: StoredEntry) => void;

export class ColdKeys {
  readonly index: StoredIndex = new StoredIndex();
  /** Times for the watermark only, for both, and for idle time only. */
  readonly #wake = new WakeQueue();
  readonly #both = new WakeQueue();
  readonly #idle = new WakeQueue();
  readonly #entry = emptyStoredEntry();

  /** A key leaves memory; its image is at the place. */
  add(hash: number, segment: number, ordinal: number, times: KeyTimes): void {
    const { wakeMs, idleWakeMs } = times;
    const entry = this.#entry;
    entry.segment = segment;
    entry.ordinal = ordinal;
    entry.kind = kindOf(wakeMs, idleWakeMs);
    entry.queued = wakeMs === never ? 0 : lowBits(this.#queue(hash, entry.kind, times));
    this.index.insert(hash, entry);
  }

  /** The entries that a key has in the queues, when it comes into memory by its record. */
  found(entry: StoredEntry, times: KeyTimes): void {
    times.queued = Number.NaN;
    times.idleQueued = Number.NaN;
    if (times.wakeMs === never) return;
    const wake = Math.floor(times.wakeMs);
    times.queued = wake - lowBits(lowBits(wake) - entry.queued);
    if (entry.kind === wakeKinds.same) times.idleQueued = sameEntry;
    if (entry.kind === wakeKinds.both) times.idleQueued = times.idleWakeMs;
  }

  /** The same when it comes because an entry was taken out of a queue. */
  woken(entry: StoredEntry, times: KeyTimes, isIdle: boolean): void {
    this.found(entry, times);
    if (isIdle && entry.kind === wakeKinds.both) times.idleQueued = taken;
    else times.queued = taken;
  }

  /** The entry of a key was taken out too early. */
  requeue(hash: number, entry: StoredEntry, times: KeyTimes, isIdle: boolean): void {
    if (isIdle && entry.kind === wakeKinds.both) this.#idle.push(times.idleWakeMs, hash);
    else {
      const queue = entry.kind === wakeKinds.same ? this.#both : this.#wake;
      this.index.setQueued(hash, entry, lowBits(queue.push(times.wakeMs, hash)));
    }
  }

  /** No stored key has an earlier time. */
  lowerBound(isIdle: boolean): number {
    const other = isIdle ? this.#idle : this.#wake;
    return Math.min(this.#both.lowerBound(), other.lowerBound());
  }

  /** Takes the earliest entry ≤ `limitMs` out and visits its key, or none; false when there is none. */
  takeDue(limitMs: number, isIdle: boolean, visit: DueVisitor): boolean {
    const other = isIdle ? this.#idle : this.#wake;
    const both = this.#both;
    const [first, second] = other.lowerBound() < both.lowerBound() ? [other, both] : [both, other];
    const queue = first.take(limitMs) ? first : second;
    if (queue === second && !second.take(limitMs)) return false;
    this.#visitKeys(queue, visit);
    return true;
  }

  /** Memory in use. */
  get byteLength(): number {
    return (
      this.index.byteLength + this.#wake.byteLength + this.#both.byteLength + this.#idle.byteLength
    );
  }

  /** Keys of the hash whose entry this was. */
  #visitKeys(queue: WakeQueue, visit: DueVisitor): void {
    const { hash } = queue;
    const queued = lowBits(queue.time);
    const entry = this.#entry;
    for (let any = this.index.first(hash, entry); any; any = this.index.next(entry)) {
      const isIdleOnly = queue === this.#idle;
      if ((entry.kind === wakeKinds.same) !== (queue === this.#both)) continue;
      if (isIdleOnly ? entry.kind === wakeKinds.both : entry.queued === queued) visit(hash, entry);
    }
  }

  /**
   * Makes sure that the key has its entries; the time of the first. One that it had counts unless it
   * was taken out while the key was in memory.
   */
  #queue(hash: number, kind: number, times: KeyTimes): number {
    const { wakeMs, idleWakeMs, queued, idleQueued } = times;
    const isSame = kind === wakeKinds.same;
    if (kind === wakeKinds.both && !this.#hasIdleEntry(idleQueued, idleWakeMs)) {
      this.#idle.push(idleWakeMs, hash);
    }
    const queue = isSame ? this.#both : this.#wake;
    const isThere = (idleQueued === sameEntry) === isSame && queued > queue.takenMs;
    return isThere && queued <= wakeMs ? queued : queue.push(wakeMs, hash);
  }

  /** The time of an idle entry is that of the key, but for what far times lose. */
  #hasIdleEntry(idleQueued: number, idleWakeMs: number): boolean {
    return idleQueued === idleWakeMs && idleQueued - quantumMax > this.#idle.takenMs;
  }
}

function lowBits(time: number): number {
  return time - Math.floor(time / low) * low;
}

/** Whether a hash is of the key groups. */
export function isWithin(hash: number, { first, end }: { first: number; end: number }): boolean {
  const group = keyGroupOf(hash);
  return first <= group && group < end;
}
