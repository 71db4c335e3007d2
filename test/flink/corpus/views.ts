// Views as a whole: derived features, names, several views of one stream, how rows are emitted.
import {
  count,
  entity,
  featureView,
  lifetime,
  max,
  min,
  rolling,
  stream,
  sum,
  t,
  tumbling,
  when,
} from 'millrace';
import { events, perUser, user } from './events.ts';

const hour = rolling('1h');

export const derived = featureView('derived', {
  ...perUser,
  features: (e) => ({
    n: count().over(hour),
    big: count().where(e.amount.gt(50)).over(hour),
    spent: sum(e.amount).over(hour),
  }),
  derive: (f) => ({
    share_big: f.big.div(f.n),
    mean: f.spent.div(f.n).coalesce(0),
    is_whale: when(f.spent.gt(1000), 1).otherwise(0),
  }),
});

export const derivedPerGroup = featureView('derived_per_group', {
  ...perUser,
  features: (e) => ({
    n_hour: count().over(hour),
    spent_hour: sum(e.amount).over(hour),
    n_minute: count().over(tumbling('1m')),
    spent_minute: sum(e.amount).over(tumbling('1m')),
  }),
  derive: (f) => ({
    mean_hour: f.spent_hour.div(f.n_hour),
    mean_minute: f.spent_minute.div(f.n_minute),
  }),
});

export const derivedInstants = featureView('derived_instants', {
  ...perUser,
  features: (e) => ({ since: min(e.ts).over(hour), until: max(e.ts).over(hour) }),
  derive: (f) => ({ length_ms: f.until.epochMs().minus(f.since.epochMs()) }),
});

export const described = featureView('described', {
  ...perUser,
  description: 'Two lines\nof -- description; with marks',
  owner: 'risk-team',
  tags: ['fraud'],
  ttl: '8d',
  freshness: '5s',
  features: () => ({ n: count().over(hour) }),
});

export const onArrival = featureView('on_arrival', {
  entity: user,
  from: events,
  features: (e) => ({ n: count().over(hour), most: max(e.amount).over(lifetime()) }),
});

const order = entity('order', { key: { group: t.string() } });
const orders = stream('select', {
  schema: { group: t.string(), value: t.float64(), timestamp: t.timestamp() },
  eventTime: { field: 'timestamp', outOfOrderness: '1s' },
});

export const reservedWords = featureView('table', {
  entity: order,
  from: orders,
  emit: 'watermark',
  features: (o) => ({
    count: count().over(hour),
    user: sum(o.value).over(hour),
    from: max(o.value).over(tumbling('1m')),
  }),
});

const shared = events.where((e) => e.event_type.eq('purchase'));

export const sharedScan = featureView('shared_scan', {
  entity: user,
  from: shared,
  emit: 'watermark',
  features: (e) => ({
    spent: sum(e.amount).over(hour),
    spent_minute: sum(e.amount).over(tumbling('1m')),
  }),
});

export const timestampKey = featureView('timestamp_key', {
  entity: entity('moment', { key: { at: t.timestamp(), whole: t.int32() } }),
  from: events,
  emit: 'watermark',
  keyBy: (e) => ({ at: e.ts, whole: e.seq }),
  features: () => ({ n: count().over(tumbling('1m')) }),
});
