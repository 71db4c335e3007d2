// Aggregates that are functions of ours in Flink: over rows that leave, rows that stay, windows that end.
import {
  approxDistinct,
  count,
  cumulate,
  ewma,
  featureView,
  hopping,
  hourOfDay,
  lifetime,
  median,
  quantile,
  rolling,
  session,
  topK,
  tumbling,
} from 'millrace';
import { global, numbered, perUser, readings, sensor, user } from './events.ts';

const hour = rolling('1h');
const minute = tumbling('1m');
const perSensor = { entity: sensor, from: readings, emit: 'watermark' } as const;

export const quantiles = featureView('quantiles', {
  ...perUser,
  features: (e) => ({
    half: median(e.amount).over(minute),
    high: quantile(e.amount, 0.95).over(minute),
    of_ints: quantile(e.qty, 0.25).over(minute),
    of_decimals: median(e.price).over(minute),
    bought: quantile(e.amount, 0.9).where(e.event_type.eq('purchase')).over(minute),
    n: count().over(minute),
  }),
});

export const rollingQuantiles = featureView('rolling_quantiles', {
  ...perUser,
  features: (e) => ({
    half: median(e.amount).over(hour),
    high: quantile(e.amount, 0.95).over(hour),
    of_ints: quantile(e.qty.times(3), 0.25).over(hour),
    of_decimals: median(e.price).over(hour),
    bought: quantile(e.amount, 0.9).where(e.event_type.eq('purchase')).over(hour),
    of_five: median(e.amount).over(rolling({ rows: 5 })),
  }),
});

export const quantilesOfWindows = featureView('quantiles_of_windows', {
  ...perUser,
  features: (e) => ({
    hopping: median(e.amount).over(hopping('2m', { every: '30s' })),
    cumulated: quantile(e.amount, 0.9).over(cumulate('10m', { step: '2m' })),
    in_session: quantile(e.amount, 0).over(session('30s')),
    ever: quantile(e.amount, 1).over(lifetime()),
  }),
});

export const approximate = featureView('approximate', {
  ...perUser,
  features: (e) => ({
    categories: approxDistinct(e.category).over(minute),
    amounts: approxDistinct(e.amount).over(minute),
    prices: approxDistinct(e.price).over(minute),
    whole: approxDistinct(e.qty).over(minute),
    instants: approxDistinct(e.ts).over(minute),
    viewed: approxDistinct(e.category).where(e.event_type.eq('view')).over(minute),
  }),
});

export const rollingApproximate = featureView('rolling_approximate', {
  ...perUser,
  features: (e) => ({
    categories: approxDistinct(e.category).over(hour),
    amounts: approxDistinct(e.amount).over(hour),
    prices: approxDistinct(e.price).over(hour),
    hours: approxDistinct(hourOfDay(e.ts)).over(hour),
    viewed: approxDistinct(e.category).where(e.event_type.eq('view')).over(hour),
    of_four: approxDistinct(e.qty).over(rolling({ rows: 4 })),
  }),
});

export const approximateOfWindows = featureView('approximate_of_windows', {
  ...global,
  features: (e) => ({
    hopping: approxDistinct(e.user_id).over(hopping('2m', { every: '30s' })),
    cumulated: approxDistinct(e.event_id).over(cumulate('10m', { step: '2m' })),
    in_session: approxDistinct(e.user_id).over(session('5s')),
    ever: approxDistinct(e.event_id).over(lifetime()),
  }),
});

export const approximateTypes = featureView('approximate_types', {
  ...perSensor,
  features: (r) => ({
    values: approxDistinct(r.value).over(minute),
    totals: approxDistinct(r.total).over(hour),
    states: approxDistinct(r.is_on).over(minute),
    days: approxDistinct(r.day).over(hour),
    times: approxDistinct(r.seen).over(minute),
    high: quantile(r.total, 0.99).over(hour),
    low: quantile(r.value, 0.01).over(minute),
  }),
});

export const frequent = featureView('frequent', {
  ...perUser,
  features: (e) => ({
    categories: topK(e.category, 3).over(minute),
    amounts: topK(e.amount, 2).over(minute),
    prices: topK(e.price, 4).over(minute),
    whole: topK(e.qty, 5).over(minute),
    viewed: topK(e.category, 1).where(e.event_type.eq('view')).over(minute),
    cumulated: topK(e.category, 3).over(cumulate('10m', { step: '2m' })),
    in_session: topK(e.qty, 2).over(session('30s')),
    ever: topK(e.event_type, 3).over(lifetime()),
  }),
});

export const rollingFrequent = featureView('rolling_frequent', {
  ...perUser,
  features: (e) => ({
    categories: topK(e.category, 3).over(hour),
    prices: topK(e.price, 2).over(hour),
    hours: topK(hourOfDay(e.ts), 2).over(hour),
    of_six: topK(e.qty, 2).over(rolling({ rows: 6 })),
  }),
});

export const decayed = featureView('decayed', {
  ...perUser,
  features: (e) => ({
    minute: ewma(e.amount, '10s').over(minute),
    of_ints: ewma(e.qty, '1h').over(hopping('2m', { every: '30s' })),
    of_decimals: ewma(e.price, '1m').over(lifetime()),
    rolling: ewma(e.amount, '5m').over(hour),
    bought: ewma(e.amount, '1m').where(e.event_type.eq('purchase')).over(hour),
    of_three: ewma(e.amount, '1d').over(rolling({ rows: 3 })),
  }),
});

export const frequentOfNumbered = featureView('frequent_of_numbered', {
  entity: user,
  from: numbered,
  emit: 'watermark',
  features: (e) => ({
    categories: topK(e.category, 2).over(minute),
    ever: topK(e.amount, 2).over(lifetime()),
  }),
});
