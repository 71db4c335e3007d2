import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packRows } from '../../../columns/packed-row-writer.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { encodeKey } from '../../../kernel/key-encoding.ts';
import { seededRandom } from '../../../kernel/random.ts';
import type { Field } from '../../../kernel/types/field-type.ts';
import { vectorBatch } from '../../../testing/vectors.ts';
import { ServingLog, type ServingLogFileOptions, servingLogFiles } from './serving-log.ts';

const key: readonly Field[] = [{ name: 'id', type: { kind: 'int64' }, nullable: false }];
const fields: readonly Field[] = [
  { name: 'big', type: { kind: 'int64' }, nullable: true },
  { name: 'ratio', type: { kind: 'float64' }, nullable: true },
];
const view = { name: 'v', key, fields };

function rowOf(big: bigint | null, ratio: number | null): Uint8Array {
  const row = { key: { id: 1n }, values: { big, ratio }, asOfMs: 50, seq: 3, eventTimeMs: 40 };
  const [packed] = packRows(vectorBatch({ view: 'v', key, features: fields }, [row]), [0]);
  if (packed === undefined) throw new Error('no row');
  return packed;
}

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'serving-log-'));
  folders.push(folder);
  return folder;
}

async function logOf(options: Partial<ServingLogFileOptions>) {
  const directory = await newFolder();
  const notices: string[] = [];
  const log = new ServingLog({
    directory,
    rate: 1,
    bytesMax: 1e6,
    definition: 'abc',
    clock: { ...systemClock, nowMs: () => 70 },
    random: seededRandom(1),
    report: (text) => notices.push(text),
    ...options,
  });
  return { log, directory, notices };
}

async function linesOf(directory: string): Promise<string[]> {
  const texts = await Promise.all(
    (await servingLogFiles(directory)).map((path) => readFile(path, 'utf8')),
  );
  return texts.join('').split('\n').slice(0, -1);
}

const keyBytes = encodeKey(key, { id: 9007199254740993n });

describe('a serving log', () => {
  it('writes rows as they were sent, digit for digit', async () => {
    const { log, directory } = await logOf({});
    const rows = [rowOf(9007199254740993n, 0.5), null, rowOf(null, Number.NaN)];
    const keys = rows.map(() => keyBytes);
    log.record({ view, keys, rows, features: [1, 0], nowMs: 60, requestId: 'r "1"' });
    await log.close();
    const head =
      '{"time_ms":70,"now_ms":60,"request":"r \\"1\\"","view":"v","definition":"abc","key":{"id":"9007199254740993"},';
    expect(await linesOf(directory)).toEqual([
      `${head}"as_of_ms":50,"seq":3,"event_time_ms":40,"features":{"ratio":0.5,"big":9007199254740993}}`,
      `${head}"as_of_ms":null,"seq":null,"event_time_ms":null,"features":{"ratio":null,"big":null}}`,
      `${head}"as_of_ms":50,"seq":3,"event_time_ms":40,"features":{"ratio":null,"big":null}}`,
    ]);
    expect(log.written).toBe(3);
  });

  it('takes its share of rows, however they come', async () => {
    for (const perAnswer of [1, 100]) {
      const { log, directory } = await logOf({ rate: 0.1 });
      const rows = Array.from({ length: perAnswer }, () => null);
      const keys = rows.map(() => keyBytes);
      for (let i = 0; i < 20_000 / perAnswer; i++) {
        log.record({ view, keys, rows, features: [0], nowMs: 60, requestId: null });
      }
      await log.close();
      const { length } = await linesOf(directory);
      expect(length).toBeGreaterThan(1800);
      expect(length).toBeLessThan(2200);
    }
  });

  it('keeps to its size, and to the newest rows', async () => {
    const { log, directory } = await logOf({ bytesMax: 20_000 });
    const rows = Array.from({ length: 10 }, () => rowOf(1n, 1));
    const keys = rows.map(() => keyBytes);
    for (let nowMs = 0; nowMs < 60; nowMs++) {
      log.record({ view, keys, rows, features: [0, 1], nowMs, requestId: null });
      // What waits is written in one piece: files are as fine as that.
      await log.close();
    }
    const files = await servingLogFiles(directory);
    const sizes = await Promise.all(files.map(async (path) => (await stat(path)).size));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(total).toBeGreaterThan(10_000);
    expect(total).toBeLessThan(23_000);
    expect((await linesOf(directory)).at(-1)).toContain('"now_ms":59');
  });

  it('drops what does not fit while it waits, and says once that it cannot write', async () => {
    const file = join(await newFolder(), 'file');
    await writeFile(file, '');
    const { log, notices } = await logOf({ directory: join(file, 'log') });
    const row = new Uint8Array(3 * 2 ** 20);
    const served = { view, keys: [keyBytes], features: [], nowMs: 0, requestId: null };
    for (let i = 0; i < 4; i++) log.record({ ...served, rows: [row] });
    expect(log.dropped).toBe(2);
    await log.close();
    log.record({ ...served, rows: [null] });
    await log.close();
    expect([log.dropped, log.written]).toEqual([5, 0]);
    expect(notices).toHaveLength(1);
  });
});
