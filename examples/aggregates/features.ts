// An aggregate that no library has: how widely prices of a symbol spread, in percent of their middle.
import { aggregate, count, entity, featureView, rolling, stream, t, tumbling } from 'millrace';

export const spread = aggregate('spread', {
  takes: t.float64(),
  schema: { low: t.float64().nullable(), high: t.float64().nullable() },
  returns: t.float64(),
  create: () => ({ low: null, high: null }),
  add: (state, price) => {
    if (price <= 0) throw new RangeError('a price is above 0');
    state.low = Math.min(price, state.low ?? price);
    state.high = Math.max(price, state.high ?? price);
  },
  merge: (into, from) => {
    if (from.low === null || from.high === null) return;
    into.low = Math.min(from.low, into.low ?? from.low);
    into.high = Math.max(from.high, into.high ?? from.high);
  },
  result: ({ low, high }) =>
    low === null || high === null ? null : (200 * (high - low)) / (high + low),
});

export const symbol = entity('symbol', { key: { symbol: t.string() } });

export const trades = stream('trades', {
  schema: { symbol: t.string(), price: t.float64(), lot: t.int32(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});

export const market = featureView('market', {
  entity: symbol,
  from: trades,
  emit: 'watermark',
  features: (p) => ({
    spread_1h: spread(p.price).over(rolling('1h', { resolution: '1m' })),
    spread_large: spread(p.price).where(p.lot.gte(100)).over(rolling('10m')),
    spread_5m: spread(p.price).over(tumbling('5m')),
    trades_1h: count().over(rolling('1h')),
  }),
});
