import { describe, expect, it } from 'vitest';
import type { Clock } from '../../kernel/clock.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';
import {
  faultyCheckpointStorage,
  type StorageFault,
} from '../../testing/faults/faulty-checkpoint-storage.ts';
import { memoryCheckpointStorage } from '../../testing/faults/memory-checkpoint-storage.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { acquireLease, type LeaseHolder, readLease } from './lease-holder.ts';
import type { ProcessIdentity } from './process-identity.ts';

const noFiles = {
  read: async () => new Uint8Array(0),
  write: async () => {},
};

function processNamed(owner: string, place = owner): ProcessIdentity {
  return { owner, host: place, pid: 7, place, isAlive: () => true };
}

function setUp() {
  const clock = virtualClock(1_000_000);
  const inner = memoryCheckpointStorage(noFiles);
  const fault: { next: (name: string) => StorageFault | null } = { next: () => null };
  const faulty = faultyCheckpointStorage(inner, {
    clock,
    next: (operation) => fault.next(operation),
  });
  const acquire = (
    owner: string,
    { storage = inner, at = clock }: { storage?: CheckpointStorage; at?: Clock } = {},
  ): Promise<LeaseHolder> =>
    acquireLease({
      storage,
      job: 'shop',
      clock: at,
      self: processNamed(owner),
      durationMs: 30_000,
      generationSeen: async () => 4,
    });
  return { clock, inner, fault, faulty, acquire };
}

/** Follows a promise that needs the clock to move. */
function outcomeOf(promise: Promise<LeaseHolder>): { lease: LeaseHolder | null; code: string } {
  const outcome = { lease: null as LeaseHolder | null, code: '' };
  promise.then(
    (lease) => {
      outcome.lease = lease;
    },
    (error: { code: string }) => {
      outcome.code = error.code;
    },
  );
  return outcome;
}

const skewed = (clock: Clock, byMs: number): Clock => ({
  ...clock,
  nowMs: () => clock.nowMs() + byMs,
  monotonicMs: () => clock.monotonicMs(),
  sleep: (ms, signal) => clock.sleep(ms, signal),
});

describe('the lease of a job', () => {
  it('is renewed until it is released, and free then', async () => {
    const { clock, inner, acquire } = setUp();
    const lease = await acquire('a');
    expect(lease.generation).toBe(5);
    await clock.advance(300_000);
    expect((await readLease(inner, 'shop'))?.record).toMatchObject({
      state: 'held',
      renewals: 30,
      expiresAtMs: 1_330_000,
    });
    expect([lease.isCertain, lease.lost.aborted]).toEqual([true, false]);
    await lease.release();
    expect(clock.sleeperCount).toBe(0);
    expect((await acquire('b')).generation).toBe(6);
  });

  it('is refused to a second process while the first renews it', async () => {
    const { clock, acquire } = setUp();
    await acquire('a');
    await expect(acquire('b')).rejects.toMatchObject({ code: 'MR_CHECKPOINT_IN_USE' });
    await clock.advance(500_000);
    await expect(acquire('b')).rejects.toMatchObject({ code: 'MR_CHECKPOINT_IN_USE' });
  });

  it.each([-86_400_000, 86_400_000, 40_000])(
    'is never taken from a living owner by a clock that is off by %i ms',
    async (byMs) => {
      const { clock, acquire } = setUp();
      const first = await acquire('a');
      const second = outcomeOf(acquire('b', { at: skewed(clock, byMs) }));
      await clock.advance(120_000);
      expect(second).toEqual({ lease: null, code: 'MR_CHECKPOINT_IN_USE' });
      expect(first.lost.aborted).toBe(false);
    },
  );

  it.each([-86_400_000, 0, 86_400_000])(
    'is taken from a dead owner by a clock that is off by %i ms',
    async (byMs) => {
      const { clock, acquire, inner } = setUp();
      await dieHolding(inner);
      await clock.advance(31_000);
      const second = outcomeOf(acquire('b', { at: skewed(clock, byMs) }));
      await clock.advance(0);
      await clock.advance(29_000);
      expect(second.lease).toBeNull();
      await clock.advance(2_000);
      expect(second.lease?.generation).toBe(6);
    },
  );

  it('is never believed in by two at once, whatever the storage does to one of them', async () => {
    const { clock, fault, faulty, acquire } = setUp();
    const first = await acquire('a', { storage: faulty });
    fault.next = () => ({ kind: 'fail' });
    await clock.advance(25_000);
    expect(first.isCertain).toBe(true);
    const second = outcomeOf(acquire('b', { at: skewed(clock, 86_400_000) }));
    for (let i = 0; i < 60; i++) {
      await clock.advance(1_000);
      expect(first.isCertain && second.lease !== null, `after ${i} s`).toBe(false);
    }
    expect(second.lease?.isCertain).toBe(true);
    fault.next = () => null;
    await clock.advance(10_000);
    expect(first.lost.reason).toMatchObject({
      code: 'MR_FENCED',
      message: expect.stringContaining('process 7 on b (owner b, generation 6)'),
    });
  });

  it('comes through a storage that fails for a while', async () => {
    const { clock, fault, faulty, acquire } = setUp();
    const lease = await acquire('a', { storage: faulty });
    fault.next = () => ({ kind: 'fail' });
    await clock.advance(40_000);
    expect([lease.isCertain, lease.lost.aborted]).toEqual([false, false]);
    await expect(lease.confirm()).rejects.toMatchObject({ code: 'MR_CHECKPOINT_STORAGE' });
    fault.next = () => null;
    await clock.advance(3_000);
    expect([lease.isCertain, lease.lost.aborted]).toEqual([true, false]);
  });

  it('is not believed when a renewal was answered after it had run out', async () => {
    const { clock, fault, faulty, acquire } = setUp();
    const lease = await acquire('a', { storage: faulty });
    const faults: (StorageFault | null)[] = [{ kind: 'slow', ms: 40_000 }];
    fault.next = () => faults.shift() ?? null;
    const wasCertain = lease.confirm().then(() => lease.isCertain);
    await clock.advance(0);
    await clock.advance(40_000);
    expect(await wasCertain).toBe(true);
  });

  it('is kept when the answer to a renewal was lost', async () => {
    const { clock, fault, faulty, acquire, inner } = setUp();
    const lease = await acquire('a', { storage: faulty });
    let losses = 3;
    fault.next = (operation) => (operation === 'write' && losses-- > 0 ? { kind: 'lost' } : null);
    await clock.advance(60_000);
    expect(lease.lost.aborted).toBe(false);
    await lease.confirm({ fence: { generation: 5, restoredId: 3, greatestId: 4 } });
    expect((await readLease(inner, 'shop'))?.record.fence?.restoredId).toBe(3);
  });

  it('is ours when the answer to taking it was lost, with the fence of the owner before', async () => {
    const { fault, faulty, acquire } = setUp();
    const first = await acquire('a');
    const fence = { generation: 5, restoredId: 8, greatestId: 9 };
    await first.confirm({ fence });
    await first.release();
    fault.next = (operation) => (operation === 'write' ? { kind: 'lost' } : null);
    await expect(acquire('b', { storage: faulty })).rejects.toMatchObject({
      code: 'MR_CHECKPOINT_STORAGE',
    });
    fault.next = () => null;
    const second = await acquire('b', { storage: faulty });
    expect([second.generation, second.fence]).toEqual([6, fence]);
  });

  it('goes to one of many that start at the same moment', async () => {
    const { clock, acquire } = setUp();
    const all = ['a', 'b', 'c', 'd', 'e'].map((owner) => outcomeOf(acquire(owner)));
    await clock.advance(100_000);
    expect(all.filter(({ lease }) => lease !== null)).toHaveLength(1);
    expect(all.filter(({ code }) => code === 'MR_CHECKPOINT_IN_USE')).toHaveLength(4);
  });
});

/** An owner that took the lease under another clock and was never heard of again. */
async function dieHolding(storage: CheckpointStorage): Promise<void> {
  await acquireLease({
    storage,
    job: 'shop',
    clock: virtualClock(1_000_000),
    self: processNamed('dead'),
    durationMs: 30_000,
    generationSeen: async () => 4,
  });
}
