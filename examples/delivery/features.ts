import { count, entity, featureView, lifetime, stream, sum, t } from 'millrace';

export const user = entity('user', { key: { user_id: t.string() } });

export const payments = stream('payments', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1m' },
});

/** One vector for each payment: the nth vector of a user says n. */
export const totals = featureView('totals', {
  entity: user,
  from: payments,
  emit: 'arrival',
  features: (p) => ({
    n: count().over(lifetime()),
    total: sum(p.amount).over(lifetime()),
  }),
});
