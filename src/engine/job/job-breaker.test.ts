import { describe, expect, it } from 'vitest';
import {
  memoryDeadLetters,
  memoryLateRecords,
  memoryVectors,
} from '../../adapters/memory/memory-sinks.ts';
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { columnNode, featureNode, singleViewPlan } from '../../testing/plan-nodes.ts';
import { type ScriptStep, scriptedSource } from '../../testing/scripted-source.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import type { FailureLimits } from './failure-breaker.ts';
import { startJob } from './job.ts';

const startMs = Date.UTC(2026, 0, 1);
const user: Field = { name: 'user', type: { kind: 'string' }, nullable: false };
const amount: Field = { name: 'amount', type: { kind: 'int32' }, nullable: true };
const ts: Field = { name: 'ts', type: { kind: 'timestamp' }, nullable: true };
const plan = singleViewPlan({
  fields: [user, amount, ts],
  eventTime: { field: 'ts', outOfOrdernessMs: 0 },
  key: ['user'],
  features: [
    featureNode('total', { fn: 'sum', input: columnNode(amount), window: { kind: 'lifetime' } }),
  ],
  emit: 'arrival',
  decayMs: null,
});

const good = (i: number): ScriptStep => ({
  kind: 'row',
  row: { user: 'u', amount: 1, ts: startMs + i },
});
const bad = (i: number): ScriptStep => ({
  kind: 'error',
  error: {
    code: 'MR_DATA_TYPE',
    category: 'schema_mismatch',
    message: '"amount" is 1.5',
    offset: i,
    bytes: new Uint8Array([i % 256]),
  },
});

function start(steps: readonly ScriptStep[], onBreak: FailureLimits['onBreak'], bounded = true) {
  const letters = memoryDeadLetters();
  const vectors = memoryVectors();
  const notices: string[] = [];
  const metrics = new MetricsRegistry();
  const job = startJob({
    plan,
    sources: new Map([['events', scriptedSource({ splits: { a: steps }, bounded })]]),
    formats: new Map(),
    sinks: [vectors],
    deadLetters: letters,
    lateRecords: memoryLateRecords(),
    clock: virtualClock(startMs),
    baseDirectory: '.',
    nowMode: 'event',
    batchRowCount: 10,
    metrics,
    onNotice: (message) => notices.push(message),
    failureLimits: { alertShare: 0.05, breakerShare: 0.5, blockRecords: 100, onBreak },
  });
  return { job, letters, vectors, notices, metrics };
}

const mixed = Array.from({ length: 1000 }, (_, i) => (i < 300 || i % 10 > 0 ? good(i) : bad(i)));
const poisoned = Array.from({ length: 1000 }, (_, i) => (i < 300 ? good(i) : bad(i)));

describe('a job whose records fail', () => {
  it('goes on while few of them do, and says so', async () => {
    const { job, letters, vectors, notices, metrics } = start(mixed, 'stop');
    const { records_in, dead_letters } = await job.done;
    expect({ records_in, dead_letters }).toEqual({ records_in: 1000, dead_letters: 70 });
    expect(letters.letters).toHaveLength(70);
    expect(vectors.vectors).toHaveLength(930);
    expect(notices).toEqual([
      expect.stringMatching(/^5 of the last \d+ records of "events" failed, .*millrace dlq ls$/),
    ]);
    expect(job.progress().failures).toMatchObject([{ isAlerting: true, isBroken: false }]);
    expect(metrics.render()).toMatch(/millrace_dlq_alert\{stream="events"\} 1/);
  });

  it('stops with the reason when most of them do and it reads to the end', async () => {
    const { job, letters } = start(poisoned, 'stop');
    await expect(job.done).rejects.toMatchObject({
      code: 'MR_DEAD_LETTER_BREAKER',
      message: expect.stringContaining('51 of the last 51 records of "events" failed') as string,
    });
    expect(letters.letters.length).toBeLessThan(70);
  });

  it('pauses otherwise: it lives, takes no more input, and tells', async () => {
    const { job, letters, notices, metrics } = start(poisoned, 'pause', false);
    for (let i = 0; i < 500; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(job.progress()).toMatchObject({ state: 'paused', failures: [{ isBroken: true }] });
    expect(job.progress().recordsIn).toBeLessThan(370);
    expect(letters.letters.length).toBeLessThan(70);
    expect(notices.at(-1)).toContain('no more input is taken');
    await job.stop();
    expect(job.progress().state).toBe('stopped');
    expect(metrics.render()).toMatch(/millrace_dlq_breaker_open\{stream="events"\} 1/);
  });
});
