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
const tickMs = 20;
const pollMs = 5;
const readAtOnce = 10;
const giveUpMs = 30_000;

export async function measureFreshness(load: FreshnessLoad): Promise<Freshness> {
  const { brokers, app, eventsPerSecond, seconds, users } = load;
  const producer = new Producer({ clientId: 'load', bootstrapBrokers: [...brokers], acks: 1 });
  const probes = watchProbes(app);
  const sent = new Map<string, number>();
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
      messages.push(event(`probe-${nowMs}`, nowMs));
      probes.add(`probe-${nowMs}`, nowMs);
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
  const { found, lost } = await probes.end();
  await ticking.stop();
  await Promise.all(sends);
  await producer.close();
  const at = (share: number): number => found[Math.floor((found.length - 1) * share)] ?? Number.NaN;
  return {
    events: count,
    eventsPerSecond: Math.round((count * 1000) / elapsedMs),
    probes: found.length + lost,
    lost,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    sent,
  };
}

interface Probes {
  add(user_id: string, atMs: number): void;
  /** Until each was read or given up; milliseconds, the least first. */
  end(): Promise<{ readonly found: readonly number[]; readonly lost: number }>;
}

/** One reader for all: it asks for the oldest few, so that a slow machine is not asked more and more. */
function watchProbes(app: App): Probes {
  const waiting = new Map<string, number>();
  const found: number[] = [];
  let lost = 0;
  let isOver = false;
  const loop = async (): Promise<void> => {
    while (!isOver || waiting.size > 0) {
      for (const [user_id, atMs] of [...waiting].slice(0, readAtOnce)) {
        const { values } = await app.store.get(spend, { user_id });
        const isThere = values.bought === 1 && values.bought_1m === 1;
        const ms = Date.now() - atMs;
        if (!isThere && ms < giveUpMs) continue;
        waiting.delete(user_id);
        if (isThere) found.push(ms);
        else lost += 1;
      }
      await sleep(pollMs);
    }
  };
  const looping = loop();
  return {
    add: (user_id, atMs) => void waiting.set(user_id, atMs),
    end: async () => {
      isOver = true;
      await looping;
      return { found: found.toSorted((a, b) => a - b), lost };
    },
  };
}

/** Moves the watermark of both partitions on, twenty times a second. */
export function keepTicking(producer: Pick<Producer, 'send'>): { stop(): Promise<void> } {
  const over = new AbortController();
  const tick = async (): Promise<void> => {
    const value = Buffer.from(JSON.stringify({ user_id: 'tick', amount: 0, ts: Date.now() }));
    const messages = [0, 1].map((partition) => ({ topic: 'purchases', partition, value }));
    await producer.send({ messages } as never);
  };
  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await tick();
      await sleep(50);
    }
    // Past the bound of disorder: nothing that was sent before waits any more.
    await sleep(500);
    await tick();
  };
  const running = run();
  return {
    stop: async () => {
      over.abort();
      await running;
    },
  };
}
