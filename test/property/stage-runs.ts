// Runs stages on several random cases at once and collects what comes out per key, so that two ways
// of running can be compared row for row.
import type { SourceStage } from '../../src/engine/lower/lower-plan.ts';
import { lowerPlan } from '../../src/engine/lower/lower-plan.ts';
import type { StageOutput, SubtaskStats, ViewStage } from '../../src/engine/task/view-stage.ts';
import type { Plan, StreamNode, ViewNode } from '../../src/plan/plan.ts';
import type { RandomCase } from '../../src/testing/arbitraries/cases.ts';
import { batchOf, type OperatorCall, operatorCalls, spoil } from '../../src/testing/batches.ts';
import { rowsOf } from '../../src/testing/operator-runner.ts';
import { timeSteps } from '../../src/testing/oracle/delivery.ts';
import { identityOf } from '../../src/testing/oracle/values.ts';

/** Several cases as one plan: a stream each, with the views of two of them, so with two routes. */
export interface StageCase {
  readonly plan: Plan;
  readonly stages: readonly SourceStage[];
  readonly streams: readonly RandomCase[];
}

export function combinedCase(cases: readonly RandomCase[]): StageCase {
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
  return { plan, stages: lowerPlan(plan), streams: cases };
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

/** One call of a stage, for one of its streams. */
export interface StreamCall {
  readonly stream: number;
  readonly call: OperatorCall;
}

/** The calls of all streams, taking turns. */
export function callsOf({ streams, stages }: StageCase, batchSize: number): readonly StreamCall[] {
  const queues = streams.map((random, stream) => {
    const node = (stages[stream] as SourceStage).stream;
    const calls = operatorCalls(timeSteps(node, random.steps, random.splitCount), batchSize);
    return calls.map((call) => ({ stream, call }));
  });
  const longest = Math.max(...queues.map((queue) => queue.length));
  return Array.from({ length: longest }, (_, i) =>
    queues.flatMap((queue) => queue[i] ?? []),
  ).flat();
}

/** Hands calls to a stage, waiting for room before each. */
export async function feed(
  stage: ViewStage,
  { stages }: StageCase,
  calls: readonly StreamCall[],
): Promise<void> {
  for (const { stream, call } of calls) {
    await stage.drain();
    if (call.kind === 'idle') stage.advanceIdleTime(stream, call.nowMs);
    if (call.kind === 'rows') {
      const batch = batchOf((stages[stream] as SourceStage).stream, call.rows);
      stage.process(stream, batch);
      spoil(batch);
    }
    if (call.kind !== 'idle' && call.afterMs > Number.NEGATIVE_INFINITY) {
      stage.advanceWatermark(stream, call.afterMs);
    }
  }
}

/** What came out: the rows of each view and key in order, the rest in any. */
export class Collected implements StageOutput {
  readonly rows: Record<string, unknown[]> = {};
  readonly others: string[] = [];
  readonly #views: ReadonlyMap<string, ViewNode>;

  constructor({ plan }: StageCase) {
    this.#views = new Map(plan.views.map((view) => [view.name, view]));
  }

  emit(batch: Parameters<StageOutput['emit']>[0]): void {
    for (const row of rowsOf(batch, this.#views.get(batch.view) as ViewNode)) {
      (this.rows[`${batch.view} ${identityOf(row.key)}`] ??= []).push(row);
    }
  }

  refill(): void {
    throw new Error('nothing asks for it');
  }

  late(...given: Parameters<StageOutput['late']>): void {
    this.others.push(textOf(given));
  }

  fail(...[origin, { bytes, ...error }]: Parameters<StageOutput['fail']>): void {
    this.others.push(textOf([origin, error, Buffer.from(bytes).toString()]));
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  /** A copy of what came out so far. */
  taken(): Pick<Collected, 'rows' | 'others'> {
    return { rows: structuredClone(this.rows), others: [...this.others].sort() };
  }
}

/** Counters that do not depend on how keys are spread. */
export function countsOf(stats: readonly SubtaskStats[]): readonly string[] {
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
