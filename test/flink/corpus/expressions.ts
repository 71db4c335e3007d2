// Every function of the expression language: as predicates, inputs, keys and derived features.
import {
  avg,
  count,
  dayOfMonth,
  dayOfWeek,
  featureView,
  greatest,
  hourOfDay,
  least,
  lit,
  max,
  min,
  minuteOfHour,
  monthOfYear,
  rolling,
  sum,
  tumbling,
  when,
  year,
} from 'millrace';
import { events, perUser, readings, sensor, user } from './events.ts';

const hour = rolling('1h');
const perSensor = { entity: sensor, from: readings, emit: 'watermark' } as const;

export const arithmetic = featureView('arithmetic', {
  ...perUser,
  features: (e) => ({
    added: sum(e.amount.plus(e.qty)).over(hour),
    subtracted: sum(e.qty.minus(e.seq).minus(1)).over(hour),
    nested: sum(e.amount.minus(e.amount.minus(1)).times(e.amount.plus(2))).over(hour),
    quotient: avg(e.amount.div(e.qty)).over(hour),
    of_ints: avg(e.qty.div(2)).over(hour),
    rest: sum(e.qty.mod(3)).over(hour),
    negative: sum(e.amount.neg()).over(hour),
    distance: max(e.amount.abs()).over(hour),
    power: max(e.amount.pow(2)).over(hour),
  }),
});

export const rounding = featureView('rounding', {
  ...perUser,
  features: (e) => ({
    down: sum(e.amount.floor()).over(hour),
    up: sum(e.amount.ceil()).over(hour),
    nearest: sum(e.amount.round()).over(hour),
    whole: sum(e.qty.round()).over(hour),
    of_price: sum(e.price.floor()).over(hour),
  }),
});

export const roots = featureView('roots', {
  ...perUser,
  features: (e) => ({
    root: max(e.amount.abs().sqrt()).over(hour),
    log: max(e.amount.abs().ln()).over(hour),
    exponential: max(e.qty.exp()).over(hour),
    float: avg(e.price.toFloat()).over(hour),
  }),
});

export const decimals = featureView('decimals', {
  ...perUser,
  features: (e) => ({
    twice: sum(e.price.plus(e.price)).over(hour),
    with_tax: sum(e.price.times(2)).over(hour),
    less: sum(e.price.minus(e.qty)).over(hour),
    dear: count().where(e.price.gte('20.00')).over(hour),
    rest: max(e.price.mod(2)).over(hour),
  }),
});

export const wideNumbers = featureView('wide_numbers', {
  ...perSensor,
  features: (r) => ({
    next: max(r.total.plus(1n)).over(hour),
    exact: count().where(r.total.eq(9_007_199_254_740_993n)).over(hour),
    narrow: count().where(r.value.gt(0.5)).over(hour),
    mixed: sum(r.value.times(r.total)).over(hour),
  }),
});

export const comparisons = featureView('comparisons', {
  ...perUser,
  features: (e) => ({
    eq: count().where(e.event_type.eq('view')).over(hour),
    ne: count().where(e.category.ne('c1')).over(hour),
    gt: count().where(e.amount.gt(10)).over(hour),
    gte: count().where(e.qty.gte(2)).over(hour),
    lt: count().where(e.amount.lt(e.qty)).over(hour),
    lte: count().where(e.price.lte(10)).over(hour),
    member: count()
      .where(e.event_type.in(['view', 'cart']))
      .over(hour),
    numbers: count()
      .where(e.qty.in([1, 2, 3]))
      .over(hour),
  }),
});

export const logic = featureView('logic', {
  ...perUser,
  features: (e) => ({
    both: count()
      .where(e.amount.gt(1).and(e.qty.gt(1)))
      .over(hour),
    any: count()
      .where(e.amount.gt(1).or(e.qty.gt(1)).and(e.price.isNotNull()))
      .over(hour),
    neither: count()
      .where(e.amount.gt(1).or(e.qty.gt(1)).not())
      .over(hour),
    right: count()
      .where(e.amount.gt(1).and(e.qty.gt(1).and(e.qty.lt(9))))
      .over(hour),
    unknown: count().where(e.amount.isNull().or(e.category.isNull())).over(hour),
  }),
});

export const choices = featureView('choices', {
  ...perUser,
  features: (e) => ({
    clipped: sum(when(e.amount.gt(50), 50).otherwise(e.amount)).over(hour),
    signed: sum(
      when(e.event_type.eq('refund'), e.amount.neg()).otherwise(e.amount.coalesce(0)),
    ).over(hour),
    smaller: min(least(e.amount, e.price.toFloat())).over(hour),
    greater: max(greatest(e.amount, 10)).over(hour),
    filled: max(e.category.coalesce('none')).over(hour),
  }),
});

export const texts = featureView('texts', {
  ...perUser,
  features: (e) => ({
    lower: max(e.category.lower()).over(hour),
    upper: max(e.event_type.upper()).over(hour),
    trimmed: max(e.category.trim()).over(hour),
    length: max(e.category.length()).over(hour),
    joined: max(e.event_type.concat('-').concat(e.category)).over(hour),
    part: max(e.category.substring(1, 2)).over(hour),
  }),
});

export const textTests = featureView('text_tests', {
  ...perUser,
  features: (e) => ({
    starts: count().where(e.category.startsWith('c')).over(hour),
    ends: count().where(e.category.endsWith('1')).over(hour),
    holds: count().where(e.event_type.contains('ar')).over(hour),
    quoted: count().where(e.category.eq("it's `quoted`")).over(hour),
    foreign: count().where(e.category.eq('größer 😀')).over(hour),
  }),
});

export const times = featureView('times', {
  ...perUser,
  features: (e) => ({
    minute: max(minuteOfHour(e.ts)).over(hour),
    hour: max(hourOfDay(e.ts)).over(hour),
    weekday: max(dayOfWeek(e.ts)).over(hour),
    day: max(dayOfMonth(e.ts)).over(hour),
    month: max(monthOfYear(e.ts)).over(hour),
    year: max(year(e.ts)).over(hour),
    ms: max(e.ts.epochMs()).over(hour),
    at_night: count()
      .where(hourOfDay(e.ts).lt(6).or(hourOfDay(e.ts).gte(22)))
      .over(hour),
  }),
});

export const bools = featureView('bools', {
  ...perSensor,
  features: (r) => ({
    on: count().where(r.is_on.eq(true)).over(hour),
    off: count().where(r.is_on.not()).over(hour),
    dated: count().where(r.day.gte('2023-11-14')).over(hour),
    seen: count().where(r.seen.gt(r.at)).over(hour),
    unit: max(r.unit).over(hour),
  }),
});

export const filtered = featureView('filtered', {
  entity: user,
  from: events
    .where((e) => e.event_type.eq('purchase').or(e.event_type.eq('refund')))
    .where((e) => e.amount.gt(0)),
  emit: 'watermark',
  features: (e) => ({ n: count().over(hour), spent: sum(e.amount).over(tumbling('1m')) }),
});

export const constants = featureView('constants', {
  ...perUser,
  features: (e) => ({
    half: sum(lit(0.5).times(e.amount)).over(hour),
    tiny: sum(e.amount.times(1e-7)).over(hour),
    huge: count().where(e.amount.lt(1.5e300)).over(hour),
    negative: count().where(e.amount.gt(-0.25)).over(hour),
  }),
});

export const computedKey = featureView('computed_key', {
  entity: user,
  from: events,
  emit: 'watermark',
  keyBy: (e) => ({ user_id: e.user_id.lower().concat('!') }),
  features: () => ({ n: count().over(hour), in_minute: count().over(tumbling('1m')) }),
});
