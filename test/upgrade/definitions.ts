// Views over one stream that keep every kind of state there is. Savepoints of them are kept for ever:
// never change a feature here; add another view, and another savepoint.
import {
  approxDistinct,
  avg,
  count,
  countBy,
  countDistinct,
  entity,
  featureView,
  first,
  hopping,
  last,
  lastN,
  lifetime,
  max,
  min,
  quantile,
  rolling,
  session,
  stddev,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';

export const user = entity('user', { key: { user_id: t.string() } });

export const purchases = stream('purchases', {
  schema: {
    user_id: t.string(),
    amount: t.float64(),
    items: t.int32(),
    cents: t.int64().nullable(),
    category: t.string().nullable(),
    ts: t.timestamp(),
  },
  eventTime: { field: 'ts', outOfOrderness: '20s', maxAhead: 'off' },
});

const features = (p: Parameters<Parameters<typeof purchases.where>[0]>[0]) => ({
  spent_10m: sum(p.amount).over(rolling('10m')),
  n_10m: count().over(rolling('10m')),
  big_30m: max(p.amount).where(p.amount.gt(50)).over(rolling('30m')),
  spread_30m: stddev(p.amount).over(rolling('30m')),
  cents_30m: sum(p.cents).over(rolling('30m')),
  kinds_30m: countDistinct(p.category).over(rolling('30m')),
  last_three: lastN(p.amount, 3).over(rolling({ rows: 5 })),
  spent_by_minute: sum(p.amount).over(rolling('20m', { resolution: '1m' })),
  distinct_by_minute: approxDistinct(p.category).over(rolling('20m', { resolution: '1m' })),
  p90_by_minute: quantile(p.amount, 0.9).over(rolling('20m', { resolution: '1m' })),
  spent_5m: sum(p.amount).over(tumbling('5m')),
  least_15m: min(p.items).over(hopping('15m', { every: '5m' })),
  kinds_15m: countDistinct(p.category).over(hopping('15m', { every: '5m' })),
  open_5m: avg(p.amount).over(tumbling('5m', { serve: 'open' })),
  visit: count().over(session('3m')),
  ever: sum(p.cents).over(lifetime()),
  first_ever: first(p.category).over(lifetime()),
  latest: last(p.category).over(lifetime()),
  by_category: countBy(p.category, { max: 4 }).over(rolling('30m')),
});

export const onArrival = featureView('on_arrival', { entity: user, from: purchases, features });

export const onWatermark = featureView('on_watermark', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features,
});
