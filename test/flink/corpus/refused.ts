// What Flink cannot compute: each is refused with its place, the reason and what to write instead.
import {
  approxDistinct,
  count,
  countBy,
  cumulate,
  entity,
  featureView,
  first,
  firstN,
  hopping,
  last,
  lastN,
  lifetime,
  max,
  rolling,
  rowsOf,
  session,
  stream,
  sum,
  t,
  topK,
  tumbling,
} from 'millrace';
import { lowestOf } from '../../../src/testing/sample-aggregates.ts';
import { events, perUser, readings, sensor } from './events.ts';

const hour = rolling('1h');
const minute = tumbling('1m');

export const sketchesOfContainers = featureView('sketches_of_containers', {
  entity: sensor,
  from: readings,
  emit: 'watermark',
  features: (r) => ({
    places: approxDistinct(r.place).over(hour),
    scores: approxDistinct(r.scores).over(minute),
    instants: topK(r.seen, 3).over(hour),
  }),
});
export const ownAggregates = featureView('own_aggregates', {
  ...perUser,
  features: (e) => ({ lowest: lowestOf(e.amount).over(hour) }),
});
export const maps = featureView('maps', {
  ...perUser,
  features: (e) => ({ by_category: countBy(e.category, { max: 5 }).over(hour) }),
});
export const lists = featureView('lists', {
  ...perUser,
  features: (e) => ({
    newest: lastN(e.amount, 5).over(lifetime()),
    oldest: firstN(e.amount, 5).over(hour),
  }),
});
export const orderInWindows = featureView('order_in_windows', {
  ...perUser,
  features: (e) => ({
    opened: first(e.amount).over(minute),
    closed: last(e.amount).over(session('1m')),
  }),
});
export const resolutions = featureView('resolutions', {
  ...perUser,
  features: () => ({ n: count().over(rolling('7d', { resolution: '1h' })) }),
});
export const lateRecords = featureView('late_records', {
  ...perUser,
  features: () => ({
    tumbling: count().over(tumbling('1m', { allowedLateness: '10s' })),
    hopping: count().over(hopping('1m', { every: '10s', allowedLateness: '10s' })),
    cumulated: count().over(cumulate('1m', { step: '10s', allowedLateness: '10s' })),
  }),
});
export const openWindows = featureView('open_windows', {
  ...perUser,
  features: () => ({ n: count().over(tumbling('1m', { serve: 'open' })) }),
});
const counted = featureView('counted', {
  ...perUser,
  features: () => ({ n: count().over(minute) }),
});
export const overRows = featureView('over_rows', {
  entity: counted.entity,
  from: rowsOf(counted),
  emit: 'watermark',
  features: (row) => ({ most: max(row.n).over(hour) }),
});
export const acrossWindows = featureView('across_windows', {
  ...perUser,
  features: (e) => ({ hour: sum(e.amount).over(hour), day: sum(e.amount).over(rolling('1d')) }),
  derive: (f) => ({ share: f.hour.div(f.day) }),
});
export const remainders = featureView('remainders', {
  ...perUser,
  features: (e) => ({ rest: sum(e.amount.mod(2)).over(hour) }),
});
export const parts = featureView('parts', {
  ...perUser,
  features: (e) => ({ part: last(e.category.substring(0, 2)).over(hour) }),
});
export const containers = featureView('containers', {
  entity: sensor,
  from: readings,
  emit: 'watermark',
  features: (r) => ({ scores: last(r.scores).over(hour), place: first(r.place).over(lifetime()) }),
});
export const infinities = featureView('infinities', {
  ...perUser,
  features: (e) => ({ n: count().where(e.amount.lt(Number.POSITIVE_INFINITY)).over(hour) }),
});
export const nullKeys = featureView('null_keys', {
  entity: entity('kind', { key: { category: t.string().nullable() } }),
  from: events,
  emit: 'watermark',
  features: () => ({ n: count().over(hour) }),
});
const defaulted = stream('defaulted', {
  schema: { user_id: t.string(), note: t.string().nullable().default('x'), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1s' },
});
export const defaults = featureView('defaults', {
  ...perUser,
  from: defaulted,
  features: (d) => ({ n: count(d.note).over(hour) }),
});
export const offsets = featureView('offsets', {
  ...perUser,
  features: () => ({
    tumbling: count().over(tumbling('1m', { offset: '-15s' })),
    hopping: count().over(hopping('1m', { every: '20s', offset: '5s' })),
    cumulated: count().over(cumulate('2m', { step: '30s', offset: '10s' })),
  }),
});
