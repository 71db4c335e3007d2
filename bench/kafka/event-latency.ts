// How soon the value of an event can be read: another process writes events at a steady rate, each at
// its due time; a job reads the topic and writes every row at once to the embedded store. Counted is
// the time from when the event was due to be written until its row is in the store (open loop).
// As a program it is the writer: BROKERS TOPIC EVENTS RATE
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Producer } from '@platformatic/kafka';
import { embedded } from '../../src/adapters/embedded/embedded.ts';
import { kafka } from '../../src/adapters/kafka/index.ts';
import * as definitions from '../../src/app/bench/bench-definitions.ts';
import { formats } from '../../src/app/formats.ts';
import { storedViews } from '../../src/app/stored-views.ts';
import { buildPlan } from '../../src/define/build-plan.ts';
import { startJob } from '../../src/engine/job/job.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { VectorSink } from '../../src/ports/vector-sink.ts';
import { LatencyHistogram, type LatencySummary } from '../load/latency-histogram.ts';

export interface LatencyOptions {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly events: number;
  readonly eventsPerSecond: number;
}

/** The first events, while code is being compiled, are left out. */
const warmUpShare = 0.2;

export async function measureLatency(options: LatencyOptions): Promise<LatencySummary> {
  const { brokers, topic, events, eventsPerSecond } = options;
  const directory = mkdtempSync(join(tmpdir(), 'millrace-latency-'));
  const { plan } = buildPlan([definitions]);
  const place = { project: 'bench', baseDirectory: directory, views: storedViews(plan) };
  const store = await embedded('./online').open({ ...place, mode: 'write' });
  const histogram = new LatencyHistogram();
  let seen = 0;
  const sink: VectorSink = {
    write: async (batch) => {
      await store.write(batch);
      const nowMs = performance.timeOrigin + performance.now();
      for (let row = 0; row < batch.rowCount; row++) {
        if (seen++ < events * warmUpShare) continue;
        histogram.add(Math.max(nowMs - (batch.asOfMs[row] as number), 0));
      }
    },
    flush: () => Promise.resolve(),
    close: () => store.close(),
  };
  const nothing = { write: () => Promise.resolve(), close: () => Promise.resolve() };
  const job = startJob({
    plan,
    views: ['j2_arrival'],
    sources: new Map([['events', kafka({ brokers, topic })]]),
    formats,
    sinks: [sink],
    deadLetters: nothing,
    lateRecords: nothing,
    clock: systemClock,
    baseDirectory: directory,
    nowMode: 'event',
  });
  const writer = startWriter(options);
  const endMs = performance.now() + (events / eventsPerSecond) * 1000 + 30_000;
  while (seen < events && performance.now() < endMs) await sleep(20);
  await job.stop();
  writer.kill();
  rmSync(directory, { recursive: true });
  if (seen < events) throw new Error(`only ${seen} of ${events} events came out`);
  return histogram.summary();
}

/** A process that writes so many events, each at its due time, with that as their event time. */
export function startWriter({
  brokers,
  topic,
  events,
  eventsPerSecond,
}: LatencyOptions): ChildProcess {
  const args = [brokers.join(), topic, String(events), String(eventsPerSecond)];
  const flags = ['--conditions=millrace-src', import.meta.filename];
  return spawn(process.execPath, [...flags, ...args], { stdio: 'inherit' });
}

async function writeSteadily({ brokers, topic, events, eventsPerSecond }: LatencyOptions) {
  const producer = new Producer({ clientId: 'steady', bootstrapBrokers: [...brokers] });
  const value = (i: number, ts: number): Buffer =>
    Buffer.from(
      `{"event_id":"e${String(i).padStart(10, '0')}","user_id":"u${String(i % 1000).padStart(7, '0')}",` +
        `"event_type":"view","amount":12.34,"category":"category_7","merchant_id":"m17","ts":${ts}}`,
    );
  const send = (messages: { topic: string; partition: number; value: Buffer }[]) =>
    producer.send({ messages, acks: 1 });
  const startMs = performance.timeOrigin + performance.now() + 1000;
  const pending: Promise<unknown>[] = [];
  for (let i = 0; i < events; ) {
    const nowMs = performance.timeOrigin + performance.now();
    const messages: { topic: string; partition: number; value: Buffer }[] = [];
    for (; i < events; i++) {
      const dueMs = startMs + (i * 1000) / eventsPerSecond;
      if (dueMs > nowMs) break;
      messages.push({ topic, partition: 0, value: value(i, Math.floor(dueMs)) });
    }
    if (messages.length > 0) pending.push(send(messages));
    await sleep(1);
  }
  await Promise.all(pending);
  await producer.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [brokers = '', topic = '', events = '0', rate = '1000'] = process.argv.slice(2);
  const counts = { events: Number(events), eventsPerSecond: Number(rate) };
  await writeSteadily({ brokers: brokers.split(','), topic, ...counts });
}
