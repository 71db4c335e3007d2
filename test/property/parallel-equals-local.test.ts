// Worker threads give, row for row per key and bit for bit, what one thread gives: random views over
// random histories with late rows, several splits, null and composite keys. MILLRACE_SEED repeats a
// run, MILLRACE_CASES makes it longer.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { lowerPlan, type SourceStage } from '../../src/engine/lower/lower-plan.ts';
import { LocalViewStage } from '../../src/engine/task/local-view-stage.ts';
import type { StageOutput, SubtaskStats, ViewStage } from '../../src/engine/task/view-stage.ts';
import { WorkerViewStage } from '../../src/engine/task/worker-view-stage.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { Plan, StreamNode, ViewNode } from '../../src/plan/plan.ts';
import { anyCase, type RandomCase } from '../../src/testing/arbitraries/cases.ts';
import { batchOf, operatorCalls, spoil } from '../../src/testing/batches.ts';
import { rowsOf } from '../../src/testing/operator-runner.ts';
import { timeSteps } from '../../src/testing/oracle/delivery.ts';
import { identityOf } from '../../src/testing/oracle/values.ts';
import { caseCount, caseSeed } from './case-seed.ts';

interface StageRun {
  /** Rows of each view and key, in order. */
  readonly rows: Readonly<Record<string, readonly unknown[]>>;
  readonly late: readonly string[];
  readonly failed: readonly string[];
  readonly counts: readonly string[];
}

type MakeStage = (plan: Plan, stages: readonly SourceStage[], output: StageOutput) => ViewStage;

const local: MakeStage = (plan, stages, output) => new LocalViewStage({ plan, stages, output });

function workers(parallelism: number, ringBytes: number): MakeStage {
  return (plan, stages, output) =>
    new WorkerViewStage({
      plan,
      stages,
      output,
      parallelism,
      ringBytes,
      clock: systemClock,
      onActivity: () => {},
    });
}

/** Several cases as one plan: a stream each, with the views of two of them, so with two routes. */
interface Case {
  readonly plan: Plan;
  readonly streams: readonly RandomCase[];
}

function combined(cases: readonly RandomCase[]): Case {
  const numbered = cases.map((random, i) => ({ random, name: `s${i}` }));
  const viewsOf = (i: number, name: string): ViewNode[] =>
    [cases[i], cases[(i + 1) % cases.length]].flatMap((random, k) =>
      (random?.plan.views ?? []).map((view) => renamed(view, `${name}_v${k}`, name)),
    );
  const views = numbered.flatMap(({ name }, i) => viewsOf(i, name));
  const plan: Plan = {
    kind: 'plan',
    version: 1,
    entities: views.map(({ name, key }) => ({
      kind: 'entity',
      name,
      key: key.map((part) => ({ name: part.name, type: part.type, nullable: part.nullable })),
      description: null,
    })),
    streams: numbered.map(({ random, name }) => {
      const [stream] = random.plan.streams;
      return { ...(stream as StreamNode), name, uid: name };
    }),
    views: views.map((view) => ({ ...view, entity: view.name })),
    services: [],
  };
  return { plan, streams: cases };
}

function renamed(view: ViewNode, name: string, stream: string): ViewNode {
  const scan = { kind: 'scan', stream } as const;
  return {
    ...view,
    name,
    uid: name,
    from: view.from.kind === 'filter' ? { ...view.from, input: scan } : scan,
    features: view.features.map((feature) => ({ ...feature, uid: `${name}.${feature.name}` })),
  };
}

async function run({ plan, streams }: Case, batchSize: number, make: MakeStage): Promise<StageRun> {
  const stages = lowerPlan(plan);
  const views = new Map(plan.views.map((view) => [view.name, view]));
  const rows: Record<string, unknown[]> = {};
  const late: string[] = [];
  const failed: string[] = [];
  const stage = make(plan, stages, {
    emit: (batch) => {
      for (const row of rowsOf(batch, views.get(batch.view) as ViewNode)) {
        (rows[`${batch.view} ${identityOf(row.key)}`] ??= []).push(row);
      }
    },
    late: (origin, record) => late.push(textOf([origin, record])),
    fail: (origin, { bytes, ...error }) =>
      failed.push(textOf([origin, error, Buffer.from(bytes).toString()])),
    drain: () => Promise.resolve(),
  });
  try {
    await Promise.all(
      streams.map((random, stream) =>
        feed(stage, { random, stream, node: stages[stream] as SourceStage, batchSize }),
      ),
    );
    await stage.finish();
    return { rows, late: late.sort(), failed: failed.sort(), counts: countsOf(stage.stats()) };
  } finally {
    await stage.close();
  }
}

interface Feed {
  readonly random: RandomCase;
  readonly stream: number;
  readonly node: SourceStage;
  readonly batchSize: number;
}

async function feed(stage: ViewStage, { random, stream, node, batchSize }: Feed): Promise<void> {
  const timed = timeSteps(node.stream, random.steps, random.splitCount);
  for (const call of operatorCalls(timed, batchSize)) {
    await stage.drain();
    if (call.kind === 'idle') stage.advanceIdleTime(stream, call.nowMs);
    if (call.kind === 'rows') {
      const batch = batchOf(node.stream, call.rows);
      stage.process(stream, batch);
      spoil(batch);
    }
    if (call.kind !== 'idle' && call.afterMs > Number.NEGATIVE_INFINITY) {
      stage.advanceWatermark(stream, call.afterMs);
    }
  }
}

/** Counters that do not depend on how keys are spread. */
function countsOf(stats: readonly SubtaskStats[]): string[] {
  const names = stats[0]?.views.map(({ view }) => view) ?? [];
  return names.map((name, i) => {
    const of = stats.map(({ views }) => views[i]?.stats);
    const sum = (field: 'rowsOut' | 'lateRecords' | 'failedRecords' | 'entities'): number =>
      of.reduce((total, one) => total + (one?.[field] ?? 0), 0);
    return `${name}: ${sum('rowsOut')} ${sum('lateRecords')} ${sum('failedRecords')} ${sum('entities')}`;
  });
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? `${item}n` : item,
  );
}

describe('worker threads', () => {
  it('give what one thread gives', async () => {
    const [count, perPlan] = [Math.ceil(caseCount / 25), 10];
    const cases = fc.sample(anyCase({ rowCountMax: 120 }), { seed: caseSeed, numRuns: count });
    for (let from = 0; from < cases.length; from += perPlan) {
      const chosen = combined(cases.slice(from, from + perPlan));
      const batchSize = [1000, 1, 7][from % 3] as number;
      const expected = await run(chosen, batchSize, local);
      expect(Object.keys(expected.rows).length).toBeGreaterThan(perPlan);
      for (const [parallelism, ringBytes] of [
        [2, 4096],
        [4, 1 << 16],
      ] as const) {
        const found = await run(chosen, batchSize, workers(parallelism, ringBytes));
        const where = `MILLRACE_SEED=${caseSeed} plan ${from / perPlan} at ${parallelism}`;
        expect(found, where).toEqual(expected);
      }
    }
  }, 120_000);
});
