// Made-up events have what comparisons are about, and are the same for the same seed.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildPlan } from '../../../define/build-plan.ts';
import { count, entity, featureView, rolling, stream, t, tumbling } from '../../../index.ts';
import { watermarkField, writeEventFile } from './event-file.ts';
import { generateEvents } from './generate-events.ts';
import { deliveredRows, recordsOfLines } from './parity-events.ts';

const purchases = stream('purchases', {
  schema: { user_id: t.string(), kind: t.string().nullable(), n: t.int64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
const spend = featureView('spend', {
  entity: entity('user', { key: { user_id: t.string() } }),
  from: purchases,
  features: (p) => ({
    n: count().where(p.kind.eq('refund')).over(rolling('1h')),
    minute: count().over(tumbling('1m')),
  }),
});
const { plan } = buildPlan([{ spend }]);
const text = { type: { kind: 'string' }, nullable: false } as const;
const made = (seed: number, partitions: number) => {
  const [node] = plan.streams;
  if (node === undefined) throw new TypeError('no stream');
  return generateEvents({ plan, stream: node, count: 500, seed, partitions });
};

it('holds late records, borders, duplicates, nulls, dead letters and literals of the definitions', () => {
  const events = made(3, 1);
  expect(made(3, 1)).toEqual(events);
  expect(made(4, 1)).not.toEqual(events);
  const rows = deliveredRows(events).map(({ row }) => row);
  const times = rows.map(({ ts }) => Number(ts));
  let greatest = 0;
  const behind = times.map((ms) => {
    greatest = Math.max(greatest, ms);
    return greatest - ms;
  });
  expect(behind.filter((ms) => ms > 0 && ms < 5000).length).toBeGreaterThan(50);
  expect(behind.filter((ms) => ms > 5000).length).toBeGreaterThan(20);
  expect(behind.some((ms) => ms === 5000 || ms === 4999 || ms === 5001)).toBe(true);
  for (const rest of [0, 1, 59_999]) {
    expect(times.some((ms) => ms % 60_000 === rest)).toBe(true);
  }
  const lines = events.records.map(({ line }) => line);
  expect(new Set(lines).size).toBeLessThan(lines.length);
  expect(rows.some(({ kind }) => kind === 'refund')).toBe(true);
  expect(rows.some(({ kind }) => kind === null)).toBe(true);
  expect(rows.some(({ n }) => n === 9_007_199_254_740_993n)).toBe(true);
  expect(rows.length).toBeLessThan(lines.length);
});

it('the file of several partitions has the least of their watermarks on each line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-parity-'));
  try {
    const events = made(5, 2);
    const path = join(folder, 'a', 'events.jsonl');
    await writeEventFile(path, events, 2);
    const [first, second, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect([first, second]).toEqual(['!', '!']);
    expect(lines.length).toBe(events.records.length);
    const greatest = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const [i, { split, row }] of events.records.entries()) {
      if (row === null) continue;
      greatest[split] = Math.max(greatest[split] ?? 0, Number(row['ts']));
      const least = Math.min(...greatest) - 5000;
      const written = (JSON.parse(lines[i] ?? '') as Record<string, unknown>)[watermarkField];
      expect(written).toBe(Number.isFinite(least) ? least : undefined);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('what the engine cannot read and Flink takes for null is not in the file: a difference by design', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-parity-'));
  try {
    const [node] = plan.streams;
    if (node === undefined) throw new TypeError('no stream');
    const fields = [...node.fields, { ...text, name: 'unit', default: 'none' }];
    const stream = { ...node, fields };
    const good = '{"user_id":"a","kind":"b","n":1,"ts":1000}';
    const lines = [
      good,
      '{"user_id":"a","kind":{},"n":1,"ts":1000}',
      '{"user_id":"a","kind":"b","n":1,"unit":null,"ts":1000}',
      '{"user_id":null,"n":1,"ts":9000}',
      'no JSON',
    ].map((line) => ({ split: 0, line }));
    const records = recordsOfLines(stream, lines, {});
    expect(records.map(({ row }) => row === null)).toEqual([false, true, true, true, true]);
    const path = join(folder, 'events.jsonl');
    await writeEventFile(path, { stream, records, splitCount: 1, instants: 'ms' }, 0);
    const written = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(written).toEqual([good, '{"user_id":null,"n":1,"ts":9000}', 'no JSON']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
