// How fast bytes of JSON become columns on one thread: events of ~158 bytes and seven fields.
// Run: node --conditions=millrace-src bench/json-decoder.ts [events]
import { Buffer } from 'node:buffer';
import { seededRandom } from '../src/kernel/random.ts';
import type { Field, RowType } from '../src/kernel/types/field-type.ts';
import { jsonFormat } from '../src/formats/json/json-format.ts';

const rowType: RowType = {
  fields: [
    string('event_id'),
    string('user_id'),
    string('event_type'),
    { name: 'amount', type: { kind: 'float64' }, nullable: false },
    { ...string('category'), nullable: true },
    string('merchant_id'),
    { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
  ],
};

function string(name: string): Field {
  return { name, type: { kind: 'string' }, nullable: false };
}

function makeEvents(count: number): Uint8Array {
  const random = seededRandom(7);
  const pick = (names: readonly string[]): string =>
    names[Math.floor(random.next() * names.length)] ?? '';
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    lines.push(
      `{"event_id":"evt-${String(i).padStart(12, '0')}",` +
        `"user_id":"user_${String(Math.floor(random.next() * 100_000)).padStart(6, '0')}",` +
        `"event_type":"${pick(['view', 'click', 'purchase', 'refund'])}",` +
        `"amount":${(random.next() * 500).toFixed(2)},` +
        `"category":"${pick(['books', 'toys', 'garden', 'electronics'])}",` +
        `"merchant_id":"m${Math.floor(random.next() * 10_000)}","ts":${1_700_000_000_000 + i * 2}}\n`,
    );
  }
  return Buffer.from(lines.join(''));
}

function decodeAll(bytes: Uint8Array): number {
  const decoder = jsonFormat.createDecoder(rowType, {});
  let start = 0;
  let rows = 0;
  while (start < bytes.length) {
    const end = Math.min(bytes.length, start + (1 << 20));
    const last = end === bytes.length;
    const result = decoder.decode({ bytes, start, end, baseOffset: 0, rowCountMax: 8192, last });
    start += result.consumed;
    rows += result.batch.rowCount;
  }
  return rows;
}

const events = Number(process.argv[2] ?? 1_000_000);
const bytes = makeEvents(events);
const runs: number[] = [];
for (let run = 0; run < 6; run++) {
  const begin = performance.now();
  const rows = decodeAll(bytes);
  runs.push(rows / ((performance.now() - begin) / 1000));
}
const sorted = runs.toSorted((a, b) => a - b);
console.log(
  JSON.stringify({
    name: 'json-decoder',
    events,
    bytes_per_event: Math.round(bytes.length / events),
    events_per_second: Math.round(sorted[3] ?? 0),
    best_events_per_second: Math.round(sorted[5] ?? 0),
  }),
);
