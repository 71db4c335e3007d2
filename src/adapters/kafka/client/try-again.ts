// What may pass is tried again: with pauses that grow, until a time is over or the caller gives up.
import type { Clock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';

export interface TryAgain {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** From the first attempt; then the error is the caller's. +∞: never. */
  readonly forMs: number;
  /** Told of each failure that is tried again. */
  readonly onFailure?: (error: MillraceError) => void;
}

const firstPauseMs = 100;
const longestPauseMs = 1000;

/** The result of `attempt`; errors that trying again cannot help are thrown at once. */
export async function tryAgain<T>(attempt: () => Promise<T>, options: TryAgain): Promise<T> {
  const { clock, signal, forMs, onFailure } = options;
  const startMs = clock.monotonicMs();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await attempt();
    } catch (error) {
      const mayPass = error instanceof MillraceError && error.retry === 'backoff';
      const isOver = clock.monotonicMs() - startMs + pauseMs > forMs || signal.aborted;
      if (!mayPass || isOver) throw error;
      onFailure?.(error);
    }
    await clock.sleep(pauseMs, signal);
  }
}
