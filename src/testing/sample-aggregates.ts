// Aggregates as users write them, for random cases: what some of the built-in ones do, and what none
// does. Worker threads import them from here.
import { aggregate } from '../define/user-aggregate.ts';
import { t } from '../define/type-builder.ts';

/** `sum` of an int32. */
export const totalOf = aggregate('totalOf', {
  takes: t.int32(),
  schema: { total: t.int64(), records: t.int32() },
  returns: t.int64(),
  create: () => ({ total: 0n, records: 0 }),
  add: (state, value) => {
    state.total += BigInt(value);
    state.records += 1;
  },
  merge: (into, from) => ({
    total: into.total + from.total,
    records: into.records + from.records,
  }),
  result: ({ total, records }) => (records === 0 ? null : total),
});

/** `min` of a float64. */
export const lowestOf = aggregate('lowestOf', {
  takes: t.float64(),
  schema: { low: t.float64().nullable() },
  returns: t.float64(),
  create: () => ({ low: null }),
  add: ({ low }, value) => ({ low: low === null || value < low ? value : low }),
  merge: (into, { low }) => {
    if (low !== null && (into.low === null || low < into.low)) into.low = low;
  },
  result: ({ low }) => low,
});

const greatest = (values: readonly string[]): string[] =>
  [...values].sort((a, b) => (a < b ? 1 : -1)).slice(0, 2);

/** The two greatest texts, as often as they come. */
export const topTwoOf = aggregate('topTwoOf', {
  takes: t.string(),
  schema: { top: t.list(t.string()) },
  returns: t.list(t.string()),
  create: () => ({ top: [] }),
  add: (state, value) => {
    state.top = greatest([...state.top, value]);
  },
  merge: (into, from) => ({ top: greatest([...into.top, ...from.top]) }),
  result: ({ top }) => top,
});

/** Milliseconds from the first record to the last: no other aggregate knows it. */
export const spanOf = aggregate('spanOf', {
  takes: t.bool(),
  schema: { first: t.timestamp().nullable(), last: t.timestamp().nullable() },
  returns: t.float64(),
  create: () => ({ first: null, last: null }),
  add: ({ first, last }, _value, at) => ({
    first: first === null ? at : Math.min(first, at),
    last: last === null ? at : Math.max(last, at),
  }),
  merge: (into, { first, last }) => {
    if (first === null || last === null) return;
    into.first = into.first === null ? first : Math.min(first, into.first);
    into.last = into.last === null ? last : Math.max(last, into.last);
  },
  result: ({ first, last }) => (first === null || last === null ? null : last - first),
});
