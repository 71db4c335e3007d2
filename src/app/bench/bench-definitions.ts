// What the built-in benchmark computes, written as any user would write it.
import { avg, count, countDistinct, max, min, sum } from '../../define/aggregate.ts';
import { entity } from '../../define/entity.ts';
import { featureView } from '../../define/feature-view.ts';
import { stream } from '../../define/stream.ts';
import { t } from '../../define/type-builder.ts';
import { hopping, rolling, tumbling } from '../../define/window.ts';

const user = entity('user', { key: { user_id: t.string() } });

const events = stream('events', {
  schema: {
    event_id: t.string(),
    user_id: t.string(),
    event_type: t.string(),
    amount: t.float64(),
    category: t.string(),
    merchant_id: t.string(),
    ts: t.timestamp(),
  },
  eventTime: { field: 'ts', outOfOrderness: '5s', maxAhead: 'off' },
});

const purchases = events.where((e) => e.event_type.eq('purchase'));

/** J0: parse and filter; nothing passes. */
export const j0 = featureView('j0', {
  entity: user,
  from: events.where((e) => e.event_type.eq('none')),
  emit: 'watermark',
  features: () => ({ n: count().over(tumbling('5m')) }),
});

/** J1: two features of purchases in five minutes. */
export const j1 = featureView('j1', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: (e) => ({
    n: count().over(tumbling('5m')),
    spent: sum(e.amount).over(tumbling('5m')),
  }),
});

/** J2: three features of every event over the hour before it. */
export const j2 = featureView('j2', {
  entity: user,
  from: events,
  emit: 'watermark',
  features: (e) => ({
    n: count().over(rolling('1h')),
    spent: sum(e.amount).over(rolling('1h')),
    most: max(e.amount).over(rolling('1h')),
  }),
});

/** J3: an hour's features every ten minutes. */
export const j3 = featureView('j3', {
  entity: user,
  from: events,
  emit: 'watermark',
  features: (e) => ({
    n: count().over(hopping('1h', { every: '10m' })),
    spent: sum(e.amount).over(hopping('1h', { every: '10m' })),
    categories: countDistinct(e.category).over(hopping('1h', { every: '10m' })),
  }),
});

/** J4: ten features of every event over the hour before it. */
export const j4 = featureView('j4', {
  entity: user,
  from: events,
  emit: 'watermark',
  features: (e) => ({
    n: count().over(rolling('1h')),
    spent: sum(e.amount).over(rolling('1h')),
    mean: avg(e.amount).over(rolling('1h')),
    least: min(e.amount).over(rolling('1h')),
    most: max(e.amount).over(rolling('1h')),
    viewed: sum(e.amount).where(e.event_type.eq('view')).over(rolling('1h')),
    clicked: sum(e.amount).where(e.event_type.eq('click')).over(rolling('1h')),
    put_in_cart: sum(e.amount).where(e.event_type.eq('cart')).over(rolling('1h')),
    bought: sum(e.amount).where(e.event_type.eq('purchase')).over(rolling('1h')),
    refunded: sum(e.amount).where(e.event_type.eq('refund')).over(rolling('1h')),
  }),
});

/** J2 with a row for every event at once. */
export const j2Arrival = featureView('j2_arrival', {
  entity: user,
  from: events,
  emit: 'arrival',
  features: (e) => ({
    n: count().over(rolling('1h')),
    spent: sum(e.amount).over(rolling('1h')),
    most: max(e.amount).over(rolling('1h')),
  }),
});
