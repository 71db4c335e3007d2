// Asking a registry again: while it does not answer, with pauses that grow; never for what it refused.
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

export interface BackoffOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal | null;
  /** Infinity: until it answers, or the signal aborts. */
  readonly triesMax: number;
  /** Told before every pause. */
  readonly onFailure?: (error: MillraceError) => void;
}

const firstPauseMs = 100;
const longestPauseMs = 15_000;

/** What `ask` answers in the end; throws what cannot pass, and the last failure after all tries. */
export async function askAgain<T>(ask: () => Promise<T>, options: BackoffOptions): Promise<T> {
  const { clock, signal, triesMax, onFailure } = options;
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || tries >= triesMax || signal?.aborted === true) throw error;
      onFailure?.(error);
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries - 1, 20));
      await clock.sleep(pauseMs, signal ?? undefined);
    }
  }
}

function isPassing(error: unknown): error is MillraceError {
  return error instanceof MillraceError && error.code === 'MR_REGISTRY_UNAVAILABLE';
}
