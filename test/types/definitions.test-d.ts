// What TypeScript infers of definitions: read by the type check, never run.
import {
  avg,
  count,
  countBy,
  entity,
  type FeaturesOf,
  featureView,
  first,
  fromZod,
  hopping,
  type KeyOf,
  lastN,
  lifetime,
  max,
  min,
  type OnlineReader,
  type RowOf,
  rolling,
  stream,
  sum,
  t,
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
