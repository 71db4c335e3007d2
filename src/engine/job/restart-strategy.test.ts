import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Random } from '../../kernel/random.ts';
import { decideRestart, noFailures, type RestartStrategy } from './restart-strategy.ts';

const half: Random = { next: () => 0.5 };

interface Given {
  readonly atMs: number;
  readonly madeProgress?: boolean;
  readonly code?: ErrorCode;
  readonly wasRunning?: boolean;
}

/** The pauses that a strategy gives to failures one after the other; null where it gives up. */
function pauses(
  strategy: RestartStrategy,
  failures: readonly Given[],
  random = half,
): (number | null)[] {
  let state = noFailures;
  return failures.map((given) => {
    const { atMs, madeProgress = false, code = 'MR_STORE_FULL', wasRunning = true } = given;
    const error = new MillraceError(code, 'it failed');
    const decision = decideRestart(
      strategy,
      state,
      { error, atMs, madeProgress, wasRunning },
      random,
    );
    if (decision.kind === 'stop') return null;
    ({ state } = decision);
    return decision.delayMs;
  });
}

const at = (...times: readonly number[]): Given[] => times.map((atMs) => ({ atMs }));

const exponential: RestartStrategy = {
  kind: 'exponential',
  initialMs: 1000,
  maxMs: 5000,
  factor: 2,
  resetAfterMs: 60_000,
  jitter: 0.2,
};

describe('restart strategies', () => {
  it('none: never', () => {
    expect(pauses({ kind: 'none' }, at(0))).toEqual([null]);
  });

  it('fixed delay: the same pause, so many times in a row; progress counts anew', () => {
    const strategy: RestartStrategy = { kind: 'fixedDelay', delayMs: 70, attempts: 2 };
    expect(pauses(strategy, at(1, 2, 3))).toEqual([70, 70, null]);
    const failures = [...at(1, 2), { atMs: 3, madeProgress: true }, ...at(4, 5)];
    expect(pauses(strategy, failures)).toEqual([70, 70, 70, 70, null]);
  });

  it('exponential: growing pauses up to a limit, anew after a quiet time, never giving up', () => {
    const times = at(0, 10, 20, 30, 40, 100_000, 100_001);
    expect(pauses(exponential, times)).toEqual([1000, 2000, 4000, 5000, 5000, 1000, 2000]);
  });

  it('exponential: chance moves a pause by its share at most', () => {
    expect(pauses(exponential, at(0), { next: () => 0 })).toEqual([800]);
    expect(pauses(exponential, at(0), { next: () => 1 })).toEqual([1200]);
  });

  it('failure rate: gives up when failures come too often', () => {
    const strategy: RestartStrategy = {
      kind: 'failureRate',
      failures: 2,
      withinMs: 1000,
      delayMs: 5,
    };
    expect(pauses(strategy, at(0, 500, 1000, 1600, 1700))).toEqual([5, 5, 5, 5, null]);
  });

  it('does not repeat what cannot pass', () => {
    const one = (given: Omit<Given, 'atMs'>): number | null | undefined =>
      pauses(exponential, [{ atMs: 0, ...given }])[0];
    expect(one({ code: 'MR_DEFINITION_INVALID' })).toBeNull();
    expect(one({ code: 'MR_FILE_FORMAT' })).toBeNull();
    expect(one({ code: 'MR_FENCED' })).toBeNull();
    expect(one({ code: 'MR_FILE_ACCESS', wasRunning: false })).toBeNull();
    expect(one({ code: 'MR_FILE_ACCESS' })).toBe(1000);
    expect(one({ code: 'MR_INTERNAL' })).toBe(1000);
  });
});
