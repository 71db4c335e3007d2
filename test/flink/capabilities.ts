// What each target can compute, found out by compiling a definition for every node of the plan: the
// table in docs/flink.md is made from this, so that it says what the compiler does.
import {
  buildPlan,
  count,
  cumulate,
  entity,
  featureView,
  hopping,
  lifetime,
  rolling,
  rowsOf,
  session,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import type { Feature, Window } from 'millrace';
import { compileFlink } from '../../src/flink/compile-flink.ts';
import type { FlinkTables } from '../../src/flink/flink-tables.ts';
import type { Refusal } from '../../src/flink/refusal.ts';
import { type AggregateName, aggregateNames, aggregateResult } from '../../src/plan/aggregate.ts';
import { type FunctionName, functionSpec, functionTable } from '../../src/plan/functions.ts';
import type { FieldType } from '../../src/kernel/types/field-type.ts';
import type { Expression } from '../../src/plan/expression.ts';
import { lowestOf } from '../../src/testing/sample-aggregates.ts';
import {
  callNode,
  featureNode,
  literalNode,
  singleViewPlan,
} from '../../src/testing/plan-nodes.ts';
import type { WindowNode } from '../../src/plan/window.ts';
import { corpusTables as tables } from './corpus.ts';

/** One row: what is meant, and why Flink refuses it; null when it computes it. */
export interface Capability {
  readonly what: string;
  readonly refusals: readonly Refusal[];
}

const float64: FieldType = { kind: 'float64' };
const fields = [
  { name: 'user_id', type: { kind: 'string' }, nullable: false },
  { name: 'x', type: float64, nullable: false },
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
] as const;
const hourMs = 3_600_000;
const over: WindowNode = { kind: 'rolling', sizeMs: hourMs, resolutionMs: null };
const ending: WindowNode = { kind: 'session', gapMs: hourMs };

function refusalsOf(feature: ReturnType<typeof featureNode>): readonly Refusal[] {
  const plan = singleViewPlan({
    fields,
    eventTime: { field: 'ts' },
    key: ['user_id'],
    features: [feature],
    emit: 'watermark',
  });
  return compileFlink({ plan, tables }).refusals;
}

function aggregateCapability(fn: AggregateName, window: WindowNode): Capability {
  const input: Expression = { kind: 'column', name: 'x', type: float64, nullable: false };
  const isLimited = fn === 'firstN' || fn === 'lastN' || fn === 'countBy' || fn === 'topK';
  const limit = isLimited ? 5 : null;
  const user = fn === 'user' ? { user: lowestOf.node } : {};
  if (typeof aggregateResult(fn, float64, user.user) === 'string') throw new TypeError(fn);
  const quantile = fn === 'quantile' ? 0.5 : null;
  const decay = fn === 'ewma' ? { halfLifeMs: hourMs } : {};
  const feature = featureNode('f', { fn, input, window, limit, quantile, ...decay, ...user });
  return { what: fn === 'user' ? 'aggregate(…)' : fn, refusals: refusalsOf(feature) };
}

/** Aggregates over rows, and over windows that end. */
export function aggregateCapabilities(): readonly (readonly [Capability, Capability])[] {
  return aggregateNames.map((fn) => [
    aggregateCapability(fn, over),
    aggregateCapability(fn, ending),
  ]);
}

const user = entity('user', { key: { user_id: t.string() } });
const events = stream('events', {
  schema: { user_id: t.string(), x: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts' },
});

const windows: readonly (readonly [string, Window])[] = [
  ["rolling('1h')", rolling('1h')],
  ["rolling('1h', { resolution: '1m' })", rolling('1h', { resolution: '1m' })],
  ['rolling({ rows: 20 })', rolling({ rows: 20 })],
  ['lifetime()', lifetime()],
  ["tumbling('5m')", tumbling('5m')],
  ["tumbling('5m', { offset: '1m' })", tumbling('5m', { offset: '1m' })],
  ["tumbling('5m', { serve: 'open' })", tumbling('5m', { serve: 'open' })],
  ["tumbling('5m', { allowedLateness: '1m' })", tumbling('5m', { allowedLateness: '1m' })],
  ["hopping('1h', { every: '10m' })", hopping('1h', { every: '10m' })],
  ["cumulate('1d', { step: '1h' })", cumulate('1d', { step: '1h' })],
  ["session('30m')", session('30m')],
];

export function windowCapabilities(): readonly Capability[] {
  return windows.map(([what, window]) => {
    const features = (): Readonly<Record<string, Feature>> => ({ n: count().over(window) });
    const view = featureView('probe', { entity: user, from: events, emit: 'watermark', features });
    return { what, refusals: compileFlink({ plan: planOf(view), tables }).refusals };
  });
}

const onlineOnly: FlinkTables = {
  ...tables,
  sinks: (view) => ({ ...tables.sinks(view), output: null, log: null }),
};

/** Derived features over one window and over two, by where they go. */
export function derivedCapabilities(): readonly Capability[] {
  const cases = [
    ['one window', '1h', tables],
    ['different windows, for the online store alone', '1d', onlineOnly],
    ['different windows, with an output or a feature log', '1d', tables],
  ] as const;
  return cases.map(([windowsOf, size, bound]) => {
    const view = featureView('probe', {
      entity: user,
      from: events,
      emit: 'watermark',
      features: (e) => ({ a: sum(e.x).over(rolling('1h')), b: sum(e.x).over(rolling(size)) }),
      derive: (f) => ({ c: f.a.div(f.b) }),
    });
    const what = `derived from features over ${windowsOf}`;
    return { what, refusals: compileFlink({ plan: planOf(view), tables: bound }).refusals };
  });
}

/** A view over the rows of another. */
export function rowsCapability(): Capability {
  const read = featureView('read', {
    entity: user,
    from: events,
    emit: 'watermark',
    features: () => ({ n: count().over(tumbling('5m')) }),
  });
  const view = featureView('probe', {
    entity: user,
    from: rowsOf(read),
    emit: 'watermark',
    features: (row) => ({ sum: sum(row.n).over(rolling('1h')) }),
  });
  const { refusals } = compileFlink({ plan: planOf(view), tables });
  return { what: 'the rows of another view, `rowsOf(view)`', refusals };
}

function planOf(view: object): ReturnType<typeof buildPlan>['plan'] {
  return buildPlan([{ view }]).plan;
}

const samples: readonly Expression[] = [
  { kind: 'column', name: 'x', type: float64, nullable: false },
  { kind: 'column', name: 'user_id', type: { kind: 'string' }, nullable: false },
  { kind: 'column', name: 'ts', type: { kind: 'timestamp' }, nullable: false },
  literalNode(true, { kind: 'bool' }),
];

/** Arguments of a function that its rule takes: columns where they fit. */
function argumentsOf(fn: FunctionName): readonly Expression[] {
  if (fn === 'substring') {
    const one = literalNode(1, { kind: 'int32' });
    return [samples[1] as Expression, one, one];
  }
  for (const sample of samples) {
    for (const args of [[sample], [sample, sample]]) {
      const isTwo = ['plus', 'minus', 'times', 'div', 'mod', 'pow', 'in', 'and', 'or'];
      if (args.length === 1 && (isTwo.includes(fn) || /^(eq|ne|[gl]te?|least)$/.test(fn))) continue;
      if (typeof functionSpec(fn).resultType(args.map(({ type }) => type)) !== 'string')
        return args;
    }
  }
  throw new TypeError(`no arguments for ${fn}`);
}

export function functionCapabilities(): readonly Capability[] {
  return (Object.keys(functionTable) as FunctionName[]).map((fn) => {
    const feature = featureNode('f', {
      fn: 'count',
      input: callNode(fn, ...argumentsOf(fn)),
      window: over,
    });
    return { what: fn, refusals: refusalsOf(feature) };
  });
}

/** The part of docs/flink.md that is made from all this. */
export function capabilityTable(): string {
  const answer = ({ refusals: [refusal] }: Capability): string =>
    refusal === undefined ? 'yes' : `no: ${refusal.reason}. Instead: ${refusal.alternative}`;
  const refused = functionCapabilities().filter(({ refusals }) => refusals.length > 0);
  return [
    '| aggregate | engine | Flink, over rolling, rows and lifetime | Flink, over windows that end |',
    '|---|---|---|---|',
    ...aggregateCapabilities().map(
      ([rows, windowed]) => `| ${rows.what} | yes | ${answer(rows)} | ${answer(windowed)} |`,
    ),
    '',
    '| window | engine | Flink |',
    '|---|---|---|',
    ...[...windowCapabilities(), ...derivedCapabilities(), rowsCapability()].map(
      (capability) => `| ${capability.what} | yes | ${answer(capability)} |`,
    ),
    '',
    '| function | engine | Flink |',
    '|---|---|---|',
    ...refused.map(
      (capability) => `| ${capability.what} of float64 | yes | ${answer(capability)} |`,
    ),
    `| the other ${Object.keys(functionTable).length - refused.length} | yes | yes |`,
  ].join('\n');
}
