// The cases of test/fixtures/flink-parity that the plan can express, as plans, and how one of our
// rows is written as one of Flink's. Rows of windows without a record are ours only: left out.
import { readFileSync } from 'node:fs';
import type { Field, Value } from '../../src/kernel/types/field-type.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { WindowNode } from '../../src/plan/window.ts';
import type { DeliveredRow } from '../../src/testing/oracle/delivery.ts';
import {
  callNode,
  columnNode,
  type FeatureParts,
  featureNode,
  literalNode,
  singleViewPlan,
} from '../../src/testing/plan-nodes.ts';

/** A row of a view, from whichever runner. */
export interface RunVector {
  readonly key: Readonly<Record<string, Value>>;
  readonly asOfMs: number;
  readonly values: Readonly<Record<string, Value>>;
}

export interface FlinkCase {
  /** The fixture's file name without its endings. */
  readonly name: string;
  readonly plan: Plan;
  /** Flink's row; null for a row that Flink does not have. */
  readonly toFlinkRow: (vector: RunVector) => Record<string, Value> | null;
  /** The columns of Flink's row that are compared (others identify the input record). */
  readonly columns: readonly string[];
  /** Records that Flink dropped as late; null where the fixture does not tell. */
  readonly lateRecords: number | null;
  /** Why Flink's rows are fewer or smaller than right; null where they are to be equal. */
  readonly difference: string | null;
}

const folder = new URL('../fixtures/flink-parity/', import.meta.url);

const string: Field['type'] = { kind: 'string' };
const int32: Field['type'] = { kind: 'int32' };

const fields: readonly Field[] = [
  { name: 'seq', type: int32, nullable: false },
  { name: 'event_id', type: string, nullable: false },
  { name: 'user_id', type: string, nullable: true },
  { name: 'event_type', type: string, nullable: true },
  { name: 'amount', type: { kind: 'float64' }, nullable: true },
  { name: 'price', type: { kind: 'decimal', precision: 10, scale: 2 }, nullable: true },
  { name: 'qty', type: int32, nullable: true },
  { name: 'category', type: string, nullable: true },
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
];

const column = (name: string) => {
  const field = fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new TypeError(`no field ${name}`);
  return columnNode(field);
};
const text = (value: string) => literalNode(value, string);
const amount = column('amount');
const category = column('category');
const isEvent = (type: string) => callNode('eq', column('event_type'), text(type));

type Features = Readonly<Record<string, Omit<FeatureParts, 'window'>>>;

function planOf(window: WindowNode, features: Features, options: { key?: string; delay?: number }) {
  return singleViewPlan({
    fields,
    eventTime: { field: 'ts', outOfOrdernessMs: options.delay ?? 5000 },
    key: options.key === undefined ? [] : [options.key],
    features: Object.entries(features).map(([name, parts]) =>
      featureNode(name, { ...parts, window }),
    ),
    emit: 'watermark',
  });
}

/** As the SQL gateway prints TIMESTAMP(3). */
function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0*Z$/, '');
}

function windowCase(
  name: string,
  window: WindowNode,
  features: Features,
  options: {
    readonly key?: string;
    readonly delay?: number;
    readonly start: (end: number, values: RunVector['values']) => number;
    /** The feature that is 0 or null exactly when the window is empty. */
    readonly presence: string;
    readonly late?: number;
    readonly difference?: string;
    readonly more?: (end: number) => Record<string, Value>;
  },
): FlinkCase {
  const columns = Object.keys(features).filter((feature) => !feature.startsWith('_'));
  return {
    name,
    plan: planOf(window, features, options),
    columns: [
      ...(options.key === undefined ? [] : [options.key]),
      'window_start',
      'window_end',
      ...columns,
    ],
    lateRecords: options.late ?? null,
    difference: options.difference ?? null,
    toFlinkRow: ({ key, asOfMs, values }) => {
      const present = values[options.presence];
      if (present === 0 || present === null) return null;
      const end = asOfMs + 1;
      const start = options.start(end, values);
      const own = Object.fromEntries(columns.map((name) => [name, values[name] ?? null]));
      const more = options.more?.(end) ?? {};
      const bounds = { window_start: timestamp(start), window_end: timestamp(end) };
      return { ...key, ...bounds, ...own, ...more };
    },
  };
}

function rowCase(
  name: string,
  window: WindowNode,
  features: Features,
  options: { late: number; map?: (values: RunVector['values']) => RunVector['values'] },
): FlinkCase {
  return {
    name,
    plan: planOf(window, features, { key: 'user_id' }),
    columns: ['user_id', 'ts', ...Object.keys(features)],
    lateRecords: options.late,
    difference: null,
    toFlinkRow: ({ key, asOfMs, values }) => ({
      ...key,
      ts: asOfMs,
      ...(options.map?.(values) ?? values),
    }),
  };
}

const tumbling = (sizeMs: number, offsetMs = 0): WindowNode => ({
  kind: 'tumbling',
  sizeMs,
  offsetMs,
  serve: 'complete',
  allowedLatenessMs: 0,
});

const count: Features[string] = { fn: 'count' };
const sumAmount: Features[string] = { fn: 'sum', input: amount };
const positive = callNode('gt', amount, literalNode(0, { kind: 'float64' }));
const userId = 'user_id';

export const flinkCases: readonly FlinkCase[] = [
  windowCase(
    '01-tumble',
    tumbling(60_000),
    {
      n: count,
      n_amt: { fn: 'count', input: amount },
      s: sumAmount,
      mn: { fn: 'min', input: amount },
      mx: { fn: 'max', input: amount },
      av: { fn: 'avg', input: amount },
    },
    { key: userId, start: (end) => end - 60_000, presence: 'n', late: 299 - countOf('01-tumble') },
  ),
  windowCase(
    '02-hop',
    {
      kind: 'hopping',
      sizeMs: 120_000,
      everyMs: 30_000,
      offsetMs: 0,
      serve: 'complete',
      allowedLatenessMs: 0,
    },
    { n: count, s: sumAmount, dc: { fn: 'countDistinct', input: category } },
    { key: userId, start: (end) => end - 120_000, presence: 'n' },
  ),
  windowCase(
    '03-session',
    { kind: 'session', gapMs: 10_000 },
    {
      n: count,
      s: sumAmount,
      first_seq: { fn: 'min', input: column('seq') },
      last_seq: { fn: 'max', input: column('seq') },
      _start: { fn: 'min', input: column('ts') },
    },
    {
      key: userId,
      start: (_end, values) => Number(values['_start']),
      presence: 'n',
      late: 299 - countOf('03-session'),
    },
  ),
  windowCase(
    '04-cumulate',
    {
      kind: 'cumulate',
      sizeMs: 120_000,
      stepMs: 30_000,
      offsetMs: 0,
      allowedLatenessMs: 0,
    },
    { n: count, s: sumAmount, mq: { fn: 'max', input: column('qty') } },
    { key: userId, start: (end) => Math.floor((end - 1) / 120_000) * 120_000, presence: 'n' },
  ),
  rowCase(
    '05-over-range',
    { kind: 'rolling', sizeMs: 60_000, resolutionMs: null },
    {
      n: count,
      n_amt: { fn: 'count', input: amount },
      s: sumAmount,
      av: { fn: 'avg', input: amount },
      mn: { fn: 'min', input: amount },
      mx: { fn: 'max', input: amount },
      sp: { fn: 'sum', input: amount, where: isEvent('purchase') },
    },
    { late: 32 },
  ),
  rowCase(
    '06-over-rows',
    { kind: 'rollingRows', rows: 5 },
    {
      n: count,
      s: sumAmount,
      mq: { fn: 'min', input: column('qty') },
      aq: { fn: 'avg', input: column('qty') },
    },
    {
      late: 9,
      // Flink's AVG of an integer is an integer: cut toward zero.
      map: (values) => ({
        ...values,
        aq: typeof values['aq'] === 'number' ? Math.trunc(values['aq']) : null,
      }),
    },
  ),
  rowCase(
    '07-over-unbounded',
    { kind: 'lifetime' },
    {
      n: count,
      sp: { fn: 'sum', input: column('price') },
      dc: { fn: 'countDistinct', input: category },
      fv: { fn: 'first', input: amount },
      lv: { fn: 'last', input: amount },
    },
    { late: 60 },
  ),
  windowCase(
    '19-tumble-filter-distinct',
    tumbling(30_000),
    {
      du: { fn: 'countDistinct', input: column('user_id') },
      dcv: { fn: 'countDistinct', input: category, where: isEvent('view') },
      sp: { fn: 'sum', input: amount, where: positive },
      sdq: { fn: 'sum', input: column('qty'), distinct: true },
      n_empty: { fn: 'count', where: callNode('eq', category, text('')) },
      n_null: { fn: 'count', where: callNode('isNull', category) },
      _n: count,
    },
    { start: (end) => end - 30_000, presence: '_n' },
  ),
  windowCase(
    '20-late-zero-delay',
    tumbling(10_000),
    {
      n: count,
      s0: { fn: 'min', input: column('seq') },
      s1: { fn: 'max', input: column('seq') },
      ss: { fn: 'sum', input: column('seq') },
    },
    {
      key: userId,
      delay: 0,
      start: (end) => end - 10_000,
      presence: 'n',
      late: 299 - countOf('20-late-zero-delay'),
    },
  ),
  windowCase(
    '21-tumble-offset',
    tumbling(60_000, -15_000),
    { n: count },
    {
      start: (end) => end - 60_000,
      presence: 'n',
      difference:
        'The local half of its two-phase aggregate is flushed at multiples of the size, without ' +
        'the offset: by then the other half has passed the ends of windows, and drops their records.',
      more: (end) => ({ window_time: `${timestamp(end - 1)}Z` }),
    },
  ),
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
