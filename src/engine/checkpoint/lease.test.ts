import { describe, expect, it } from 'vitest';
import { type AcquireInput, decideAcquire, decideHold, isVoid, type LeaseRecord } from './lease.ts';
import { decodeLease, encodeLease } from './lease-record.ts';

const held: LeaseRecord = {
  format: 1,
  job: 'shop',
  state: 'held',
  owner: 'other',
  host: 'box-1',
  pid: 40,
  place: 'box-1 boot-1',
  generation: 3,
  fence: null,
  renewals: 8,
  renewedAtMs: 1_000_000,
  expiresAtMs: 1_030_000,
};

function acquired(
  record: Partial<LeaseRecord> | null,
  at: { nowMs?: number; watchedMs?: number; etag?: string; alive?: boolean; place?: string } = {},
): string {
  const { nowMs = 1_010_000, watchedMs, etag = 'e8', alive = true, place = 'box-1 boot-1' } = at;
  const input: AcquireInput = {
    found: record === null ? null : { record: { ...held, ...record }, etag },
    self: { owner: 'self', host: 'box-1', pid: 50, place, isAlive: () => alive },
    watch: watchedMs === undefined ? null : { etag: 'e8', sinceMs: 500 - watchedMs },
    nowMs,
    monotonicMs: 500,
  };
  const decision = decideAcquire(input);
  return decision.kind === 'wait' ? `wait ${decision.forMs}` : decision.kind;
}

describe('a lease', () => {
  const there = 'box-2 boot-7';
  it.each<[string, Parameters<typeof acquired>, string]>([
    ['is taken when there never was one', [null], 'take'],
    ['is taken when it was given back', [{ state: 'released' }], 'take'],
    ['is taken from a dead process of this host', [{}, { alive: false }], 'take'],
    ['is taken from an earlier process with our number', [{ pid: 50 }], 'take'],
    ['is ours when only the answer was lost', [{ owner: 'self' }], 'mine'],
    ['is refused while a process of this host lives', [{}], 'refuse'],
    ['is refused while it has not run out', [{}, { alive: false, place: there }], 'refuse'],
    [
      'of another start of this host is not judged by number',
      [{}, { alive: false, place: 'box-1 boot-2' }],
      'refuse',
    ],
    [
      'without a known place is not judged by number',
      [{ place: null }, { alive: false }],
      'refuse',
    ],
    ['that ran out is watched first', [{}, { nowMs: 2_000_000, place: there }], 'wait 5000'],
    [
      'that ran out a moment ago is watched as well',
      [{}, { nowMs: 1_030_000, place: there }],
      'wait 5000',
    ],
    [
      'from the future is watched: the clocks differ',
      [{}, { nowMs: 5, place: there }],
      'wait 5000',
    ],
    [
      'is watched for its whole duration',
      [{}, { nowMs: 2_000_000, watchedMs: 29_000, place: there }],
      'wait 1000',
    ],
    [
      'is taken when it has not changed for that long',
      [{}, { nowMs: 2_000_000, watchedMs: 30_000, place: there }],
      'take',
    ],
    [
      'is taken then, whatever the wall clock says',
      [{}, { nowMs: 5, watchedMs: 30_000, place: there }],
      'take',
    ],
    [
      'that changed while it was watched is alive',
      [{}, { nowMs: 9e9, watchedMs: 90_000, etag: 'e9', place: there }],
      'refuse',
    ],
    [
      'is watched on although it seems to be renewed',
      [{}, { nowMs: 1_010_000, watchedMs: 10, place: there }],
      'wait 5000',
    ],
  ])('%s', (_, given, expected) => {
    expect(acquired(...given)).toBe(expected);
  });

  it('that is refused says by whom it is held', () => {
    const decision = decideAcquire({
      found: { record: held, etag: 'e8' },
      self: { owner: 'self', host: 'x', pid: 1, place: null, isAlive: () => true },
      watch: null,
      nowMs: 1_012_000,
      monotonicMs: 0,
    });
    expect(decision).toMatchObject({
      error: {
        code: 'MR_CHECKPOINT_IN_USE',
        message:
          'job "shop" is run by process 40 on box-1 (owner other, generation 3), last seen 12 s ago',
      },
    });
  });

  it.each<[string, number, number, string]>([
    ['rests', 0, 0, 'rest'],
    ['rests for a third of its duration', 9_999, 9_999, 'rest'],
    ['is renewed then', 10_000, 10_000, 'renew'],
    ['is renewed while it lasts', 29_999, 29_999, 'renew'],
    ['is in doubt when it has run out', 30_000, 30_000, 'doubt'],
    ['is in doubt after the machine slept', 20, 40_000, 'doubt'],
    ['is in doubt when the wall clock was set forward: one renewal tells', 20, 9e9, 'doubt'],
    ['does not last longer because the wall clock was set back', 30_000, -9e9, 'doubt'],
    ['rests although the wall clock was set back', 5_000, -9e9, 'rest'],
  ])('that is held %s', (_, monotonicMs, wallMs, expected) => {
    const renewedMs = { monotonic: 0, wall: 0 };
    expect(decideHold({ renewedMs, monotonicMs, wallMs, durationMs: 30_000 }).kind).toBe(expected);
  });

  it.each<[string, number, number, boolean]>([
    ['restored itself', 10, 2, false],
    ['older', 9, 1, false],
    ['that an earlier owner wrote after it', 11, 2, true],
    ['that an earlier owner wrote much after it', 15, 2, true],
    ['that was there and was passed over', 12, 3, true],
    ['of the new owner', 13, 3, false],
    ['of a later owner', 13, 4, false],
    ['that was void before and is still there', 8, 2, true],
    ['that an owner long gone writes again where one was', 9, 0, true],
  ])('voids, or not, the checkpoint %s', (_, id, generation, expected) => {
    const fence = {
      generation: 3,
      restoredId: 10,
      greatestId: 12,
      kept: [
        [9, 1],
        [10, 2],
      ] as const,
    };
    expect(isVoid({ id, generation }, fence)).toBe(expected);
    expect(isVoid({ id, generation }, null)).toBe(false);
  });

  it('is read as it was written, and never taken for free when it is damaged', () => {
    const bytes = encodeLease(held);
    expect(decodeLease('lock.json', bytes)).toEqual(held);
    for (const damaged of [bytes.subarray(0, 40), new Uint8Array(0), Buffer.from('null')]) {
      expect(() => decodeLease('shop/lock.json', damaged)).toThrow('"shop/lock.json" is damaged');
    }
  });
});
