// How fast vectors of twelve numeric features become visible Parquet files: rows of 100,000 users
// over 181 days of event time, in order. Run: node --conditions=millrace-src bench/feature-log.ts [rows]
import { Buffer } from 'node:buffer';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { featureLog } from '../src/adapters/file/index.ts';
import { columnForField, ensureRows } from '../src/columns/column-builder.ts';
import type { VectorBatch } from '../src/columns/vector-batch.ts';
import { encodeKey } from '../src/kernel/key-encoding.ts';
import { seededRandom } from '../src/kernel/random.ts';
import type { Field } from '../src/kernel/types/field-type.ts';
import type { StoredView } from '../src/ports/online-store.ts';

const batchRows = 4096;
const dayMs = 86_400_000;

const features: readonly Field[] = Array.from({ length: 12 }, (_, i) => ({
  name: `f${i}`,
  type: { kind: i % 3 === 0 ? 'count' : 'float64' },
  nullable: i % 2 === 1,
}));

const view: StoredView = {
  view: 'bench',
  key: [{ name: 'user_id', type: { kind: 'string' }, nullable: false }],
  features,
  fingerprint: 'bench',
};

function makeBatch(): VectorBatch {
  const random = seededRandom(3);
  const keys = Array.from({ length: batchRows }, () =>
    encodeKey(view.key, { user_id: `user_${Math.floor(random.next() * 100_000)}` }),
  );
  const keyEnds = new Int32Array(batchRows);
  for (let i = 0, at = 0; i < batchRows; i++) keyEnds[i] = at += keys[i]?.length ?? 0;
  const columns = features.map((field) => {
    const builder = columnForField(field);
    ensureRows(builder, batchRows);
    if (builder.kind !== 'float64') return builder;
    for (let i = 0; i < batchRows; i++) {
      const value = random.next() * 1000;
      builder.values[i] = field.type.kind === 'count' ? Math.floor(value) : value;
      builder.nulls[i] = field.nullable && value < 100 ? 1 : 0;
    }
    return builder;
  });
  return {
    view: view.view,
    rowCount: batchRows,
    keyData: Buffer.concat(keys),
    keyStarts: Int32Array.from([0, ...keyEnds.subarray(0, -1)]),
    keyEnds,
    keySlots: new Int32Array(batchRows),
    eventTimeMs: new Float64Array(batchRows),
    asOfMs: new Float64Array(batchRows),
    seq: new Float64Array(batchRows),
    arrivalTimeMs: new Float64Array(batchRows),
    fields: features,
    columns,
  };
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

const rows = Number(process.argv[2] ?? 3_000_000);
const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const batch = makeBatch();
const log = await featureLog(folder).open({ baseDirectory: folder, views: [view] });
const begin = performance.now();
const cpu = process.cpuUsage();
for (let row = 0; row < rows; row += batchRows) {
  for (let i = 0; i < batchRows; i++) {
    const timeMs = 1_700_000_000_000 + ((row + i) / rows) * 181 * dayMs;
    batch.asOfMs[i] = Math.floor(timeMs);
    batch.eventTimeMs[i] = Math.floor(timeMs);
    batch.arrivalTimeMs[i] = Math.floor(timeMs) + 3;
    batch.seq[i] = row + i;
  }
  await log.append(batch);
}
const appendedMs = performance.now() - begin;
await log.commit();
const elapsedMs = performance.now() - begin;
const used = process.cpuUsage(cpu);
await log.close();
console.log(
  JSON.stringify({
    name: 'feature-log',
    rows,
    rows_per_second: Math.round(rows / (elapsedMs / 1000)),
    append_ms: Math.round(appendedMs),
    commit_ms: Math.round(elapsedMs - appendedMs),
    cpu_ms: Math.round((used.user + used.system) / 1000),
    bytes_per_row: Math.round(bytesBelow(folder) / rows),
    rss_mb: Math.round(process.memoryUsage().rss / 2 ** 20),
  }),
);
rmSync(folder, { recursive: true, force: true });
