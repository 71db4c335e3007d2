import { describe, expect, it } from 'vitest';
import {
  causeOf,
  instantOf,
  isOnItsWay,
  isStale,
  staleCauseOf,
  type SkewEvidence,
} from './skew-cause.ts';

const served = { nowMs: 100_000, asOfMs: 90_000, seq: 5, eventTimeMs: 90_000 };
const same = { seq: 5, eventTimeMs: 90_000 };

function cause(change: Partial<SkewEvidence>): string {
  return causeOf({ served, then: same, promised: same, isOfOldDefinition: false, ...change });
}

describe('the cause of a difference', () => {
  it('follows from the version of the row', () => {
    expect(cause({})).toBe('unexplained');
    expect(cause({ isOfOldDefinition: true })).toBe('changed_definition');
    expect(cause({ then: { seq: 6, eventTimeMs: 90_000 } })).toBe('late_data');
    expect(cause({ then: { seq: 4, eventTimeMs: 90_000 } })).toBe('missing_history');
    expect(cause({ then: null })).toBe('missing_history');
    expect(cause({ served: { ...served, asOfMs: 102_000 } })).toBe('clock');
    const nothing = { nowMs: 100_000, asOfMs: null, seq: null, eventTimeMs: null };
    expect(cause({ served: nothing })).toBe('stale_store');
    expect(cause({ served: nothing, promised: null })).toBe('unexplained');
  });

  it('is looked for at the row’s instant, never at one that was still to come', () => {
    expect(instantOf(served)).toBe(90_000);
    expect(instantOf({ ...served, asOfMs: 200_000 })).toBe(100_000);
    expect(instantOf({ ...served, asOfMs: null })).toBe(100_000);
  });

  it('is told apart by arrivals where they are known', () => {
    const lacking = { then: { seq: 6, eventTimeMs: 90_000 } };
    expect(cause({ ...lacking, arrived: { seq: 5, eventTimeMs: 90_000 } })).toBe('late_data');
    expect(cause({ ...lacking, arrived: { seq: 6, eventTimeMs: 90_000 } })).toBe('stale_store');
    const nothing = { nowMs: 100_000, asOfMs: null, seq: null, eventTimeMs: null };
    expect(cause({ served: nothing, arrived: null })).toBe('late_data');
    expect(staleCauseOf({ served })).toBe('stale_store');
    expect(staleCauseOf({ served, arrived: { seq: 5, eventTimeMs: 1 } })).toBe('late_data');
  });

  it('is none while what is lacking was not due', () => {
    const row = { nowMs: 100_000, asOfMs: 99_000, seq: 5, eventTimeMs: 99_000 };
    const then = (seq: number) => ({ seq, eventTimeMs: 99_000 });
    const due = { seq: 4, eventTimeMs: 80_000 };
    expect(isOnItsWay(row, then(6), due, 95_000)).toBe(true);
    expect(isOnItsWay(row, then(7), due, 95_000)).toBe(true);
    // The row's own record is the only one that was not due: what it lacks came late.
    expect(isOnItsWay(row, then(6), { seq: 5, eventTimeMs: 80_000 }, 95_000)).toBe(false);
    expect(isOnItsWay(row, then(5), due, 95_000)).toBe(false);
    expect(isOnItsWay(row, then(6), due, 99_000)).toBe(false);
    expect(isOnItsWay({ ...row, seq: null }, then(6), due, 95_000)).toBe(false);
  });

  it('is a stale store when promised records are missing', () => {
    expect(isStale(served, same)).toBe(false);
    expect(isStale(served, { seq: 6, eventTimeMs: 90_001 })).toBe(true);
    expect(isStale({ ...served, eventTimeMs: null }, same)).toBe(true);
    expect(isStale(served, null)).toBe(false);
  });
});
