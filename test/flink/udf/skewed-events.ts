// Records of a busy user and of quiet ones, so that windows hold more values than are kept exactly, and
// fewer again; and a view with every kind of window over them.
import {
  approxDistinct,
  buildPlan,
  cumulate,
  entity,
  ewma,
  featureView,
  hopping,
  lifetime,
  quantile,
  rolling,
  session,
  stream,
  t,
  topK,
  tumbling,
} from 'millrace';
import { seededRandom } from '../../../src/kernel/random.ts';
import type { DeliveredRow } from '../../../src/testing/oracle/delivery.ts';
import type { Plan, ViewNode } from '../../../src/plan/plan.ts';

const user = entity('user', { key: { user_id: t.string() } });
const events = stream('skewed_events', {
  schema: {
    user_id: t.string(),
    id: t.int64().nullable(),
    amount: t.float64().nullable(),
    ts: t.timestamp(),
  },
  eventTime: { field: 'ts', outOfOrderness: '2s' },
});

const view = featureView('skewed', {
  entity: user,
  from: events,
  emit: 'watermark',
  decay: 'never',
  features: (e) => ({
    p90_rolling: quantile(e.amount, 0.9).over(rolling('20m')),
    ids_rolling: approxDistinct(e.id).over(rolling('20m')),
    hot_rolling: topK(e.id, 3).over(rolling('20m')),
    mean_rolling: ewma(e.amount, '3m').over(rolling('20m')),
    p10_rows: quantile(e.amount, 0.1).over(rolling({ rows: 1100 })),
    ids_rows: approxDistinct(e.id).over(rolling({ rows: 700 })),
    p50_ever: quantile(e.amount, 0.5).over(lifetime()),
    ids_ever: approxDistinct(e.id).over(lifetime()),
    hot_ever: topK(e.id, 5).over(lifetime()),
    mean_ever: ewma(e.amount, '10m').over(lifetime()),
    p50_tumbling: quantile(e.amount, 0.5).over(tumbling('20m')),
    ids_tumbling: approxDistinct(e.id).over(tumbling('20m')),
    hot_tumbling: topK(e.amount, 2).over(tumbling('20m')),
    mean_hopping: ewma(e.amount, '1m').over(hopping('30m', { every: '10m' })),
    hot_hopping: topK(e.id, 4).over(hopping('30m', { every: '10m' })),
    p99_hopping: quantile(e.amount, 0.99).over(hopping('30m', { every: '10m' })),
    ids_hopping: approxDistinct(e.id).over(hopping('30m', { every: '10m' })),
    p25_cumulated: quantile(e.amount, 0.25).over(cumulate('1h', { step: '15m' })),
    ids_cumulated: approxDistinct(e.id).over(cumulate('1h', { step: '15m' })),
    p75_session: quantile(e.amount, 0.75).over(session('1m')),
    ids_session: approxDistinct(e.id).over(session('1m')),
  }),
});

export const skewedPlan: Plan = buildPlan([{ view }]).plan;
export const skewedView = skewedPlan.views[0] as ViewNode;

/** 2,600 records: dense for half an hour, sparse for two. */
export function randomEvents(seed: number): readonly DeliveredRow[] {
  const random = seededRandom(seed);
  const whole = (span: number): number => Math.floor(random.next() * span);
  let now = Date.UTC(2026, 0, 1, 10);
  return Array.from({ length: 2600 }, (_, i) => {
    now += i < 2200 ? whole(1600) : whole(40_000);
    const isBusy = random.next() < 0.9;
    return {
      split: 0,
      offset: i,
      arrivalMs: now,
      row: {
        user_id: isBusy ? 'busy' : `user_${whole(3)}`,
        id: random.next() < 0.03 ? null : 9_007_199_254_740_000n + BigInt(whole(1500)),
        amount: random.next() < 0.03 ? null : (whole(200_000) - 20_000) / 100,
        ts: now - whole(2000),
      },
    };
  });
}
