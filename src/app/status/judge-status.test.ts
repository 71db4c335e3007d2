import { describe, expect, it } from 'vitest';
import type { LeaseRecord } from '../../engine/checkpoint/lease.ts';
import { judgeStatus, type StatusObserved } from './judge-status.ts';
import { noProgress, type StatusDocument, statusDocument } from './status-document.ts';

const nowMs = Date.UTC(2026, 0, 5);
const here = { host: 'one', place: 'one boot pid', isAlive: (pid: number) => pid === 7 };

interface Written {
  readonly state?: StatusDocument['state'];
  readonly pid?: number;
  readonly host?: string;
  readonly agoMs?: number;
  readonly intervalMs?: number;
}

function written({ state = 'running', pid = 7, host = 'one', ...of }: Written = {}) {
  const run = {
    job: 'shop-local',
    process: { host, pid, place: `${host} boot pid` },
    has_checkpoints: true,
    interval_ms: of.intervalMs ?? 2000,
    started_at_ms: nowMs - 60_000,
  };
  const at = { nowMs: nowMs - (of.agoMs ?? 1000), error: null };
  return statusDocument(run, { ...noProgress, state }, null, at);
}

function lease(change: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    format: 1,
    job: 'shop-local',
    state: 'held',
    owner: 'x',
    host: 'one',
    pid: 7,
    place: 'one boot pid',
    generation: 3,
    fence: null,
    renewals: 1,
    renewedAtMs: nowMs - 5000,
    expiresAtMs: nowMs + 25_000,
    ...change,
  };
}

function stateOf(document: StatusDocument | null, found: LeaseRecord | null = null): unknown {
  const observed: StatusObserved = { document, lease: found, self: here, nowMs };
  const { state, isAlive } = judgeStatus(observed);
  return [state, isAlive];
}

describe('a job whose process is on this machine', () => {
  it('never ran when it wrote nothing', () => {
    expect(stateOf(null)).toEqual(['never run', null]);
  });

  it('is what it says while its process lives', () => {
    expect(stateOf(written())).toEqual(['running', true]);
    expect(stateOf(written({ state: 'paused' }))).toEqual(['paused', true]);
  });

  it('is not running when its process is gone, however new its document is', () => {
    expect(stateOf(written({ pid: 8 }))).toEqual(['not running', false]);
    expect(stateOf(written({ pid: 8, state: 'restarting' }))).toEqual(['not running', false]);
  });

  it('has ended as it says, with its process or without', () => {
    expect(stateOf(written({ pid: 8, state: 'stopped', agoMs: 1e9 }))).toEqual(['stopped', false]);
    expect(stateOf(written({ state: 'failed', agoMs: 1e9 }))).toEqual(['failed', true]);
  });

  it('does not respond when nothing was heard from it for a while', () => {
    expect(stateOf(written({ agoMs: 15_000 }))).toEqual(['running', true]);
    expect(stateOf(written({ agoMs: 15_001 }))).toEqual(['not responding', true]);
    expect(stateOf(written({ agoMs: 29_000, intervalMs: 10_000 }))).toEqual(['running', true]);
  });
});

describe('a job whose process is on another machine', () => {
  it('is what it says while documents come', () => {
    expect(stateOf(written({ host: 'two' }))).toEqual(['running', null]);
    expect(stateOf(written({ host: 'two', agoMs: 20_000 }))).toEqual(['not responding', null]);
  });

  it('is not running once its lease has run out', () => {
    const held = { host: 'two', place: 'two boot pid', renewedAtMs: nowMs - 40_000 };
    const out = lease({ ...held, expiresAtMs: nowMs - 1 });
    expect(stateOf(written({ host: 'two' }), out)).toEqual(['not running', false]);
    expect(stateOf(written({ host: 'two' }), lease(held))).toEqual(['running', null]);
  });
});

describe('a job that another process has taken over', () => {
  it('starts, until that process has written', () => {
    const before = written({ pid: 8, state: 'stopped', agoMs: 10_000 });
    expect(stateOf(before, lease())).toEqual(['starting', true]);
    expect(stateOf(null, lease())).toEqual(['starting', true]);
  });

  it('is not running when that process is gone before it wrote', () => {
    const before = written({ pid: 9, state: 'stopped', agoMs: 10_000 });
    expect(stateOf(before, lease({ pid: 8 }))).toEqual(['not running', false]);
  });

  it('is not taken over by leases that were given back, or are older than the document', () => {
    const before = written({ pid: 8, state: 'stopped', agoMs: 1000 });
    expect(stateOf(before, lease())).toEqual(['stopped', false]);
    const released = lease({ state: 'released', renewedAtMs: nowMs });
    expect(stateOf(before, released)).toEqual(['stopped', false]);
  });
});
