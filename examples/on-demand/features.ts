// What a shop knows of a user, and what a checkout asks with the amount at hand.
import {
  count,
  entity,
  featureService,
  featureView,
  onDemandView,
  rolling,
  stream,
  sum,
  t,
  when,
} from 'millrace';

export const user = entity('user', { key: { user_id: t.string() } });

export const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '10s', idleTimeout: '10s' },
});

export const userSpend = featureView('user_spend', {
  entity: user,
  from: purchases,
  ttl: '8d',
  features: (p) => ({
    spend_1h: sum(p.amount).over(rolling('1h')),
    purchases_1h: count().over(rolling('1h')),
  }),
});

export const checkout = onDemandView('checkout', {
  request: { cart_amount: t.float64(), channel: t.string().default('web') },
  from: { userSpend },
  features: (r, f) => ({
    // Null for a user who bought nothing in the last hour.
    times_usual: r.cart_amount.div(f.userSpend.spend_1h.div(f.userSpend.purchases_1h)),
    spend_with_cart: f.userSpend.spend_1h.coalesce(0).plus(r.cart_amount),
    is_first: f.userSpend.purchases_1h.coalesce(0).eq(0),
    app_amount: when(r.channel.eq('app'), r.cart_amount).otherwise(0),
  }),
});

export const fraudModel = featureService('fraud_model', { features: [userSpend, checkout] });
