import { describe, expect, it } from 'vitest';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { Plan } from '../../plan/plan.ts';
import { batchOf, type TimedRow } from '../../testing/batches.ts';
import { columnNode, featureNode, singleViewPlan } from '../../testing/plan-nodes.ts';
import { lowerPlan, type SourceStage } from '../lower/lower-plan.ts';
import { WorkerHost } from './worker-host.ts';
import { WorkerViewStage, type WorkerViewStageOptions } from './worker-view-stage.ts';

const user: Field = { name: 'user', type: { kind: 'string' }, nullable: false };
const amount: Field = { name: 'amount', type: { kind: 'float64' }, nullable: false };
const ts: Field = { name: 'ts', type: { kind: 'timestamp' }, nullable: false };
const window = { kind: 'rolling', sizeMs: 60_000, resolutionMs: null } as const;
const plan: Plan = singleViewPlan({
  fields: [user, amount, ts],
  eventTime: { field: 'ts', outOfOrdernessMs: 1000 },
  key: ['user'],
  features: [featureNode('sum', { fn: 'sum', input: columnNode(amount), window })],
  emit: 'arrival',
  decayMs: null,
});
const stages = lowerPlan(plan);
const { stream } = stages[0] as SourceStage;

function rows(count: number, from = 0): readonly TimedRow[] {
  return Array.from({ length: count }, (_, i) => ({
    row: {
      split: 0,
      offset: from + i,
      row: { user: `u${(from + i) % 97}`, amount: 1, ts: 1e12 + from + i },
      arrivalMs: 1e12,
    },
    watermarkMs: Number.NEGATIVE_INFINITY,
  }));
}

interface Started {
  readonly stage: WorkerViewStage;
  readonly counts: { rows: number; activity: number };
}

function start(options: Partial<WorkerViewStageOptions> = {}): Started {
  const counts = { rows: 0, activity: 0 };
  const stage = new WorkerViewStage({
    plan,
    stages,
    parallelism: 2,
    clock: systemClock,
    state: null,
    output: {
      emit: ({ rowCount }: VectorBatch) => (counts.rows += rowCount),
      refill: () => undefined,
      late: () => undefined,
      fail: () => undefined,
      drain: () => Promise.resolve(),
    },
    onActivity: () => (counts.activity += 1),
    ...options,
  });
  return { stage, counts };
}

/** Runs other code in the workers, e.g. one that dies. */
function withEntry(code: string, options: Partial<WorkerViewStageOptions> = {}): Started {
  const entry = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  return start({ ...options, startSubtask: (given) => new WorkerHost({ ...given, entry }) });
}

async function failureOf({ stage }: Started): Promise<MillraceError> {
  try {
    for (let i = 0; i < 1000; i++) {
      await stage.drain();
      stage.process(0, batchOf(stream, rows(500, i * 500)));
    }
    await stage.finish();
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError);
    return error as MillraceError;
  } finally {
    await stage.close();
  }
  throw new Error('nothing failed');
}

const realEntry = new URL('./subtask.worker.ts', import.meta.url).href;

describe('views on worker threads', () => {
  it('give the vector of a single record although nobody drains', async () => {
    const { stage, counts } = start();
    stage.process(0, batchOf(stream, rows(1)));
    while (counts.rows === 0) await systemClock.sleep(5);
    expect(counts.rows).toBe(1);
    expect(counts.activity).toBeGreaterThan(0);
    stage.process(0, batchOf(stream, rows(1, 1)));
    while (counts.rows === 1) await systemClock.sleep(5);
    await stage.close();
  }, 30_000);

  it('tell their statistics without being asked', async () => {
    const { stage } = start();
    stage.process(0, batchOf(stream, rows(100)));
    const recordsIn = (): number =>
      stage.stats().reduce((sum, { views }) => sum + (views[0]?.stats.recordsIn ?? 0), 0);
    while (recordsIn() < 100) await systemClock.sleep(5);
    await stage.close();
  }, 30_000);

  it('take more than their rings hold, and give everything back', async () => {
    const { stage, counts } = start({ ringBytes: 1 << 12 });
    for (let i = 0; i < 20; i++) stage.process(0, batchOf(stream, rows(1000, i * 1000)));
    await stage.finish();
    expect(counts.rows).toBe(20_000);
    // The end of input is not the end of the stage: a checkpoint may follow.
    stage.process(0, batchOf(stream, rows(10, 20_000)));
    await stage.finish();
    expect(counts.rows).toBe(20_010);
    await stage.close();
  }, 30_000);

  it('end when the stage is closed, also while they wait for room', async () => {
    const { stage } = start({
      ringBytes: 1 << 12,
      output: {
        emit: () => undefined,
        refill: () => undefined,
        late: () => undefined,
        fail: () => undefined,
        drain: () => new Promise(() => undefined),
      },
    });
    for (let i = 0; i < 20; i++) stage.process(0, batchOf(stream, rows(1000, i * 1000)));
    void stage.drain();
    await systemClock.sleep(300);
    const startMs = performance.now();
    await Promise.race([stage.close(), systemClock.sleep(6000)]);
    expect(performance.now() - startMs).toBeLessThan(4500);
  }, 30_000);
});

describe('a worker that fails', () => {
  it('by an exit is named', async () => {
    const error = await failureOf(withEntry('process.exit(3)'));
    expect(error.code).toBe('MR_WORKER_LOST');
    expect(error.message).toMatch(/^worker [12] of 2: ended with exit code 3$/);
  }, 30_000);

  it('by an exit in the middle of its work is named', async () => {
    const error = await failureOf(
      withEntry(`
        const wait = Atomics.wait;
        let count = 0;
        Atomics.wait = (...given) => (++count > 3 ? process.exit(4) : wait(...given));
        await import(${JSON.stringify(realEntry)});
      `),
    );
    expect(error.code).toBe('MR_WORKER_LOST');
    expect(error.message).toMatch(/^worker [12] of 2: ended with exit code 4$/);
  }, 30_000);

  it('by an error that nobody caught is named', async () => {
    const error = await failureOf(withEntry('throw new TypeError("boom")'));
    expect(error.message).toMatch(/^worker [12] of 2: boom$/);
  }, 30_000);

  it('by an error of ours keeps its code', async () => {
    const error = await failureOf(start({ plan: { ...plan, version: 9 } as unknown as Plan }));
    expect([error.code, error.context['worker']]).toEqual(['MR_PLAN_VERSION', expect.any(Number)]);
  }, 30_000);

  it('by running out of memory says so', async () => {
    const code = 'const kept = []; for (;;) kept.push(new Array(100_000).fill({}));';
    const resourceLimits = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 };
    const error = await failureOf(
      start({
        startSubtask: (given) =>
          new WorkerHost({
            ...given,
            resourceLimits,
            entry: new URL(`data:text/javascript,${encodeURIComponent(code)}`),
          }),
      }),
    );
    expect(error.code).toBe('MR_WORKER_MEMORY');
    expect(error.fix).toContain('memory');
  }, 30_000);
});
