// How long after an event the features that it changes can be read: events at a steady rate, and among
// them probes, users of whom nothing was known, that a reader asks for until they are there.
import { Producer } from '@platformatic/kafka';
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from 'millrace';
import { spend } from './served-cluster.ts';

export interface FreshnessLoad {
  readonly brokers: readonly string[];
  readonly app: App;
  readonly eventsPerSecond: number;
  readonly seconds: number;
  readonly users: number;
  /** Event of one tick → how long the sleeping loop waits; default 20 ms. */
  readonly tickMs?: number;
}

/** What was measured, in ms from event time to the read that showed it. */
export interface Freshness {
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly probes: number;
  /** Probes that could not be read within 30 seconds. */
  readonly lost: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Events of each user, to compare with what is served. */
  readonly sent: ReadonlyMap<string, number>;
}

const probeEveryMs = 100;
const pollMs = 5;
const giveUpMs = 30_000;

export async function measureFreshness(load: FreshnessLoad): Promise<Freshness> {
  const { brokers, app, eventsPerSecond, seconds, users, tickMs = 20 } = load;
  const producer = new Producer({ clientId: 'load', bootstrapBrokers: [...brokers], acks: 1 });
  const sent = new Map<string, number>();
  const waits: Promise<number>[] = [];
  const sends = new Set<Promise<unknown>>();
  const startMs = Date.now();
  let count = 0;
  let probedMs = 0;
  const event = (user_id: string, ts: number) => {
    count += 1;
    sent.set(user_id, (sent.get(user_id) ?? 0) + 1);
    const value = Buffer.from(JSON.stringify({ user_id, amount: 1, ts }));
    return { topic: 'purchases', key: Buffer.from(user_id), value };
  };
  while (Date.now() - startMs < seconds * 1000) {
    const nowMs = Date.now();
    const due = Math.floor(((nowMs - startMs) * eventsPerSecond) / 1000) - count;
    const messages = Array.from({ length: Math.max(0, due) }, () =>
      event(`u${Math.floor(Math.random() * users)}`, nowMs),
    );
    if (nowMs - probedMs >= probeEveryMs) {
      probedMs = nowMs;
      const probe = `probe-${nowMs}`;
      messages.push(event(probe, nowMs));
      waits.push(readable(app, probe, nowMs));
    }
    if (messages.length > 0) {
      const send = producer.send({ messages }).finally(() => sends.delete(send));
      send.catch(() => undefined);
      sends.add(send);
    }
    await sleep(tickMs);
  }
  const elapsedMs = Date.now() - startMs;
  // Time goes on after the last of them, or it would wait for the watermark for ever.
  const ticking = keepTicking(producer);
  const waited = (await Promise.all(waits)).toSorted((a, b) => a - b);
  await ticking.stop();
  await Promise.all(sends);
  await producer.close();
  const found = waited.filter((ms) => Number.isFinite(ms));
  const at = (share: number): number => found[Math.floor((found.length - 1) * share)] ?? Number.NaN;
  return {
    events: count,
    eventsPerSecond: Math.round((count * 1000) / elapsedMs),
    probes: waited.length,
    lost: waited.length - found.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    sent,
  };
}

/** Moves the watermark of both partitions on, twenty times a second. */
export function keepTicking(producer: Pick<Producer, 'send'>): { stop(): Promise<void> } {
  const over = new AbortController();
  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const value = Buffer.from(JSON.stringify({ user_id: 'tick', amount: 0, ts: Date.now() }));
      const messages = [0, 1].map((partition) => ({ topic: 'purchases', partition, value }));
      await producer.send({ messages } as never);
      await sleep(50);
    }
  };
  const running = run();
  return {
    stop: async () => {
      over.abort();
      await running;
    },
  };
}

async function readable(app: App, user_id: string, fromMs: number): Promise<number> {
  while (Date.now() - fromMs < giveUpMs) {
    const { values } = await app.store.get(spend, { user_id });
    if (values.bought !== null && values.bought_1m !== null) {
      if (Number(values.bought) === 1 && Number(values.bought_1m) === 1) return Date.now() - fromMs;
    }
    await sleep(pollMs);
  }
  return Number.POSITIVE_INFINITY;
}
