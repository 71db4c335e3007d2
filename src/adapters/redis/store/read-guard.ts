// What a reader is told never goes back: the marker is read together with the rows, and rows of a server
// that shows a smaller number than before, or says itself that its rows are old, are not handed out. When
// nobody fills the server again, they are after a while: old rows are better than none for ever.
import type { Clock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { markerNumber } from './write-markers.ts';

const patienceMs = 30_000;

export class ReadGuard {
  readonly #name: string;
  readonly #clock: Clock;
  #greatest = -1;
  #oldSinceMs: number | null = null;

  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
  }

  /** Whether rows are older than what was read before. */
  get isOld(): boolean {
    return this.#oldSinceMs !== null;
  }

  /** Takes in the marker; true when rows that were read with it may be handed out. */
  accepts(marker: string | null): boolean {
    const number = markerNumber(marker);
    // A server without a number has no rows: what is missing is not old.
    const isOld = number >= 0 && (number < this.#greatest || marker?.endsWith('!') === true);
    if (!isOld) {
      this.#oldSinceMs = null;
      this.#greatest = Math.max(this.#greatest, number);
      return true;
    }
    const nowMs = this.#clock.monotonicMs();
    this.#oldSinceMs ??= nowMs;
    return nowMs - this.#oldSinceMs > patienceMs;
  }

  /** Throws MR_STORE_AWAY when rows that were read with this marker may be old. */
  check(marker: string | null): void {
    if (this.accepts(marker)) return;
    const message = `redis ${this.#name} came back with old rows, which are being written again`;
    throw new MillraceError('MR_STORE_AWAY', message, {
      context: { store: this.#name },
      fix: 'try again; without a running job old rows are given after half a minute',
    });
  }
}
