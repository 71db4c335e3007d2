import {
  entity,
  stream,
  featureView,
  t,
  count,
  countBy,
  sum,
  avg,
  max,
  approxDistinct,
  quantile,
  lastN,
  rolling,
  tumbling,
  hopping,
  session,
  lifetime,
} from 'millrace';

export const user = entity('user', { key: { user_id: t.string() } });

export const purchases = stream('purchases', {
  schema: {
    event_id: t.string(),
    user_id: t.string(),
    amount: t.float64(),
    category: t.string().nullable(),
    ts: t.timestamp(), // epoch milliseconds in JSON; other encodings are options of the format
  },
  eventTime: { field: 'ts', outOfOrderness: '5s', idleTimeout: '30s' },
  id: 'event_id', // optional: breaks ties of equal event time, nothing else
});

const paid = purchases.where((p) => p.amount.gt(0));

export const userSpend = featureView('user_spend', {
  entity: user,
  from: paid,
  ttl: '8d', // a value whose last event is older than this is OUTSIDE_MAX_AGE
  freshness: '5s', // the promise that monitoring checks
  owner: 'risk-team',
  description: 'Spend velocity per user',
  tags: ['fraud'],
  features: (p) => ({
    spend_1h: sum(p.amount).over(rolling('1h')),
    purchases_1h: count().over(rolling('1h')),
    max_24h: max(p.amount).over(rolling('24h')),
    spend_5m: sum(p.amount).over(tumbling('5m')),
    avg_1h_by_10m: avg(p.amount).over(hopping('1h', { every: '10m' })),
    categories_7d: approxDistinct(p.category).over(rolling('7d', { resolution: '1h' })),
    p95_24h: quantile(p.amount, 0.95).over(rolling('24h', { resolution: '5m' })),
    big_1h: count().where(p.amount.gte(500)).over(rolling('1h')),
    session_count: count().over(session('30m')),
    last_amounts: lastN(p.amount, 5).over(lifetime()),
    max_20: max(p.amount).over(rolling({ rows: 20 })),
    by_category_24h: countBy(p.category, { max: 50 }).over(rolling('24h')), // map; the rest under null
  }),
  derive: (f) => ({ share_big: f.big_1h.div(f.purchases_1h) }),
});
