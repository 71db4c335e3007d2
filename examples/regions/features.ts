import { count, entity, featureView, lifetime, max, rolling, stream, sum, t } from 'millrace';

export const user = entity('user', { key: { user_id: t.string() } });

export const payments = stream('payments', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1s' },
});

export const activity = featureView('activity', {
  entity: user,
  from: payments,
  freshness: '5s',
  features: (p) => ({
    payments: count().over(lifetime()),
    newest: max(p.ts).over(lifetime()),
    spent_1m: sum(p.amount).over(rolling('1m')),
  }),
});
