// The events that the built-in benchmark runs on: about 158 bytes of JSON each, 100,000 users drawn
// evenly, two hours of event time, up to 5 s out of order. The same bytes for the same count.
import { writeSync } from 'node:fs';
import { type Random, seededRandom } from '../../kernel/random.ts';

export interface BenchEventsOptions {
  readonly events: number;
  readonly users: number;
  /** Event time that the events are spread over. */
  readonly spanMs: number;
}

export const benchEventTypes: readonly string[] = ['view', 'click', 'cart', 'purchase', 'refund'];
const categories = Array.from({ length: 40 }, (_, i) => `category_${i}`);
const startMs = Date.UTC(2026, 0, 1);
const disorderMs = 4900;
const blockEvents = 10_000;

/** Writes the events as JSON lines to an open file; returns the number of bytes. */
export function writeBenchEvents(file: number, options: BenchEventsOptions): number {
  const random = seededRandom(11);
  let bytes = 0;
  for (let first = 0; first < options.events; first += blockEvents) {
    const lines: string[] = [];
    const end = Math.min(options.events, first + blockEvents);
    for (let i = first; i < end; i++) lines.push(benchEvent(i, random, options));
    bytes += writeSync(file, lines.join(''));
  }
  return bytes;
}

function benchEvent(index: number, random: Random, options: BenchEventsOptions): string {
  const { events, users, spanMs } = options;
  const onTime = startMs + Math.floor((index / events) * spanMs);
  const ts = random.next() < 0.3 ? onTime - Math.floor(random.next() * disorderMs) : onTime;
  const user = String(Math.floor(random.next() * users)).padStart(7, '0');
  const amount = (Math.floor(random.next() * 50_000) / 100).toFixed(2);
  return (
    `{"event_id":"e${String(index).padStart(10, '0')}","user_id":"u${user}",` +
    `"event_type":"${pick(benchEventTypes, random)}","amount":${amount},` +
    `"category":"${pick(categories, random)}",` +
    `"merchant_id":"m${Math.floor(random.next() * 5000)}","ts":${ts}}\n`
  );
}

function pick(values: readonly string[], random: Random): string {
  return values[Math.floor(random.next() * values.length)] ?? '';
}
