// Views over the rows of other views, in one job: what comes out is what the oracle gives of the rows that
// it gives of the records. Which rows count is found out by a hidden count there, not by our rule.
import {
  buildPlan,
  avg,
  count,
  cumulate,
  entity,
  featureView,
  hopping,
  last,
  lifetime,
  max,
  min,
  quantile,
  rolling,
  rowsOf,
  session,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import type { Window } from 'millrace';
import { describe, expect, it } from 'vitest';
import {
  memoryDeadLetters,
  memoryLateRecords,
  memoryVectors,
} from '../../src/adapters/memory/memory-sinks.ts';
import { startJob } from '../../src/engine/job/job.ts';
import { decodeKey } from '../../src/kernel/key-encoding.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import type { Value } from '../../src/kernel/types/field-type.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { deliver } from '../../src/testing/oracle/delivery.ts';
import { runOracle } from '../../src/testing/oracle/oracle.ts';
import { scriptedSource } from '../../src/testing/scripted-source.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { caseSeed } from './case-seed.ts';

const seed = Number.isNaN(caseSeed) ? 25 : caseSeed;
const startMs = Date.UTC(2026, 0, 1);
const minuteMs = 60_000;

const user = entity('user', { key: { user_id: t.string() } });
const shop = entity('shop', { key: { is_even: t.bool() } });
const records = stream('records', {
  schema: {
    user_id: t.string(),
    amount: t.float64().nullable(),
    tag: t.string().nullable(),
    ts: t.timestamp(),
  },
  eventTime: { field: 'ts', outOfOrderness: '30s', maxAhead: 'off' },
});

const windows: Readonly<Record<string, Window>> = {
  tumbling: tumbling('2m'),
  offset: tumbling('5m', { offset: '1m' }),
  hopping: hopping('3m', { every: '1m' }),
  cumulate: cumulate('6m', { step: '2m' }),
  session: session('90s'),
  rolling: rolling('5m'),
  rows: rolling({ rows: 3 }),
  lifetime: lifetime(),
};

/** Features of a view over a window, one over its rows by another key, and one over the rows of that. */
function chainOf(window: Window, outer: Window): Plan {
  const spend = featureView('spend', {
    entity: user,
    from: records.where((r) => r.amount.lt(95)),
    emit: 'watermark',
    features: (r) => ({
      spent: sum(r.amount).over(window),
      newest: last(r.tag).over(window),
      own_count: count().over(window),
    }),
    derive: (f) => ({ mean: f.spent.div(f.own_count) }),
  });
  const typical = featureView('typical', {
    entity: shop,
    from: rowsOf(spend).where((row) => row.spent.gt(5)),
    keyBy: (row) => ({ is_even: row.user_id.in(['u0', 'u2']) }),
    emit: 'watermark',
    features: (row) => ({
      half: quantile(row.mean, 0.5).over(outer),
      top: max(row.spent).over(outer),
      tags: last(row.newest).over(outer),
      since: min(row.event_time).over(outer),
      own_count: count().over(outer),
    }),
  });
  const rarely = featureView('rarely', {
    entity: shop,
    from: rowsOf(typical),
    decay: 'never',
    features: (row) => ({ usual: avg(row.half).over(lifetime()), n: count().over(lifetime()) }),
  });
  const { plan, problems } = buildPlan([{ rarely }]);
  if (problems.some(({ severity }) => severity === 'error'))
    throw new Error(JSON.stringify(problems));
  return plan;
}

/** Records in disorder that nothing is late by. */
function history(random: () => number): readonly Readonly<Record<string, Value>>[] {
  const tags = ['a', 'b', 'ü', null];
  return Array.from({ length: 120 }, (_, i) => ({
    user_id: `u${Math.floor(random() * 3)}`,
    amount: random() < 0.1 ? null : Math.floor(random() * 100),
    tag: tags[Math.floor(random() * 4)] ?? null,
    ts: startMs + i * 9000 + (i > 60 ? 10 * minuteMs : 0) - Math.floor(random() * 29_000),
  }));
}

type Line = string;

async function engineLines(
  plan: Plan,
  rows: readonly Readonly<Record<string, Value>>[],
  batchRowCount: number,
): Promise<ReadonlyMap<string, readonly Line[]>> {
  const vectors = memoryVectors();
  const late = memoryLateRecords();
  const job = startJob({
    plan,
    sources: new Map([
      ['records', scriptedSource({ splits: { a: rows.map((row) => ({ kind: 'row', row })) } })],
    ]),
    formats: new Map(),
    sinks: [vectors],
    deadLetters: memoryDeadLetters(),
    lateRecords: late,
    clock: virtualClock(startMs),
    baseDirectory: '.',
    nowMode: 'event',
    batchRowCount,
    parallelism: 2,
  });
  await job.done;
  expect(late.records).toEqual([]);
  const lines = new Map<string, Line[]>();
  for (const { view, key, ...row } of vectors.vectors) {
    const node = plan.views.find(({ name }) => name === view);
    const line = lineOf({ ...row, key: decodeKey(node?.key ?? [], key) });
    lines.set(view, [...(lines.get(view) ?? []), line]);
  }
  return lines;
}

interface Row {
  readonly key: Readonly<Record<string, Value>>;
  readonly asOfMs: number;
  readonly eventTimeMs: number;
  readonly values: Readonly<Record<string, Value>>;
}

function lineOf({ key, asOfMs, eventTimeMs, values }: Row): Line {
  const shown = (_: string, value: unknown): unknown =>
    typeof value === 'bigint' ? `${value}n` : typeof value === 'number' ? rounded(value) : value;
  return JSON.stringify([asOfMs, key, eventTimeMs, values], shown);
}

/** Sums of the two are compensated in different orders. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(12));
}

function oracleRows(
  plan: Plan,
  view: string,
  rows: readonly Readonly<Record<string, Value>>[],
): readonly Row[] {
  const steps = deliver(rows.map((row, offset) => ({ split: 0, offset, row, arrivalMs: offset })));
  return runOracle({ plan, view, steps }).vectors;
}

/** What a view over the rows reads: those of windows that hold a record. */
function readRows(rows: readonly Row[]): readonly Readonly<Record<string, Value>>[] {
  return rows
    .filter(({ values }) => values['own_count'] !== 0)
    .map(({ key, asOfMs, eventTimeMs, values }) => ({
      ...key,
      event_time: eventTimeMs,
      as_of: asOfMs,
      ...values,
    }))
    .toSorted((a, b) => Number(a['as_of']) - Number(b['as_of']));
}

/** Each window over the rows of another: all of them as both in eight cases. */
const names = Object.keys(windows);
const pairs = names.map((inner, i) => [inner, names[(i + 3) % names.length] as string] as const);

describe('a view over the rows of a view over the rows of a view', () => {
  it.each(pairs)('of %s windows, by %s windows, is the oracle’s', async (inner, outer) => {
    const random = seededRandom(seed + names.indexOf(inner));
    const plan = chainOf(windows[inner] as Window, windows[outer] as Window);
    const rows = history(() => random.next());
    const spend = oracleRows(plan, 'spend', rows);
    const typical = oracleRows(plan, 'typical', readRows(spend));
    const rarely = oracleRows(plan, 'rarely', readRows(typical));
    expect(rarely.length).toBeGreaterThan(2);
    for (const batchRowCount of [1, 1000]) {
      const ours = await engineLines(plan, rows, batchRowCount);
      for (const [view, theirs] of Object.entries({ spend, typical, rarely })) {
        expect((ours.get(view) ?? []).toSorted(), view).toEqual(theirs.map(lineOf).toSorted());
      }
    }
  });
});
