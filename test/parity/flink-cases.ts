// The cases of test/fixtures/flink-parity that the plan can express: which view computes one, and how
// its row is written as Flink's. Rows of windows without a record are ours only: left out.
import { readFileSync } from 'node:fs';
import { buildPlan } from 'millrace';
import type { Value } from '../../src/kernel/types/field-type.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { DeliveredRow } from '../../src/testing/oracle/delivery.ts';
import * as definitions from './flink-definitions.ts';

/** A row of a view, from whichever runner. */
export interface RunVector {
  readonly key: Readonly<Record<string, Value>>;
  readonly asOfMs: number;
  readonly values: Readonly<Record<string, Value>>;
}

export interface FlinkCase {
  /** The fixture's file name without its endings. */
  readonly name: string;
  readonly view: string;
  /** Flink's row; null for a row that Flink does not have. */
  readonly toFlinkRow: (vector: RunVector) => Record<string, Value> | null;
  /** Records that Flink dropped as late; null where the fixture does not tell. */
  readonly lateRecords: number | null;
  /** Why Flink's rows are fewer or smaller than right; null where they are to be equal. */
  readonly difference: string | null;
}

const folder = new URL('../fixtures/flink-parity/', import.meta.url);

/** The plan of every case. */
export const parityPlan: Plan = (() => {
  const { plan, problems } = buildPlan([definitions]);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new TypeError(JSON.stringify(errors));
  return plan;
})();

/** As the SQL gateway prints TIMESTAMP(3). */
function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0*Z$/, '');
}

interface WindowCase {
  readonly name: string;
  readonly view: string;
  /** Start of the window that ends at `end`. */
  readonly start: (end: number, values: RunVector['values']) => number;
  /** The feature that is 0 or null exactly when the window is empty; `n` by default. */
  readonly presence?: string;
  readonly late?: number;
  readonly difference?: string;
}

function windowCase({
  name,
  view,
  start,
  presence = 'n',
  late,
  difference,
}: WindowCase): FlinkCase {
  return {
    name,
    view,
    lateRecords: late ?? null,
    difference: difference ?? null,
    toFlinkRow: ({ key, asOfMs, values }) => {
      if (values[presence] === 0 || values[presence] === null) return null;
      const end = asOfMs + 1;
      return {
        ...key,
        ...values,
        window_start: timestamp(start(end, values)),
        window_end: timestamp(end),
        window_time: `${timestamp(asOfMs)}Z`,
      };
    },
  };
}

function rowCase(name: string, view: string, late: number): FlinkCase {
  return {
    name,
    view,
    lateRecords: late,
    difference: null,
    toFlinkRow: ({ key, asOfMs, values }) => ({
      ...key,
      ts: asOfMs,
      ...values,
      // Flink's AVG of an integer is an integer, cut toward zero.
      ...(typeof values['aq'] === 'number' ? { aq: Math.trunc(values['aq']) } : {}),
    }),
  };
}

export const flinkCases: readonly FlinkCase[] = [
  windowCase({
    name: '01-tumble',
    view: 'tumble',
    start: (end) => end - 60_000,
    late: 299 - countOf('01-tumble'),
  }),
  windowCase({ name: '02-hop', view: 'hop', start: (end) => end - 120_000 }),
  windowCase({
    name: '03-session',
    view: 'sessions',
    start: (_end, values) => Number(values['own_start']),
    late: 299 - countOf('03-session'),
  }),
  windowCase({
    name: '04-cumulate',
    view: 'cumulated',
    start: (end) => Math.floor((end - 1) / 120_000) * 120_000,
  }),
  rowCase('05-over-range', 'over_range', 32),
  rowCase('06-over-rows', 'over_rows', 9),
  rowCase('07-over-unbounded', 'over_unbounded', 60),
  windowCase({
    name: '19-tumble-filter-distinct',
    view: 'filtered',
    start: (end) => end - 30_000,
    presence: 'own_n',
  }),
  windowCase({
    name: '20-late-zero-delay',
    view: 'punctual_tumble',
    start: (end) => end - 10_000,
    late: 299 - countOf('20-late-zero-delay'),
  }),
  windowCase({
    name: '21-tumble-offset',
    view: 'offset_tumble',
    start: (end) => end - 60_000,
    difference:
      'The local half of its two-phase aggregate is flushed at multiples of the size, without ' +
      'the offset: by then the other half has passed the ends of windows, and drops their records.',
  }),
];

/** Records that Flink's windows of a case hold: all but the late ones. */
function countOf(name: string): number {
  return expectedRows(name).reduce((n, row) => n + Number(row['n']), 0);
}

export function expectedRows(name: string): readonly Record<string, Value>[] {
  return readLines(`${name}.expected.jsonl`).map((line) => {
    const { kind, row } = line as { kind: string; row: Record<string, Value> };
    if (kind !== '+I') throw new TypeError(`${name}: ${kind} is not an insert`);
    return row;
  });
}

/** The events of the fixtures in arrival order, as one split. */
export function parityEvents(): readonly DeliveredRow[] {
  return readLines('events.jsonl').map((line, offset) => {
    const event = line as Record<string, Value>;
    const price = event['price'];
    const row = { ...event, price: typeof price === 'number' ? price.toFixed(2) : null };
    return { split: 0, offset, row, arrivalMs: 1_700_000_000_000 + offset };
  });
}

function readLines(file: string): readonly unknown[] {
  return readFileSync(new URL(file, folder), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}
