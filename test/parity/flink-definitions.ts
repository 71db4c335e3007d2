// The queries of test/fixtures/flink-parity as a user of millrace writes them. Features that Flink's
// row does not have are named `own_…`.
import {
  avg,
  count,
  countDistinct,
  cumulate,
  entity,
  featureView,
  first,
  hopping,
  last,
  lifetime,
  max,
  min,
  rolling,
  session,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';

const schema = {
  seq: t.int32(),
  event_id: t.string(),
  user_id: t.string().nullable(),
  event_type: t.string().nullable(),
  amount: t.float64().nullable(),
  price: t.decimal(10, 2).nullable(),
  qty: t.int32().nullable(),
  category: t.string().nullable(),
  ts: t.timestamp(),
};

const user = entity('user', { key: { user_id: t.string().nullable() } });
const everything = entity('everything', { key: {} });

const events = stream('events', { schema, eventTime: { field: 'ts', outOfOrderness: '5s' } });
const punctual = stream('punctual_events', {
  schema,
  eventTime: { field: 'ts', outOfOrderness: '0s' },
});

const perUser = { entity: user, from: events, emit: 'watermark' } as const;
const global = { entity: everything, from: events, emit: 'watermark' } as const;

export const tumble = featureView('tumble', {
  ...perUser,
  features: (e) => {
    const minute = tumbling('1m');
    return {
      n: count().over(minute),
      n_amt: count(e.amount).over(minute),
      s: sum(e.amount).over(minute),
      mn: min(e.amount).over(minute),
      mx: max(e.amount).over(minute),
      av: avg(e.amount).over(minute),
    };
  },
});

export const hop = featureView('hop', {
  ...perUser,
  features: (e) => {
    const window = hopping('2m', { every: '30s' });
    return {
      n: count().over(window),
      s: sum(e.amount).over(window),
      dc: countDistinct(e.category).over(window),
    };
  },
});

export const sessions = featureView('sessions', {
  ...perUser,
  features: (e) => {
    const window = session('10s');
    return {
      n: count().over(window),
      s: sum(e.amount).over(window),
      first_seq: min(e.seq).over(window),
      last_seq: max(e.seq).over(window),
      own_start: min(e.ts).over(window),
    };
  },
});

export const cumulated = featureView('cumulated', {
  ...perUser,
  features: (e) => {
    const window = cumulate('2m', { step: '30s' });
    return {
      n: count().over(window),
      s: sum(e.amount).over(window),
      mq: max(e.qty).over(window),
    };
  },
});

export const overRange = featureView('over_range', {
  ...perUser,
  features: (e) => {
    const minute = rolling('1m');
    return {
      n: count().over(minute),
      n_amt: count(e.amount).over(minute),
      s: sum(e.amount).over(minute),
      av: avg(e.amount).over(minute),
      mn: min(e.amount).over(minute),
      mx: max(e.amount).over(minute),
      sp: sum(e.amount).where(e.event_type.eq('purchase')).over(minute),
    };
  },
});

export const overRows = featureView('over_rows', {
  ...perUser,
  features: (e) => {
    const newest = rolling({ rows: 5 });
    return {
      n: count().over(newest),
      s: sum(e.amount).over(newest),
      mq: min(e.qty).over(newest),
      aq: avg(e.qty).over(newest),
    };
  },
});

export const overUnbounded = featureView('over_unbounded', {
  ...perUser,
  features: (e) => ({
    n: count().over(lifetime()),
    sp: sum(e.price).over(lifetime()),
    dc: countDistinct(e.category).over(lifetime()),
    fv: first(e.amount).over(lifetime()),
    lv: last(e.amount).over(lifetime()),
  }),
});

export const filtered = featureView('filtered', {
  ...global,
  features: (e) => {
    const window = tumbling('30s');
    return {
      du: countDistinct(e.user_id).over(window),
      dcv: countDistinct(e.category).where(e.event_type.eq('view')).over(window),
      sp: sum(e.amount).where(e.amount.gt(0)).over(window),
      sdq: sum(e.qty, { distinct: true }).over(window),
      n_empty: count().where(e.category.eq('')).over(window),
      n_null: count().where(e.category.isNull()).over(window),
      own_n: count().over(window),
    };
  },
});

export const punctualTumble = featureView('punctual_tumble', {
  ...perUser,
  from: punctual,
  features: (e) => {
    const window = tumbling('10s');
    return {
      n: count().over(window),
      s0: min(e.seq).over(window),
      s1: max(e.seq).over(window),
      ss: sum(e.seq).over(window),
    };
  },
});

export const offsetTumble = featureView('offset_tumble', {
  ...global,
  features: () => ({ n: count().over(tumbling('1m', { offset: '-15s' })) }),
});
