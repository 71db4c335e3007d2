// ShopCore: fifty features of a shop's user, each event updating all of them at once.
import {
  avg,
  count,
  countDistinct,
  last,
  max,
  min,
  stddev,
  sum,
} from '../../src/define/aggregate.ts';
import { entity } from '../../src/define/entity.ts';
import { featureView } from '../../src/define/feature-view.ts';
import { stream } from '../../src/define/stream.ts';
import { t } from '../../src/define/type-builder.ts';
import { lifetime, rolling } from '../../src/define/window.ts';

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

// Slots bound the state of a user: by Zipf's law one in sixteen events is of one and the same user.
const hour = rolling('1h', { resolution: '1m' });
const day = rolling('24h', { resolution: '1h' });
const week = rolling('7d', { resolution: '1d' });
const ever = lifetime();

/** 12 features of the last hour by the minute, 17 of a day, 12 of a week, 9 of all time. */
export const shopCore = featureView('shop_core', {
  entity: user,
  from: events,
  emit: 'arrival',
  decay: 'never',
  features: (e) => {
    const is = (type: string) => e.event_type.eq(type);
    return {
      n_1h: count().over(hour),
      spent_1h: sum(e.amount).over(hour),
      mean_1h: avg(e.amount).over(hour),
      least_1h: min(e.amount).over(hour),
      most_1h: max(e.amount).over(hour),
      spread_1h: stddev(e.amount).over(hour),
      views_1h: count().where(is('view')).over(hour),
      clicks_1h: count().where(is('click')).over(hour),
      carts_1h: count().where(is('cart')).over(hour),
      purchases_1h: count().where(is('purchase')).over(hour),
      refunds_1h: count().where(is('refund')).over(hour),
      bought_1h: sum(e.amount).where(is('purchase')).over(hour),

      n_1d: count().over(day),
      spent_1d: sum(e.amount).over(day),
      mean_1d: avg(e.amount).over(day),
      least_1d: min(e.amount).over(day),
      most_1d: max(e.amount).over(day),
      spread_1d: stddev(e.amount).over(day),
      categories_1d: countDistinct(e.category).over(day),
      views_1d: count().where(is('view')).over(day),
      clicks_1d: count().where(is('click')).over(day),
      carts_1d: count().where(is('cart')).over(day),
      purchases_1d: count().where(is('purchase')).over(day),
      refunds_1d: count().where(is('refund')).over(day),
      viewed_1d: sum(e.amount).where(is('view')).over(day),
      clicked_1d: sum(e.amount).where(is('click')).over(day),
      put_in_cart_1d: sum(e.amount).where(is('cart')).over(day),
      bought_1d: sum(e.amount).where(is('purchase')).over(day),
      refunded_1d: sum(e.amount).where(is('refund')).over(day),

      n_7d: count().over(week),
      spent_7d: sum(e.amount).over(week),
      mean_7d: avg(e.amount).over(week),
      least_7d: min(e.amount).over(week),
      most_7d: max(e.amount).over(week),
      views_7d: count().where(is('view')).over(week),
      clicks_7d: count().where(is('click')).over(week),
      carts_7d: count().where(is('cart')).over(week),
      purchases_7d: count().where(is('purchase')).over(week),
      refunds_7d: count().where(is('refund')).over(week),
      bought_7d: sum(e.amount).where(is('purchase')).over(week),
      refunded_7d: sum(e.amount).where(is('refund')).over(week),

      n: count().over(ever),
      spent: sum(e.amount).over(ever),
      mean: avg(e.amount).over(ever),
      least: min(e.amount).over(ever),
      most: max(e.amount).over(ever),
      purchases: count().where(is('purchase')).over(ever),
      bought: sum(e.amount).where(is('purchase')).over(ever),
      refunded: sum(e.amount).where(is('refund')).over(ever),
      last_amount: last(e.amount).over(ever),
    };
  },
});
