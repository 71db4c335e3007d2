// The night of the incident: five hours of purchases, in whose fourth hour every third record has a
// `cents` with a fraction, and the same night as it should have been.
export interface NightOptions {
  readonly records: number;
  /** Which records of the hour turn float: every n-th. */
  readonly every: number;
}

const startMs = Date.parse('2026-03-01T00:00:00Z');
const hourMs = 3_600_000;

/** Where the incident begins and ends. */
export const incident = { fromMs: startMs + 3 * hourMs, toMs: startMs + 4 * hourMs } as const;

export interface Purchase {
  readonly event_id: string;
  readonly user_id: string;
  readonly cents: number;
  readonly ts: number;
}

/** Records of the night in the order of time. */
export function purchasesOf({ records }: NightOptions): readonly Purchase[] {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  return Array.from({ length: records }, (_, i) => ({
    event_id: `e${i}`,
    user_id: `u${random(100)}`,
    cents: random(10_000),
    ts: startMs + Math.floor((i * 5 * hourMs) / records),
  }));
}

/** A record as it was meant. */
export function meant(purchase: Purchase): string {
  return JSON.stringify(purchase);
}

/** The record as it came: an int that turned float, in the hour of the incident. */
export function asItCame(purchase: Purchase, index: number, { every }: NightOptions): string {
  const { ts, cents } = purchase;
  const text = meant(purchase);
  if (ts < incident.fromMs || ts >= incident.toMs || index % every !== 0) return text;
  return text.replace(`"cents":${cents},`, `"cents":${cents}.${10 + (index % 80)},`);
}

/** Definitions of the project, as a user writes them. */
export const definitions = `
import { count, entity, featureView, lastN, lifetime, rolling, session, stream, sum, t, tumbling } from 'millrace';

export const user = entity('user', { key: { user_id: t.string() } });

export const purchases = stream('purchases', {
  schema: { event_id: t.string(), user_id: t.string(), cents: t.int64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
  id: 'event_id',
});

export const userSpend = featureView('user_spend', {
  entity: user,
  from: purchases,
  features: (p) => ({
    spend_1h: sum(p.cents).over(rolling('1h')),
    purchases_1h: count().over(rolling('1h')),
    spend_15m: sum(p.cents).over(tumbling('15m')),
    sessions: count().over(session('20m')),
    total: sum(p.cents).over(lifetime()),
    events: count().over(lifetime()),
    last: lastN(p.cents, 3).over(lifetime()),
  }),
});
`;
