// Every aggregate that Flink has, over rows and over windows that end.
import {
  avg,
  count,
  countDistinct,
  featureView,
  first,
  last,
  lifetime,
  max,
  min,
  rolling,
  stddev,
  sum,
  tumbling,
  variance,
} from 'millrace';
import { global, perUser, readings, sensor } from './events.ts';

const minute = tumbling('1m');
const hour = rolling('1h');
const perSensor = { entity: sensor, from: readings, emit: 'watermark' } as const;

export const counts = featureView('counts', {
  ...perUser,
  features: (e) => ({
    rows: count().over(minute),
    amounts: count(e.amount).over(minute),
    big: count().where(e.amount.gt(50)).over(minute),
    big_prices: count(e.price).where(e.amount.gt(50)).over(minute),
    categories: countDistinct(e.category).over(minute),
    viewed: countDistinct(e.category).where(e.event_type.eq('view')).over(minute),
  }),
});

export const rollingCounts = featureView('rolling_counts', {
  ...perUser,
  features: (e) => ({
    rows: count().over(hour),
    amounts: count(e.amount).over(hour),
    big: count().where(e.amount.gt(50)).over(hour),
    big_prices: count(e.price).where(e.amount.gt(50)).over(hour),
    categories: countDistinct(e.category).over(hour),
    viewed: countDistinct(e.category).where(e.event_type.eq('view')).over(hour),
  }),
});

export const sums = featureView('sums', {
  ...perUser,
  features: (e) => ({
    ints: sum(e.qty).over(minute),
    floats: sum(e.amount).over(minute),
    decimals: sum(e.price).over(minute),
    different: sum(e.qty, { distinct: true }).over(minute),
    positive: sum(e.amount).where(e.amount.gt(0)).over(minute),
  }),
});

export const rollingSums = featureView('rolling_sums', {
  ...perUser,
  features: (e) => ({
    ints: sum(e.qty).over(hour),
    floats: sum(e.amount).over(hour),
    decimals: sum(e.price).over(hour),
    different: sum(e.qty, { distinct: true }).over(hour),
    positive: sum(e.amount).where(e.amount.gt(0)).over(hour),
  }),
});

export const wideSums = featureView('wide_sums', {
  ...perSensor,
  features: (r) => ({
    total: sum(r.total).over(hour),
    total_minute: sum(r.total).over(minute),
    narrow: sum(r.value).over(hour),
  }),
});

export const means = featureView('means', {
  ...perUser,
  features: (e) => ({
    of_ints: avg(e.qty).over(minute),
    of_floats: avg(e.amount).over(minute),
    of_decimals: avg(e.price).over(minute),
    rolling_ints: avg(e.qty).over(hour),
    rolling_decimals: avg(e.price).over(hour),
  }),
});

export const spreads = featureView('spreads', {
  ...perUser,
  features: (e) => ({
    sample: stddev(e.amount).over(minute),
    whole: stddev(e.amount, { population: true }).over(minute),
    of_ints: variance(e.qty).over(minute),
    var_whole: variance(e.amount, { population: true }).over(minute),
  }),
});

export const rollingSpreads = featureView('rolling_spreads', {
  ...perUser,
  features: (e) => ({
    sample: stddev(e.amount).over(hour),
    whole: stddev(e.amount, { population: true }).over(hour),
    of_ints: variance(e.qty).over(hour),
    var_whole: variance(e.amount, { population: true }).over(hour),
  }),
});

export const extremes = featureView('extremes', {
  ...perUser,
  features: (e) => ({
    least: min(e.amount).over(minute),
    most: max(e.price).over(minute),
    first_name: min(e.category).over(minute),
    latest: max(e.ts).over(minute),
    rolling_least: min(e.qty).over(hour),
    rolling_name: max(e.category).over(hour),
    rolling_latest: max(e.ts).over(hour),
  }),
});

export const extremesOfTypes = featureView('extremes_of_types', {
  ...perSensor,
  features: (r) => ({
    day: max(r.day).over(minute),
    rolling_day: min(r.day).over(hour),
    seen: max(r.seen).over(hour),
    total: max(r.total).over(minute),
  }),
});

export const firstAndLast = featureView('first_and_last', {
  ...perUser,
  features: (e) => ({
    first_ever: first(e.amount).over(lifetime()),
    last_ever: last(e.category).over(lifetime()),
    last_buy: last(e.amount).where(e.event_type.eq('purchase')).over(lifetime()),
    last_at: last(e.ts).over(lifetime()),
  }),
});

export const firstAndLastRolling = featureView('first_and_last_rolling', {
  ...perUser,
  features: (e) => ({
    first_amount: first(e.amount).over(hour),
    last_price: last(e.price).over(hour),
    oldest_of_five: first(e.qty).over(rolling({ rows: 5 })),
  }),
});

export const globalAggregates = featureView('global_aggregates', {
  ...global,
  features: (e) => ({
    users: countDistinct(e.user_id).over(tumbling('30s')),
    spent: sum(e.amount).where(e.amount.gt(0)).over(tumbling('30s')),
    empty: count().where(e.category.eq('')).over(tumbling('30s')),
    none: count().where(e.category.isNull()).over(tumbling('30s')),
  }),
});

export const ofExpressions = featureView('of_expressions', {
  ...perUser,
  features: (e) => ({
    value: sum(e.amount.times(2)).over(hour),
    longest: max(e.category.length()).over(hour),
    weekends: count().where(e.qty.plus(1).gt(3).or(e.amount.isNull())).over(minute),
  }),
});
