// Every kind of window, with and without keys.
import {
  avg,
  count,
  countDistinct,
  cumulate,
  featureView,
  hopping,
  lifetime,
  max,
  min,
  rolling,
  session,
  sum,
  tumbling,
} from 'millrace';
import { category, events, global, perUser, punctual, readings, sensor, user } from './events.ts';

export const tumblingMinute = featureView('tumbling_minute', {
  ...perUser,
  features: (e) => {
    const minute = tumbling('1m');
    return {
      n: count().over(minute),
      n_amount: count(e.amount).over(minute),
      spent: sum(e.amount).over(minute),
      least: min(e.amount).over(minute),
      most: max(e.amount).over(minute),
      mean: avg(e.amount).over(minute),
    };
  },
});

export const tumblingWeek = featureView('tumbling_week', {
  ...perUser,
  features: (e) => ({ spent: sum(e.amount).over(tumbling('1w')) }),
});

export const tumblingPunctual = featureView('tumbling_punctual', {
  entity: user,
  from: punctual,
  emit: 'watermark',
  features: (e) => ({
    n: count().over(tumbling('10s')),
    first_seq: min(e.seq).over(tumbling('10s')),
    all_seq: sum(e.seq).over(tumbling('10s')),
  }),
});

export const hoppingTwoMinutes = featureView('hopping_two_minutes', {
  ...perUser,
  features: (e) => {
    const window = hopping('2m', { every: '30s' });
    return {
      n: count().over(window),
      spent: sum(e.amount).over(window),
      categories: countDistinct(e.category).over(window),
    };
  },
});

export const hoppingFractions = featureView('hopping_fractions', {
  ...global,
  features: () => ({ n: count().over(hopping('1s', { every: '250ms' })) }),
});

export const cumulateDay = featureView('cumulate_day', {
  ...perUser,
  features: (e) => {
    const today = cumulate('1d', { step: '1h' });
    return { n: count().over(today), spent: sum(e.amount).over(today) };
  },
});

export const sessions = featureView('sessions', {
  ...perUser,
  features: (e) => {
    const window = session('10s');
    return {
      n: count().over(window),
      first_seq: min(e.seq).over(window),
      started: min(e.ts).over(window),
    };
  },
});

export const globalSessions = featureView('global_sessions', {
  ...global,
  features: () => ({ n: count().over(session('3s')) }),
});

export const rollingMinute = featureView('rolling_minute', {
  ...perUser,
  features: (e) => {
    const minute = rolling('1m');
    return {
      n: count().over(minute),
      spent: sum(e.amount).over(minute),
      bought: sum(e.amount).where(e.event_type.eq('purchase')).over(minute),
    };
  },
});

export const rollingLong = featureView('rolling_long', {
  ...perUser,
  features: (e) => ({ spent: sum(e.amount).over(rolling('120d')) }),
});

export const rollingGlobal = featureView('rolling_global', {
  ...global,
  features: () => ({ n: count().over(rolling('1500ms')) }),
});

export const rollingRows = featureView('rolling_rows', {
  ...perUser,
  features: (e) => {
    const newest = rolling({ rows: 5 });
    return {
      n: count().over(newest),
      spent: sum(e.amount).over(newest),
      most: max(e.qty).over(newest),
    };
  },
});

export const rollingOneRow = featureView('rolling_one_row', {
  ...perUser,
  features: (e) => ({ amount: max(e.amount).over(rolling({ rows: 1 })) }),
});

export const sinceEver = featureView('since_ever', {
  ...perUser,
  features: (e) => ({
    n: count().over(lifetime()),
    paid: sum(e.price).over(lifetime()),
    categories: countDistinct(e.category).over(lifetime()),
  }),
});

export const severalRolling = featureView('several_rolling', {
  ...perUser,
  features: (e) => ({
    n_1m: count().over(rolling('1m')),
    spent_5m: sum(e.amount).over(rolling('5m')),
    n_5m: count().over(rolling('5m')),
    newest: max(e.amount).over(rolling({ rows: 3 })),
    ever: count().over(lifetime()),
  }),
});

export const everyWindow = featureView('every_window', {
  ...perUser,
  features: (e) => ({
    rolling: sum(e.amount).over(rolling('1h')),
    rows: sum(e.amount).over(rolling({ rows: 20 })),
    ever: sum(e.amount).over(lifetime()),
    tumbling: sum(e.amount).over(tumbling('5m')),
    hopping: sum(e.amount).over(hopping('1h', { every: '10m' })),
    cumulated: sum(e.amount).over(cumulate('1h', { step: '10m' })),
    session: sum(e.amount).over(session('30m')),
  }),
});

export const twoKeys = featureView('two_keys', {
  entity: category,
  from: events,
  emit: 'watermark',
  keyBy: (e) => ({
    category: e.category.coalesce('none').lower(),
    kind: e.event_type.coalesce(''),
  }),
  features: (e) => ({
    n: count().over(tumbling('1m')),
    users: countDistinct(e.user_id).over(rolling('1m')),
    of_session: count().over(session('10s')),
  }),
});

export const sensors = featureView('sensors', {
  entity: sensor,
  from: readings,
  description: 'A stream with every option of time',
  features: (r) => ({
    n: count().over(rolling('1h')),
    total: sum(r.total).over(rolling('1h')),
    mean: avg(r.value).over(rolling('1h')),
    highest: max(r.value).over(tumbling('1d')),
  }),
});

export const tumblingFraction = featureView('tumbling_fraction', {
  ...global,
  features: () => ({ n: count().over(tumbling('1500ms')) }),
});

export const cumulateGlobal = featureView('cumulate_global', {
  ...global,
  features: (e) => ({ users: countDistinct(e.user_id).over(cumulate('2m', { step: '30s' })) }),
});

export const rowsOfEverybody = featureView('rows_of_everybody', {
  ...global,
  features: (e) => ({ mean: avg(e.amount).over(rolling({ rows: 100 })) }),
});

export const ofEverybody = featureView('of_everybody', {
  ...global,
  features: (e) => ({ users: countDistinct(e.user_id).over(lifetime()) }),
});

export const shortAndLong = featureView('short_and_long', {
  ...perUser,
  features: () => ({ soon: count().over(rolling('1s')), late: count().over(rolling('8d12h')) }),
});

export const lifetimeOfCategories = featureView('lifetime_of_categories', {
  entity: category,
  from: events,
  emit: 'watermark',
  keyBy: (e) => ({ category: e.category.coalesce('none'), kind: e.event_type.coalesce('none') }),
  features: (e) => ({
    users: countDistinct(e.user_id).over(lifetime()),
    most: max(e.amount).over(lifetime()),
  }),
});

export const sessionsOfCategories = featureView('sessions_of_categories', {
  entity: category,
  from: events,
  emit: 'watermark',
  keyBy: (e) => ({ category: e.category.coalesce('none'), kind: e.event_type.coalesce('none') }),
  features: (e) => ({ mean: avg(e.amount).over(session('30s')), n: count().over(session('30s')) }),
});

export const hoppingDay = featureView('hopping_day', {
  ...perUser,
  features: (e) => ({ spent: sum(e.amount).over(hopping('1d', { every: '6h' })) }),
});

/** Flink takes OVER windows of other lengths for one, where their aggregates and their input are equal. */
export const sameAggregates = featureView('same_aggregates', {
  ...perUser,
  features: (e) => ({
    spent_10s: sum(e.amount).over(rolling('10s')),
    spent_1h: sum(e.amount).over(rolling('1h')),
    spent_3: sum(e.amount).over(rolling({ rows: 3 })),
    spent_9: sum(e.amount).over(rolling({ rows: 9 })),
    hopped_1m: sum(e.amount).over(hopping('1m', { every: '30s' })),
    hopped_2m: sum(e.amount).over(hopping('2m', { every: '30s' })),
  }),
});
