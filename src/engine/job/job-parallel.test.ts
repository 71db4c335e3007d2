// A whole job on worker threads: that it ends, stops and fails as at one thread, and what it says of
// how its work is spread. That its rows are the same is shown in test/property.
import { describe, expect, it } from 'vitest';
import {
  memoryDeadLetters,
  memoryLateRecords,
  memoryVectors,
} from '../../adapters/memory/memory-sinks.ts';
import { systemClock } from '../../kernel/clock.ts';
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { columnNode, featureNode, singleViewPlan } from '../../testing/plan-nodes.ts';
import { type ScriptStep, scriptedSource } from '../../testing/scripted-source.ts';
import { WorkerHost } from '../task/worker-host.ts';
import { WorkerViewStage } from '../task/worker-view-stage.ts';
import { startJob } from './job.ts';
import type { Job, JobSpec } from './job-spec.ts';

const startMs = Date.UTC(2026, 0, 1);
const user: Field = { name: 'user', type: { kind: 'string' }, nullable: false };
const amount: Field = { name: 'amount', type: { kind: 'int32' }, nullable: false };
const ts: Field = { name: 'ts', type: { kind: 'timestamp' }, nullable: false };
const rolling = { kind: 'rolling', sizeMs: 600_000, resolutionMs: null } as const;
const plan = singleViewPlan({
  fields: [user, amount, ts],
  eventTime: { field: 'ts', outOfOrdernessMs: 1000, maxAheadMs: null },
  key: ['user'],
  features: [featureNode('sum', { fn: 'sum', input: columnNode(amount), window: rolling })],
  emit: 'arrival',
  decayMs: null,
});

/** Every other row is of one user. */
const steps = Array.from({ length: 2000 }, (_, i): ScriptStep => {
  const name = i % 2 === 0 ? 'everybody' : `u${i % 61}`;
  return { kind: 'row', row: { user: name, amount: 1, ts: startMs + i } };
});

interface Started {
  readonly job: Job;
  readonly vectors: ReturnType<typeof memoryVectors>;
}

function start(options: Partial<JobSpec> = {}): Started {
  const vectors = memoryVectors();
  const job = startJob({
    plan,
    sources: new Map([['events', scriptedSource({ splits: { a: steps } })]]),
    formats: new Map(),
    sinks: [vectors],
    deadLetters: memoryDeadLetters(),
    lateRecords: memoryLateRecords(),
    clock: systemClock,
    baseDirectory: '.',
    nowMode: 'event',
    parallelism: 2,
    batchRowCount: 100,
    ...options,
  });
  return { job, vectors };
}

describe('a job on two worker threads', () => {
  it('gives all rows and says how they were spread', async () => {
    const metrics = new MetricsRegistry();
    const { job, vectors } = start({ metrics });
    const summary = await job.done;
    expect(vectors.vectors.length).toBe(summary.rows_out);
    expect(summary).toMatchObject({ records_in: 2000, rows_out: 2000 });
    const { subtasks, hotKeys } = job.progress();
    expect(subtasks.map(({ subtask }) => subtask)).toEqual([0, 1]);
    expect(subtasks.reduce((sum, { recordsIn }) => sum + recordsIn, 0)).toBe(2000);
    const [hottest] = hotKeys;
    expect(hottest).toMatchObject({ views: ['view'], key: { user: 'everybody' } });
    expect(hottest?.share).toBeCloseTo(0.5, 1);
    const busiest = subtasks.find(({ subtask }) => subtask === hottest?.subtask);
    expect(busiest?.recordsIn).toBeGreaterThanOrEqual(1000);
    const text = metrics.render();
    expect(text).toMatch(/millrace_subtask_num_records_in_total\{subtask="0"\} \d+/);
    expect(text).not.toContain('everybody');
  }, 30_000);

  it('hands on what it has read when it is stopped, although its source never ends', async () => {
    const source = scriptedSource({ splits: { a: steps }, bounded: false });
    const { job, vectors } = start({ sources: new Map([['events', source]]) });
    while (job.progress().recordsIn < 2000) await systemClock.sleep(5);
    await job.stop();
    expect(vectors.vectors.length).toBe(2000);
    expect(job.progress().state).toBe('stopped');
  }, 30_000);

  it('fails when a thread is lost, and names it', async () => {
    const entry = new URL('data:text/javascript,process.exit(9)');
    const { job } = start({
      createStage: (given) =>
        new WorkerViewStage({
          ...given,
          startSubtask: (options) => new WorkerHost({ ...options, entry }),
        }),
    });
    await expect(job.done).rejects.toMatchObject({
      code: 'MR_WORKER_LOST',
      message: expect.stringMatching(/^worker [12] of 2: ended with exit code 9$/),
    });
    expect(job.progress().state).toBe('failed');
  }, 30_000);
});
