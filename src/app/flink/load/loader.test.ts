import { expect, it } from 'vitest';
import {
  memoryDeadLetters,
  memoryLateRecords,
  memoryVectors,
} from '../../../adapters/memory/memory-sinks.ts';
import { buildPlan } from '../../../define/build-plan.ts';
import { startJob } from '../../../engine/job/job.ts';
import {
  count,
  entity,
  type FeatureView,
  featureView,
  last,
  lifetime,
  rolling,
  stream,
  sum,
  t,
  tumbling,
} from '../../../index.ts';
import { systemClock } from '../../../kernel/clock.ts';
import type { Field } from '../../../kernel/types/field-type.ts';
import type { ViewNode } from '../../../plan/plan.ts';
import type { Source } from '../../../ports/source.ts';
import type { VectorSink } from '../../../ports/vector-sink.ts';
import { formats } from '../../formats.ts';
import { CatchUp } from './catch-up.ts';
import { groupsSource, jsonOptions } from './groups-source.ts';
import { loadedGroups, topicFields } from './loaded-groups.ts';
import { groupsStream, type LoadedView, loaderPlan } from './loader-plan.ts';
import { loadingSink } from './loading-sink.ts';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), price: t.decimal(9, 2), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '0s' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  decay: 'never',
  features: (p) => ({
    spent: sum(p.amount).over(rolling('1h')),
    n: count().over(tumbling('5m')),
    first_n: count().over(rolling('1h')),
    total: sum(p.price).over(lifetime()),
  }),
  derive: (f) => ({ share: f.spent.div(f.n), both: f.n.plus(f.first_n) }),
});
function loadedFrom(view: FeatureView) {
  const { plan } = buildPlan([{ view }]);
  const node = plan.views[0] as ViewNode;
  const groups = loadedGroups({ project: 'shop', env: 'fleet' }, node);
  return { plan, loaded: [{ view: node, groups }] };
}
const { plan, loaded } = loadedFrom(spend);

interface Message {
  readonly user_id: string;
  /** Null removes; text is no JSON of a row. */
  readonly row: Readonly<Record<string, unknown>> | null | string;
}

/** A partition in memory, by the name of its group. */
type Topics = Readonly<Record<string, readonly Message[]>>;

function topicSource(
  topic: string,
  messages: readonly Message[],
  fields: readonly Field[],
): Source {
  const utf8 = new TextEncoder();
  return {
    description: topic,
    bounded: true,
    open: ({ startAt }) => {
      const json = formats.get('json');
      if (json?.kind !== 'records') throw new Error('JSON has records');
      const decoder = json.createMessageDecoder?.({ fields }, jsonOptions);
      const id = `${topic}-0`;
      let offset = (startAt.get(id) as { readonly offset: number } | undefined)?.offset ?? 0;
      return Promise.resolve([
        {
          id,
          next: () => {
            const message = messages[offset];
            if (message === undefined || decoder === undefined) {
              return Promise.resolve({ kind: 'end' as const, position: { offset } });
            }
            const { user_id, row } = message;
            const value = typeof row === 'string' ? row : JSON.stringify({ user_id, ...row });
            const bytes = utf8.encode(`${value}\n`);
            const result = decoder.decode({
              bytes,
              bounds: Int32Array.of(row === null ? -1 : 0, row === null ? -1 : bytes.length - 1),
              offsets: Float64Array.of(offset),
              from: 0,
              count: 1,
            });
            const key = utf8.encode(JSON.stringify({ user_id }));
            const origin = { topic, partition: 0, key, timestampMs: 0, headers: [] };
            const errors = result.errors.map((error) => ({ ...error, origin }));
            offset += 1;
            const position = { offset };
            return Promise.resolve({
              kind: 'rows' as const,
              batch: result.batch,
              errors,
              position,
            });
          },
          close: () => Promise.resolve(),
        },
      ]);
    },
  };
}

const atMs = Date.UTC(2026, 10, 20);
function times(second: number): Readonly<Record<string, string>> {
  const text = new Date(atMs + second * 1000).toISOString();
  return { event_time: text, as_of: text };
}

interface Loader {
  readonly nowMs?: number;
  /** Partitions end there, as far as the loader is told. */
  readonly ends?: number;
  readonly of?: ReturnType<typeof loadedFrom>;
}

/** Loads all of the topics; their rows are read in the order of the groups. */
async function load(topics: Topics, { nowMs = 1, ends, of = { plan, loaded } }: Loader = {}) {
  const [{ view, groups }] = of.loaded as [LoadedView];
  const vectors = memoryVectors();
  const letters = memoryDeadLetters();
  const catchUp = new CatchUp();
  const source = groupsSource({
    view: view.name,
    keyFields: topicFields(view, { features: [] }).slice(0, 1),
    begin: () => catchUp.begin(view.name),
    topics: groups.map((group) => {
      const messages = topics[group.name] ?? [];
      const fields = topicFields(view, group);
      const end = ends ?? messages.length;
      return {
        group,
        fields,
        source: topicSource(group.topic, messages, fields),
        ends: () => Promise.resolve(new Map([[`${group.topic}-0`, end]])),
      };
    }),
  });
  const job = startJob({
    plan: loaderPlan(of.plan, of.loaded),
    sources: new Map([[groupsStream(view.name), source]]),
    formats,
    sinks: [loadingSink(vectors, { loaded: of.loaded, catchUp, nowMs })],
    deadLetters: letters,
    lateRecords: memoryLateRecords(),
    clock: systemClock,
    baseDirectory: '.',
    nowMode: 'wall',
  });
  await job.done;
  return { rows: vectors.vectors, letters: letters.letters };
}

const whole: Topics = {
  rolling_1h: [{ user_id: 'u1', row: { ...times(10), spent: 30, first_n: 2 } }],
  tumbling_5m: [{ user_id: 'u1', row: { ...times(8), n: 4 } }],
  lifetime: [{ user_id: 'u1', row: { ...times(10), total: 12.5 } }],
};

it('merges the newest rows of all windows, and derives from all of them', async () => {
  const { rows } = await load(whole);
  expect(rows.at(-1)).toMatchObject({
    view: 'spend',
    asOfMs: atMs + 10_000,
    eventTimeMs: atMs + 10_000,
    values: { spent: 30, n: 4, first_n: 2, total: '12.50', share: 7.5, both: 6 },
  });
});

it('writes nothing before all topics are read to where they ended, then whole rows', async () => {
  const { rows } = await load(whole);
  expect(rows).toHaveLength(1);
  const behind = await load(whole, { ends: 2 });
  expect(behind.rows).toEqual([]);
});

it('takes a window without a row for one without records', async () => {
  const { rows } = await load({ rolling_1h: whole['rolling_1h'] ?? [] });
  expect(rows.at(-1)?.values).toEqual({
    spent: 30,
    n: 0,
    first_n: 2,
    total: null,
    share: Number.POSITIVE_INFINITY,
    both: 2,
  });
});

it('keeps the newest row of a window, whatever comes again', async () => {
  const row = (second: number, spent: number | null) => ({
    user_id: 'u1',
    row: { ...times(second), spent, first_n: second },
  });
  const replayed = [row(1, 10), row(2, 20), row(3, null), row(1, 11), row(2, 22)];
  const { rows } = await load({ rolling_1h: replayed });
  expect(rows.at(-1)?.values).toMatchObject({ spent: null, first_n: 3 });
  const goesOn = await load({ rolling_1h: [...replayed, row(4, 40)] });
  expect(goesOn.rows.at(-1)?.values).toMatchObject({ spent: 40, first_n: 4 });
  const tie = await load({ rolling_1h: [row(3, 1), row(3, 2)] });
  expect(tie.rows.at(-1)?.values).toMatchObject({ spent: 2 });
});

it('removes what a window has said of a key when its topic does', async () => {
  const row = { user_id: 'u1', row: { ...times(5), n: 4 } };
  const other = { user_id: 'u2', row: { ...times(6), n: 1 } };
  const gone = { user_id: 'u1', row: null };
  const { rows, letters } = await load({ ...whole, tumbling_5m: [row, other, gone] });
  const byKey = new Map(rows.map((one) => [Buffer.from(one.key).toString(), one.values]));
  expect(letters).toEqual([]);
  expect([...byKey.values()]).toMatchObject([
    { n: 0, spent: 30, both: 2 },
    { n: 1, spent: null, both: 1 },
  ]);
  const back = await load({
    ...whole,
    tumbling_5m: [row, gone, { ...row, row: { ...times(7), n: 9 } }],
  });
  expect(back.rows.at(-1)?.values).toMatchObject({ n: 9 });
});

it('takes numbers that JSON does not have as Flink writes them', async () => {
  const row = (second: number, spent: unknown) => ({
    user_id: 'u1',
    row: { ...times(second), spent, first_n: second },
  });
  const read = async (spent: unknown) => {
    const { rows, letters } = await load({ rolling_1h: [row(1, 10), row(2, spent)] });
    return [letters.length, rows.at(-1)?.values['spent'], rows.at(-1)?.values['first_n']];
  };
  expect(await read('NaN')).toEqual([0, Number.NaN, 2]);
  expect(await read('-Infinity')).toEqual([0, Number.NEGATIVE_INFINITY, 2]);
  expect(await read('none')).toEqual([1, 10, 1]);
});

const place = t.struct({ city: t.string(), zip: t.int32().nullable() });
const kinds = {
  flag: t.bool(),
  small: t.int32(),
  large: t.int64(),
  single: t.float32(),
  double: t.float64(),
  price: t.decimal(12, 2),
  text: t.string(),
  blob: t.bytes(),
  at: t.timestamp(),
  day: t.date(),
  doc: t.json(),
  list: t.list(t.string()),
  map: t.map(t.int64()),
  place,
};
const records = stream('records', {
  schema: { user_id: t.string(), ...kinds, ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1s' },
});
const newestOf = featureView('newest', {
  entity: user,
  from: records,
  emit: 'watermark',
  decay: 'never',
  features: (p) => ({
    flag: last(p.flag).over(lifetime()),
    small: last(p.small).over(lifetime()),
    large: last(p.large).over(lifetime()),
    single: last(p.single).over(lifetime()),
    double: last(p.double).over(lifetime()),
    price: last(p.price).over(lifetime()),
    text: last(p.text).over(lifetime()),
    blob: last(p.blob).over(lifetime()),
    at: last(p.at).over(lifetime()),
    day: last(p.day).over(lifetime()),
    doc: last(p.doc).over(lifetime()),
    list: last(p.list).over(lifetime()),
    map: last(p.map).over(lifetime()),
    place: last(p.place).over(lifetime()),
    n: count().over(lifetime()),
  }),
});

/** As the JSON format of Flink writes them. */
const written = {
  flag: true,
  small: -7,
  large: '9007199254740993',
  single: 1.5,
  double: 1.25e10,
  price: 1234567.89,
  text: 'é "quoted" \\n',
  blob: 'AAEC/w==',
  at: '2026-11-20T10:00:00.250Z',
  day: '2026-11-20',
  doc: '{"a":[1,2]}',
  list: ['a', 'b'],
  map: { x: 1 },
  place: { city: 'Bern', zip: null },
  n: 3,
};

it('reads every type as Flink writes it, and nulls', async () => {
  const of = loadedFrom(newestOf);
  const text = JSON.stringify({ user_id: 'u1', ...times(1), ...written });
  const row = text.replace('"9007199254740993"', '9007199254740993');
  const nulls = Object.fromEntries(Object.keys(written).map((name) => [name, null]));
  const { rows, letters } = await load(
    {
      lifetime: [
        { user_id: 'u1', row },
        { user_id: 'u2', row: { ...times(2), ...nulls, n: 0 } },
      ],
    },
    { of },
  );
  expect(letters).toEqual([]);
  expect(rows.map(({ values }) => values)).toEqual([
    {
      ...written,
      large: 9007199254740993n,
      price: '1234567.89',
      blob: Uint8Array.of(0, 1, 2, 255),
      at: Date.UTC(2026, 10, 20, 10, 0, 0, 250),
      map: { x: 1n },
    },
    { ...nulls, n: 0 },
  ]);
});

it('sets aside what is no row', async () => {
  const { rows, letters } = await load({
    ...whole,
    tumbling_5m: [
      { user_id: 'u1', row: 'no JSON' },
      { user_id: 'u1', row: { event_time: times(1)['event_time'], n: 1 } },
      ...(whole['tumbling_5m'] ?? []),
    ],
  });
  expect(letters.map(({ code }) => code)).toEqual(['MR_DATA_MALFORMED', 'MR_DATA_MISSING_FIELD']);
  expect(rows.at(-1)?.values).toMatchObject({ n: 4 });
});

it('gives rows of a state that was built again versions above those before', async () => {
  const row = (n: number) => ({ user_id: 'u1', row: { ...times(n), n } });
  const long = await load({ tumbling_5m: [1, 2, 3, 4, 5].map(row) }, { nowMs: 1000 });
  const compacted = await load({ tumbling_5m: [row(5)] }, { nowMs: 1001 });
  const [before, after] = [long.rows.at(-1), compacted.rows.at(-1)];
  expect(after?.asOfMs).toBe(before?.asOfMs);
  expect(after?.seq).toBeGreaterThan(before?.seq ?? Number.NaN);
});

it('fills a store that has lost its rows only when it knows what came after its checkpoint', async () => {
  const begun: string[] = [];
  const inner: VectorSink = {
    write: () => undefined,
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
    epochs: {
      name: 'online',
      prepare: () => Promise.resolve('mark'),
      commit: () => Promise.resolve(),
      recover: (restored) => {
        begun.push(`recover ${String(restored?.state)}`);
        return Promise.resolve();
      },
    },
    refill: {
      hasLostRows: () => true,
      beginRefill: () => Promise.resolve(void begun.push('begin')),
      endRefill: () => Promise.resolve(void begun.push('end')),
    },
  };
  const catchUp = new CatchUp();
  const progress = catchUp.begin('spend');
  progress.expect('p-0', 10, 20);
  const before = await loadingSink(inner, { loaded, catchUp, nowMs: 7 }).epochs?.prepare(1, {});
  const { epochs, refill } = loadingSink(inner, { loaded, catchUp, nowMs: 8 });
  await epochs?.recover({ id: 1, state: before ?? null, positions: {} });
  expect(refill?.hasLostRows()).toBe(false);
  progress.reached('p-0', 19);
  expect(refill?.hasLostRows()).toBe(false);
  // The rows are owed to whoever goes on from here, too.
  expect(await epochs?.prepare(2, {})).toEqual({ seqBase: 7000, owed: ['spend'], store: 'mark' });
  progress.reached('p-0', 20);
  expect(refill?.hasLostRows()).toBe(true);
  await refill?.beginRefill?.();
  await refill?.endRefill();
  expect(begun).toEqual(['recover mark', 'begin', 'end']);
  expect(await epochs?.prepare(3, {})).toMatchObject({ owed: [] });
});
