import { count, entity, featureView, lifetime, rolling, stream, sum, t } from 'millrace';

export const user = entity('user', { key: { user_id: t.string() } });

export const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '100ms', idleTimeout: '30s' },
});

/** Two windows are two queries on Flink; `older` is computed where their rows are merged. */
export const userSpend = featureView('user_spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  decay: 'never',
  freshness: '2s',
  features: (p) => ({
    bought_1h: count().over(rolling('1h')),
    spent_1h: sum(p.amount).over(rolling('1h')),
    bought: count().over(lifetime()),
  }),
  derive: (f) => ({ older: f.bought.minus(f.bought_1h) }),
});
