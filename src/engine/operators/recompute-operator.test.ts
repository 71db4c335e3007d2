import fc from 'fast-check';
import {
  approxDistinct,
  avg,
  count,
  entity,
  ewma,
  featureView,
  hopping,
  lastN,
  lifetime,
  max,
  min,
  quantile,
  rolling,
  session,
  stddev,
  stream,
  sum,
  t,
  topK,
  tumbling,
} from 'millrace';
import { describe, expect, it } from 'vitest';
import { readValue } from '../../columns/read-value.ts';
import { buildPlan } from '../../define/build-plan.ts';
import { encodeKey } from '../../kernel/key-encoding.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import type { ViewNode } from '../../plan/plan.ts';
import { batchOf } from '../../testing/batches.ts';
import { KeyTable } from '../state/key-table.ts';
import { RecomputeOperator } from './recompute-operator.ts';

const user = entity('user', { key: { k: t.string() } });
const events = stream('events', {
  schema: { k: t.string(), x: t.float64(), id: t.int32(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1s', maxAhead: 'off' },
  id: 'id',
});
const view = featureView('view', {
  entity: user,
  from: events,
  features: (e) => ({
    sum_40: sum(e.x).over(rolling('40ms')),
    count_40: count().over(rolling('40ms')),
    max_40: max(e.x).over(rolling('40ms')),
    avg_100: avg(e.x).over(rolling('100ms')),
    big_100: count().where(e.x.gt(5)).over(rolling('100ms')),
    spread: stddev(e.x).over(rolling('100ms')),
    median: quantile(e.x, 0.5).over(rolling('60ms')),
    coarse: min(e.x).over(rolling('80ms', { resolution: '10ms' })),
    kinds: approxDistinct(e.x).over(rolling('80ms', { resolution: '10ms' })),
    newest: max(e.x).over(rolling({ rows: 3 })),
    frequent: topK(e.x, 2).over(rolling('60ms')),
    fading: ewma(e.x, '30ms').over(rolling('60ms')),
    fading_slots: ewma(e.x, '30ms').over(rolling('80ms', { resolution: '10ms' })),
    frequent_ever: topK(e.x, 2).over(lifetime()),
    frequent_hopped: topK(e.x, 2).over(hopping('40ms', { every: '20ms' })),
    last: lastN(e.x, 3).over(lifetime()),
    total: sum(e.x).over(lifetime()),
    tumbled: sum(e.x).over(tumbling('30ms')),
    hopped: count().over(hopping('40ms', { every: '20ms' })),
    sessions: count().over(session('15ms')),
  }),
});
const { plan } = buildPlan([{ user, events, view }]);
const [node] = plan.views as [ViewNode];
const [source] = plan.streams as [(typeof plan.streams)[0]];
const keyFields: readonly Field[] = [{ name: 'k', type: { kind: 'string' }, nullable: false }];

interface Event {
  readonly k: string;
  readonly x: number;
  readonly ts: number;
  readonly arrivalMs: number;
}

interface Asked {
  readonly k: string;
  readonly atMs: number;
}

const knownMs = ({ ts, arrivalMs }: Event): number => Math.max(ts, arrivalMs);

/** Answers to the questions, by an operator that is fed `batchRows` records at a time. */
function answers(
  records: readonly Event[],
  asked: readonly Asked[],
  { isByArrival, batchRows }: { readonly isByArrival: boolean; readonly batchRows: number },
): readonly (readonly Value[] | null)[] {
  const keys = new KeyTable();
  const keySlots = Int32Array.from(asked, ({ k }) => {
    const key = encodeKey(keyFields, { k });
    return keys.findOrInsert(key, 0, key.length);
  });
  const timesMs = Float64Array.from(asked, ({ atMs }) => atMs);
  const order = Uint32Array.from(asked.keys()).sort(
    (a, b) => (timesMs[a] as number) - (timesMs[b] as number),
  );
  const found = asked.map((): readonly Value[] | null => null);
  const operator = new RecomputeOperator({
    plan,
    view: node,
    questions: { order, timesMs, keys, keySlots },
    isByArrival,
    answer: ({ rowCount, columns, fields, eventTimeMs }, rows) => {
      for (let i = 0; i < rowCount; i++) {
        if (!Number.isFinite(eventTimeMs[i])) continue;
        const values = columns.map((column, f) => readValue(column, fields[f] as Field, i));
        found[rows[i] as number] = [eventTimeMs[i] as number, ...values];
      }
    },
  });
  const rows = records.map(({ k, x, ts, arrivalMs }, id) => ({
    watermarkMs: Number.NEGATIVE_INFINITY,
    row: { split: 0, offset: id, row: { k, x, id: records.length - id, ts }, arrivalMs },
  }));
  for (let from = 0; from < rows.length; from += batchRows) {
    operator.process(batchOf(source, rows.slice(from, from + batchRows)));
  }
  operator.finish();
  return found;
}

/** The same one question at a time, over only the records that were known, by event time. */
function naive(records: readonly Event[], { k, atMs }: Asked): readonly Value[] | null {
  const known = records.map((record, id) => ({ ...record, id })).filter((r) => knownMs(r) <= atMs);
  const sorted = known.toSorted((a, b) => a.ts - b.ts);
  const plain = sorted.map((record) => ({ ...record, arrivalMs: record.ts }));
  const [answer = null] = answers(plain, [{ k, atMs }], { isByArrival: false, batchRows: 100 });
  return answer;
}

const records = fc.array(
  fc
    .record({
      k: fc.constantFrom('a', 'b'),
      x: fc.integer({ min: 0, max: 9 }),
      ts: fc.integer({ min: 1, max: 400 }),
      lateMs: fc.constantFrom(0, 0, 0, 1, 5, 20, 90, 300),
    })
    .map(({ lateMs, ...rest }) => ({ ...rest, arrivalMs: rest.ts + lateMs })),
  { maxLength: 40 },
);
const questions = fc.array(
  fc.record({ k: fc.constantFrom('a', 'b', 'c'), atMs: fc.integer({ min: 0, max: 800 }) }),
  { minLength: 1, maxLength: 12 },
);

describe('recomputation', () => {
  it('answers at an instant with the records up to it, that instant included', () => {
    const record = (ts: number, x: number): Event => ({ k: 'a', x, ts, arrivalMs: ts });
    const asked = [89, 90, 97, 130, 131].map((atMs) => ({ k: 'a', atMs }));
    const options = { isByArrival: false, batchRows: 1 };
    const found = answers([record(90, 1), record(95, 2)], asked, options);
    expect(found.map((values) => values?.slice(0, 3) ?? null)).toEqual([
      null,
      [90, 1, 1],
      [95, 3, 2],
      [95, 3, 2],
      [95, 2, 1],
    ]);
  });

  it('by arrival equals recomputing each question over what was known then', () => {
    fc.assert(
      fc.property(records, questions, fc.constantFrom(1, 3, 100), (all, asked, batchRows) => {
        const sorted = all.toSorted((a, b) => knownMs(a) - knownMs(b));
        // Ties of event time are broken by id: the same in both.
        const distinct = sorted.filter(
          ({ k, ts }, i) => !sorted.slice(0, i).some((other) => other.k === k && other.ts === ts),
        );
        const found = answers(distinct, asked, { isByArrival: true, batchRows });
        for (const [i, question] of asked.entries()) {
          expect(rounded(found[i] ?? null), JSON.stringify(question)).toEqual(
            rounded(naive(distinct, question)),
          );
        }
      }),
      { numRuns: 40 },
    );
  });
});

/** Floats that were summed in another order differ in their last digits. */
function rounded(values: readonly Value[] | null): unknown {
  return values?.map((value) => (typeof value === 'number' ? Number(value.toFixed(9)) : value));
}
