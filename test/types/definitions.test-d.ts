// What TypeScript infers of definitions: read by the type check, never run.
import {
  aggregate,
  avg,
  count,
  countBy,
  entity,
  ewma,
  type FeaturesOf,
  featureView,
  first,
  fromZod,
  hourOfDay,
  hopping,
  type KeyOf,
  least,
  lastN,
  lifetime,
  max,
  min,
  onDemandView,
  rowsOf,
  type OnDemandKeyOf,
  type OnlineReader,
  type RequestOf,
  type RowOf,
  rolling,
  stddev,
  stream,
  sum,
  t,
  topK,
  tumbling,
  when,
} from 'millrace';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';
import { userSpend } from '../../examples/shop/features/shop.ts';

const item = entity('item', { key: { shop_id: t.int64(), item_id: t.string() } });
const views = stream('views', {
  schema: {
    shop_id: t.int64(),
    item_id: t.string(),
    price: t.decimal(10, 2),
    seconds: t.float64().nullable(),
    n: t.int32(),
    tags: t.list(t.string()),
    at: t.timestamp(),
    on: t.date(),
    raw: t.bytes(),
  },
  eventTime: { field: 'at' },
});

expectTypeOf<RowOf<typeof views>>().toEqualTypeOf<{
  readonly shop_id: bigint;
  readonly item_id: string;
  readonly price: string;
  readonly seconds: number | null;
  readonly n: number;
  readonly tags: readonly string[];
  readonly at: number;
  readonly on: string;
  readonly raw: Uint8Array;
}>();

const longest = aggregate('longest', {
  takes: t.float64(),
  schema: { seconds: t.float64().nullable(), at: t.list(t.timestamp()) },
  returns: t.int64(),
  create: () => ({ seconds: null, at: [] }),
  add: (state, value, eventTime) => {
    expectTypeOf(state).toEqualTypeOf<{ seconds: number | null; at: readonly number[] }>();
    expectTypeOf(value).toEqualTypeOf<number>();
    state.at = [...state.at, eventTime];
  },
  merge: (into) => into,
  result: ({ seconds }) => (seconds === null ? null : BigInt(seconds)),
});

const itemViews = featureView('item_views', {
  entity: item,
  from: views.where((v) => v.n.gt(0).and(v.seconds.isNotNull())),
  features: (v) => ({
    n: count().over(rolling('1h')),
    total_n: sum(v.n).over(rolling('1h')),
    total_seconds: sum(v.seconds).over(hopping('1h', { every: '10m' })),
    total_price: sum(v.price).over(lifetime()),
    mean: avg(v.n).over(tumbling('5m', { serve: 'open', offset: '-1m' })),
    cheapest: min(v.price).over(rolling({ rows: 3 })),
    newest: max(v.at).over(lifetime()),
    ids: lastN(v.shop_id, 3).over(lifetime()),
    frequent: topK(v.shop_id, 3).over(rolling('1h')),
    fading: ewma(v.price, '30m').over(lifetime()),
    own: longest(v.seconds).where(v.price.gt(1)).over(rolling('1h')),
    by_item: countBy(v.item_id).over(rolling('1h')),
    some_tags: first(v.tags).over(lifetime()),
    long: count().where(v.seconds.gte(10)).over(rolling('1h')),
  }),
  derive: (f) => ({
    share_long: f.long.div(f.n),
    seconds_or_0: f.total_seconds.coalesce(0),
    size: when(f.n.gt(100), 'big').otherwise('small'),
  }),
});

expectTypeOf<KeyOf<typeof itemViews>>().toEqualTypeOf<{
  readonly shop_id: bigint;
  readonly item_id: string;
}>();

type Values = FeaturesOf<typeof itemViews>;
expectTypeOf<Values['n']>().toEqualTypeOf<number>();
expectTypeOf<Values['total_n']>().toEqualTypeOf<bigint | null>();
expectTypeOf<Values['total_seconds']>().toEqualTypeOf<number | null>();
expectTypeOf<Values['total_price']>().toEqualTypeOf<string | null>();
expectTypeOf<Values['mean']>().toEqualTypeOf<number | null>();
expectTypeOf<Values['cheapest']>().toEqualTypeOf<string | null>();
expectTypeOf<Values['newest']>().toEqualTypeOf<number | null>();
expectTypeOf<Values['ids']>().toEqualTypeOf<readonly bigint[]>();
expectTypeOf<Values['frequent']>().toEqualTypeOf<readonly bigint[]>();
expectTypeOf<Values['fading']>().toEqualTypeOf<number | null>();
expectTypeOf<Values['own']>().toEqualTypeOf<bigint | null>();
expectTypeOf<Values['by_item']>().toEqualTypeOf<Readonly<Record<string, number>>>();
expectTypeOf<Values['some_tags']>().toEqualTypeOf<readonly string[] | null>();
expectTypeOf<Values['share_long']>().toEqualTypeOf<number>();
expectTypeOf<Values['seconds_or_0']>().toEqualTypeOf<number>();
expectTypeOf<Values['size']>().toEqualTypeOf<string>();

declare const store: OnlineReader;
const read = await store.get(userSpend, { user_id: 'u1' });
expectTypeOf(read.values.spend_1h).toEqualTypeOf<number | null>();
expectTypeOf(read.values.last_amounts).toEqualTypeOf<readonly number[] | null>();
expectTypeOf(read.values.share_big).toEqualTypeOf<number | null>();
expectTypeOf(read.status.purchases_1h).toEqualTypeOf<
  'PRESENT' | 'NULL_VALUE' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE'
>();

const fromZodSchema = fromZod(
  z.object({
    user_id: z.string(),
    amount: z.number().nullable(),
    n: z.bigint(),
    at: z.date(),
    ok: z.boolean().optional(),
  }),
);
const zodStream = stream('zod', { schema: fromZodSchema, eventTime: { field: 'at' } });
expectTypeOf<RowOf<typeof zodStream>>().toEqualTypeOf<{
  readonly user_id: string;
  readonly amount: number | null;
  readonly n: bigint;
  readonly at: number;
  readonly ok: boolean | null;
}>();

const nested = fromZod(
  z.object({
    at: z.date(),
    size: z.int32(),
    visits: z.array(z.date()).default([]),
    tags: z.record(z.string(), z.bigint()),
    place: z.object({ city: z.string().nullable() }),
    plan: z.enum(['free', 'paid']),
  }),
);
const nestedStream = stream('nested', { schema: nested, eventTime: { field: 'at' } });
expectTypeOf<RowOf<typeof nestedStream>>().toEqualTypeOf<{
  readonly at: number;
  readonly size: number;
  readonly visits: readonly number[];
  readonly tags: Readonly<Record<string, bigint>>;
  readonly place: { readonly city: string | null };
  readonly plan: string;
}>();

const expressions = featureView('expressions', {
  entity: item,
  from: views.where((v) => v.price.gte(9.99).and(v.price.lt('100')).and(v.on.gt('2024-01-01'))),
  features: (v) => ({
    // Null comes from any branch and any argument.
    a: max(when(v.n.gt(0), 5).otherwise(v.seconds)).over(lifetime()),
    b: max(least(v.seconds, 1)).over(lifetime()),
    c: sum(v.n.div(2.5)).over(lifetime()),
    d: sum(
      when(v.n.in([1, 2]), v.shop_id)
        .when(v.n.eq(3), 7n)
        .otherwise(0n),
    ).over(lifetime()),
    e: count(v.item_id.lower().concat('x').startsWith('a')).over(lifetime()),
    f: max(hourOfDay(v.at)).over(lifetime()),
    g: sum(v.n, { distinct: true }).over(lifetime()),
    h: stddev(v.n, { population: true }).over(lifetime()),
  }),
  derive: (f) => ({
    nullable_div: f.f.div(f.c),
    maybe: when(f.e.gt(1), f.e).otherwise(null),
    sure: when(f.e.gt(1), f.e).otherwise(0),
    either: when(f.e.gt(1), f.f).otherwise(1),
    lowest: least(f.e, f.e),
  }),
});
type Computed = FeaturesOf<typeof expressions>;
expectTypeOf<Computed['a']>().toEqualTypeOf<number | null>();
expectTypeOf<Computed['b']>().toEqualTypeOf<number | null>();
expectTypeOf<Computed['c']>().toEqualTypeOf<number | null>();
expectTypeOf<Computed['d']>().toEqualTypeOf<bigint | null>();
expectTypeOf<Computed['e']>().toEqualTypeOf<number>();
expectTypeOf<Computed['f']>().toEqualTypeOf<number | null>();
expectTypeOf<Computed['g']>().toEqualTypeOf<bigint | null>();
expectTypeOf<Computed['h']>().toEqualTypeOf<number | null>();
expectTypeOf<Computed['nullable_div']>().toEqualTypeOf<number | null>();
expectTypeOf<Computed['maybe']>().toEqualTypeOf<number | null>();
expectTypeOf<Computed['sure']>().toEqualTypeOf<number>();
expectTypeOf<Computed['either']>().toEqualTypeOf<number | null>();
expectTypeOf<Computed['lowest']>().toEqualTypeOf<number>();

// @ts-expect-error a wrong key name
void store.get(userSpend, { user: 'u1' });
// @ts-expect-error a key of the wrong type
void store.get(userSpend, { user_id: 1 });

const risk = onDemandView('risk', {
  request: { amount: t.float64(), channel: t.string().nullable(), n: t.int64() },
  from: { spend: userSpend },
  features: (r, f) => ({
    ratio: r.amount.div(f.spend.spend_1h),
    plain: r.amount.plus(1),
    many: f.spend.purchases_1h.coalesce(0),
    share: f.spend.share_big,
  }),
});
expectTypeOf<RequestOf<typeof risk>>().toEqualTypeOf<{
  readonly amount: number;
  readonly channel: string | null;
  readonly n: bigint;
}>();
expectTypeOf<OnDemandKeyOf<typeof risk>>().toEqualTypeOf<{ readonly user_id: string }>();
expectTypeOf<FeaturesOf<typeof risk>>().toEqualTypeOf<{
  readonly ratio: number | null;
  readonly plain: number;
  readonly many: number;
  readonly share: number | null;
}>();
expectTypeOf((reader: OnlineReader) =>
  reader.get(risk, { user_id: 'u1' }, { amount: 5, channel: null, n: 1n }),
).returns.resolves.toHaveProperty('values');

// The rows of a view: its key, its times, its features.
const spendRows = rowsOf(userSpend);
expectTypeOf<RowOf<typeof spendRows>>().toMatchTypeOf<{
  readonly user_id: string;
  readonly event_time: number;
  readonly as_of: number;
  readonly spend_1h: number | null;
  readonly purchases_1h: number;
}>();
featureView('over_rows', {
  entity: userSpend.entity,
  from: rowsOf(userSpend).where((row) => row.purchases_1h.gt(1)),
  features: (row) => ({
    worst: max(row.spend_1h).over(rolling('1h')),
    // @ts-expect-error: no feature of that name
    nothing: max(row.spend_2h).over(rolling('1h')),
    oldest: min(row.as_of).over(lifetime()),
    // @ts-expect-error: a map cannot be summed
    wrong: sum(row.by_category_24h).over(rolling('1h')),
  }),
});
expectTypeOf(userSpend.on('flink')).toEqualTypeOf(userSpend);
// @ts-expect-error: there are two engines
userSpend.on('spark');
