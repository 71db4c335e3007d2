import { describe, expect, it } from 'vitest';
import { causeOf, instantOf, isStale, type SkewEvidence } from './skew-cause.ts';

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

  it('is a stale store when promised records are missing', () => {
    expect(isStale(served, same)).toBe(false);
    expect(isStale(served, { seq: 6, eventTimeMs: 90_001 })).toBe(true);
    expect(isStale({ ...served, eventTimeMs: null }, same)).toBe(true);
    expect(isStale(served, null)).toBe(false);
  });
});
