// Whether a failed job is started again from its last checkpoint, and how long it waits before. Pure:
// the caller keeps the state. What the user has to mend (definitions, configuration) is never retried.
import { errorCatalogue } from '../../kernel/errors/catalogue.ts';
import type { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Random } from '../../kernel/random.ts';

/** What happens after a failure; all times in milliseconds. */
export type RestartStrategy =
  | { readonly kind: 'none' }
  /** Again after the same pause, so many times without success in between. */
  | { readonly kind: 'fixedDelay'; readonly delayMs: number; readonly attempts: number }
  /** Pauses that grow; after a time without failures they begin anew. Never gives up. */
  | ExponentialRestarts
  /** Gives up when more than so many failures come within the span. */
  | {
      readonly kind: 'failureRate';
      readonly failures: number;
      readonly withinMs: number;
      readonly delayMs: number;
    };

export interface ExponentialRestarts {
  readonly kind: 'exponential';
  readonly initialMs: number;
  readonly maxMs: number;
  readonly factor: number;
  /** A job that ran so long without a failure is well again. */
  readonly resetAfterMs: number;
  /** Each pause is longer or shorter by up to this share of it, by chance. */
  readonly jitter: number;
}

/** Instants of failures since the job was last well; oldest first. */
export interface RestartState {
  readonly failuresMs: readonly number[];
  /** Since the job last made progress (a completed checkpoint). */
  readonly inRow: number;
}

export type RestartDecision =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly state: RestartState }
  | { readonly kind: 'stop' };

export const noFailures: RestartState = { failuresMs: [], inRow: 0 };

export interface Failure {
  readonly error: MillraceError;
  readonly atMs: number;
  /** A checkpoint was completed since the failure before. */
  readonly madeProgress: boolean;
  /** The job was running: everything had been opened and restored. */
  readonly wasRunning: boolean;
}

/** After a failure: again and when, or not. */
export function decideRestart(
  strategy: RestartStrategy,
  state: RestartState,
  failure: Failure,
  random: Random,
): RestartDecision {
  if (!mayPass(failure)) return { kind: 'stop' };
  const { atMs, madeProgress } = failure;
  const failuresMs = [...state.failuresMs, atMs];
  const inRow = madeProgress ? 1 : state.inRow + 1;
  switch (strategy.kind) {
    case 'none':
      return { kind: 'stop' };
    case 'fixedDelay':
      if (inRow > strategy.attempts) return { kind: 'stop' };
      return again(strategy.delayMs, { failuresMs: [atMs], inRow });
    case 'exponential': {
      const lastMs = state.failuresMs.at(-1) ?? Number.NEGATIVE_INFINITY;
      const isWell = atMs - lastMs >= strategy.resetAfterMs;
      const count = isWell ? 1 : state.inRow + 1;
      return again(growing(strategy, count, random), { failuresMs: [atMs], inRow: count });
    }
    case 'failureRate': {
      const recent = failuresMs.filter((ms) => ms > atMs - strategy.withinMs);
      if (recent.length > strategy.failures) return { kind: 'stop' };
      return again(strategy.delayMs, { failuresMs: recent, inRow });
    }
  }
}

function again(delayMs: number, state: RestartState): RestartDecision {
  return { kind: 'restart', delayMs, state };
}

function growing(strategy: ExponentialRestarts, count: number, random: Random): number {
  const { initialMs, maxMs, factor, jitter } = strategy;
  const base = Math.min(maxMs, initialMs * factor ** (count - 1));
  return Math.round(base * (1 + jitter * (2 * random.next() - 1)));
}

/**
 * Whether the same job, started again, may do better. What comes of configuration (rights, say) may
 * have changed while it ran; when it is still so, the next start says it and that is the end.
 */
function mayPass({ error, wasRunning }: Failure): boolean {
  if (error.code === 'MR_FENCED' || error.code === 'MR_KAFKA_FENCED') return false;
  const { blame } = errorCatalogue[error.code];
  return blame === 'external' || blame === 'internal' || (blame === 'config' && wasRunning);
}
