// Events as bytes of JSON without making them anew: a ring of lines in which the user and the time
// are written over. About 158 bytes each, with the fields of the built-in benchmark. Making an event
// costs about a tenth of a microsecond, which `fillNs` measures, as it is spent on the job's thread.
import { Buffer } from 'node:buffer';
import { unitAt } from './zipf.ts';

export const eventTypes: readonly string[] = ['view', 'click', 'cart', 'purchase', 'refund'];
const userDigits = 8;
const timeDigits = 13;

/** What an event says beside its user and its time: a function of its place in the ring. */
export interface PoolEvent {
  readonly type: string;
  readonly amount: number;
}

export class EventPool {
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly events: readonly PoolEvent[];
  /** Where each line begins, and where the last one ends. */
  readonly #lineStarts: Int32Array;
  readonly #userAt: Int32Array;

  constructor(size: number) {
    this.size = size;
    this.events = Array.from({ length: size }, (_, i) => eventAt(i));
    const lines = this.events.map((event, i) => lineOf(event, i));
    this.bytes = Buffer.from(lines.join(''));
    this.#lineStarts = new Int32Array(size + 1);
    this.#userAt = new Int32Array(size);
    for (const [i, line] of lines.entries()) {
      const start = this.#lineStarts[i] as number;
      this.#lineStarts[i + 1] = start + line.length;
      this.#userAt[i] = start + line.indexOf('"user_id":"u') + '"user_id":"u'.length;
    }
  }

  /** How many events can be handed out from this one on without a gap in the bytes. */
  roomFrom(index: number): number {
    return this.size - (index % this.size);
  }

  /** Where the line of an event begins; of the one after the ring's last, the end. */
  startOf(place: number): number {
    return this.#lineStarts[place] as number;
  }

  /** Writes the user and the time of an event into the ring. */
  put(place: number, user: number, timeMs: number): void {
    const { bytes } = this;
    putDigits(bytes, this.#userAt[place] as number, userDigits, user);
    // A line ends in the 13 digits of the time, a brace and a newline.
    const timeAt = (this.#lineStarts[place + 1] as number) - 2 - timeDigits;
    const seconds = Math.floor(timeMs / 1000);
    putDigits(bytes, timeAt, timeDigits - 3, seconds);
    putDigits(bytes, timeAt + timeDigits - 3, 3, timeMs - seconds * 1000);
  }
}

function eventAt(place: number): PoolEvent {
  return {
    type: eventTypes[Math.floor(unitAt(place, 3) * eventTypes.length)] ?? '',
    amount: Math.floor(unitAt(place, 5) * 50_000) / 100,
  };
}

function lineOf({ type, amount }: PoolEvent, place: number): string {
  return (
    `{"event_id":"e${String(place).padStart(10, '0')}","user_id":"u${'0'.repeat(userDigits)}",` +
    `"event_type":"${type}","amount":${amount.toFixed(2)},` +
    `"category":"category_${Math.floor(unitAt(place, 7) * 40)}",` +
    `"merchant_id":"m${Math.floor(unitAt(place, 11) * 5000)}","ts":${'0'.repeat(timeDigits)}}\n`
  );
}

function putDigits(bytes: Uint8Array, at: number, count: number, value: number): void {
  let rest = value;
  for (let i = at + count - 1; i >= at; i--) {
    // All numbers here are below 2^31.
    const next = (rest / 10) | 0;
    bytes[i] = 48 + rest - next * 10;
    rest = next;
  }
}

/** The key as the definitions have it. */
export function userId(user: number): string {
  return `u${String(user).padStart(userDigits, '0')}`;
}

/** Nanoseconds that making an event takes here. */
export function fillNs(userOf: (index: number) => number, events = 2_000_000): number {
  const pool = new EventPool(16_384);
  const start = process.hrtime.bigint();
  for (let i = 0; i < events; i++) pool.put(i % pool.size, userOf(i), 1_700_000_000_000 + i);
  return Number(process.hrtime.bigint() - start) / events;
}
