import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { featureLog, type FeatureLogOptions } from 'millrace/file';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { columnForField, ensureRows } from '../../../columns/column-builder.ts';
import { putValue } from '../../../columns/put-value.ts';
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import { encodeKey } from '../../../kernel/key-encoding.ts';
import type { Field, FieldType, Value } from '../../../kernel/types/field-type.ts';
import type { FeatureLog } from '../../../ports/feature-log.ts';
import type { StoredView } from '../../../ports/online-store.ts';

let directory = '';
let duckdb: DuckDBInstance;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-log-'));
  duckdb = await DuckDBInstance.create();
});
afterEach(async () => {
  duckdb.closeSync();
  await rm(directory, { recursive: true, force: true });
});

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const connection = await duckdb.connect();
  await connection.run("SET TimeZone='UTC'");
  const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson();
  connection.closeSync();
  return rows;
}

const field = (name: string, type: FieldType, nullable = true): Field => ({ name, type, nullable });

const view: StoredView = {
  view: 'spend',
  key: [field('user_id', { kind: 'string' }, false), field('shop', { kind: 'int64' })],
  features: [
    field('n', { kind: 'count' }, false),
    field('total', { kind: 'float64' }),
    field('big', { kind: 'int64' }),
    field('flag', { kind: 'bool' }),
    field('label', { kind: 'string' }),
    field('day', { kind: 'date' }),
    field('small', { kind: 'int32' }),
    field('ratio', { kind: 'float32' }),
    field('price', { kind: 'decimal', precision: 12, scale: 2 }),
    field('wide', { kind: 'decimal', precision: 38, scale: 2 }),
    field('seen', { kind: 'timestamp' }),
    field('last', { kind: 'list', item: { kind: 'float64' } }),
    field('names', { kind: 'list', item: { kind: 'string' } }),
    field('by', { kind: 'map', value: { kind: 'count' } }),
    field('box', { kind: 'struct', fields: [field('a', { kind: 'int64' })] }),
  ],
  fingerprint: 'f',
};

interface Row {
  readonly key: Record<string, Value>;
  readonly asOfMs: number;
  readonly values: readonly Value[];
}

function batchOf(rows: readonly Row[], of: StoredView = view): VectorBatch {
  const keys = rows.map(({ key }) => encodeKey(of.key, key));
  const ends: number[] = [];
  let at = 0;
  for (const key of keys) ends.push((at += key.length));
  const columns = of.features.map(({ type, name }, i) => {
    const builder = columnForField({ name, type, nullable: true });
    ensureRows(builder, rows.length);
    for (const [row, { values }] of rows.entries()) putValue(builder, type, row, values[i] ?? null);
    return builder;
  });
  return {
    view: of.view,
    rowCount: rows.length,
    keyData: Buffer.concat(keys),
    keyStarts: Int32Array.from([0, ...ends.slice(0, -1)]),
    keyEnds: Int32Array.from(ends),
    keySlots: Int32Array.from(rows, (_, i) => i),
    eventTimeMs: Float64Array.from(rows, ({ asOfMs }) => asOfMs - 10),
    asOfMs: Float64Array.from(rows, ({ asOfMs }) => asOfMs),
    seq: Float64Array.from(rows, (_, i) => i + 1),
    arrivalTimeMs: Float64Array.from(rows, ({ asOfMs }) => asOfMs + 5),
    fields: of.features,
    columns,
  };
}

async function openLog(options: FeatureLogOptions = {}, of = view): Promise<FeatureLog> {
  return featureLog('offline', options).open({ baseDirectory: directory, views: [of] });
}

const firstMs = Date.UTC(2024, 0, 31, 23, 59, 59, 999);
const full: Row = {
  key: { user_id: 'ü1', shop: 9007199254740993n },
  asOfMs: firstMs,
  values: [
    3,
    1.5,
    -9007199254740993n,
    true,
    'x"y',
    '2024-02-29',
    -7,
    0.25,
    '-12.50',
    '-123456789012345678901234567890.25',
    1_700_000_000_123,
    [1, null, 2.5],
    ['a', ''],
    { a: 1, 'b c': 2 },
    { a: 9007199254740993n },
  ],
};
const nothing: Row = { key: { user_id: 'u2', shop: null }, asOfMs: firstMs + 1, values: [0] };
const empty: Row = {
  key: { user_id: 'u3', shop: 1n },
  asOfMs: firstMs + 2,
  values: [1, 0, 0n, false, '', null, 0, 0, '0.00', '0.00', 0, [], [], {}, null],
};

const files = (): string => join(directory, 'offline/spend/*/*.parquet');

describe('rows in Parquet', () => {
  test('another engine reads the right types and values, partitioned by the date of as_of', async () => {
    const log = await openLog();
    await log.append(batchOf([full, nothing, empty]));
    await log.commit();
    await log.close();
    expect(await readdir(join(directory, 'offline/spend'))).toEqual([
      'date=2024-01-31',
      'date=2024-02-01',
    ]);
    const described = await query(`DESCRIBE SELECT * FROM read_parquet('${files()}')`);
    expect(Object.fromEntries(described.map((c) => [c['column_name'], c['column_type']]))).toEqual({
      user_id: 'VARCHAR',
      shop: 'BIGINT',
      event_time: 'TIMESTAMP WITH TIME ZONE',
      as_of: 'TIMESTAMP WITH TIME ZONE',
      n: 'BIGINT',
      total: 'DOUBLE',
      big: 'BIGINT',
      flag: 'BOOLEAN',
      label: 'VARCHAR',
      day: 'DATE',
      small: 'INTEGER',
      ratio: 'FLOAT',
      price: 'DECIMAL(12,2)',
      wide: 'DECIMAL(38,2)',
      seen: 'TIMESTAMP WITH TIME ZONE',
      last: 'DOUBLE[]',
      names: 'VARCHAR[]',
      by: 'MAP(VARCHAR, BIGINT)',
      box: 'JSON',
      _arrival_time: 'TIMESTAMP WITH TIME ZONE',
      _seq: 'BIGINT',
      date: 'DATE',
    });
    const rows = await query(
      `SELECT * EXCLUDE (event_time, as_of, _arrival_time, seen), epoch_ms(event_time) AS event_time,
        epoch_ms(as_of) AS as_of, epoch_ms(_arrival_time) AS arrival, epoch_ms(seen) AS seen
       FROM read_parquet('${files()}') ORDER BY as_of`,
    );
    expect(rows[0]).toEqual({
      user_id: 'ü1',
      shop: '9007199254740993',
      n: '3',
      total: 1.5,
      big: '-9007199254740993',
      flag: true,
      label: 'x"y',
      day: '2024-02-29',
      small: -7,
      ratio: 0.25,
      price: '-12.50',
      wide: '-123456789012345678901234567890.25',
      last: [1, null, 2.5],
      names: ['a', ''],
      by: [
        { key: 'a', value: '1' },
        { key: 'b c', value: '2' },
      ],
      box: '{"a":"9007199254740993"}',
      _seq: '1',
      date: '2024-01-31',
      event_time: String(firstMs - 10),
      as_of: String(firstMs),
      arrival: String(firstMs + 5),
      seen: '1700000000123',
    });
    expect(rows[1]).toMatchObject({
      user_id: 'u2',
      shop: null,
      n: '0',
      total: null,
      label: null,
      price: null,
      wide: null,
      last: null,
      by: null,
      box: null,
      date: '2024-02-01',
    });
    expect(rows[2]).toMatchObject({ flag: false, label: '', last: [], names: [], by: [] });
  });

  test('filters on as_of use the bounds of row groups', async () => {
    const log = await openLog({ rowGroupRows: 10 });
    const rows = Array.from({ length: 100 }, (_, i) => ({ ...full, asOfMs: firstMs + 1 + i }));
    await log.append(batchOf(rows));
    await log.commit();
    await log.close();
    const groups = await query(
      `SELECT stats_min_value, stats_max_value FROM parquet_metadata('${files()}') WHERE path_in_schema = 'as_of'`,
    );
    expect(groups).toHaveLength(10);
    expect(
      groups.every((g) => g['stats_min_value'] !== null && g['stats_max_value'] !== null),
    ).toBe(true);
    const counted = await query(
      `SELECT count(*) AS n FROM read_parquet('${files()}') WHERE epoch_ms(as_of) >= ${firstMs + 91}`,
    );
    expect(counted).toEqual([{ n: '10' }]);
  });

  test('many days under a small budget are all there, each once, in order of each day', async () => {
    const small: StoredView = { ...view, features: [field('n', { kind: 'count' }, false)] };
    const log = await openLog({ bufferBytesMax: 20_000 }, small);
    const dayMs = 86_400_000;
    for (let round = 0; round < 20; round++) {
      const rows = Array.from({ length: 400 }, (_, i) => ({
        key: { user_id: `u${i}`, shop: null },
        asOfMs: firstMs + 1 + (i % 40) * dayMs + round,
        values: [round * 400 + i],
      }));
      await log.append(batchOf(rows, small));
    }
    await log.commit();
    await log.close();
    const found = await query(
      `SELECT count(*) AS rows, count(DISTINCT n) AS distinct_rows, count(DISTINCT date) AS days,
        count(DISTINCT filename) AS files
       FROM read_parquet('${files()}', filename = true)`,
    );
    expect(found).toEqual([{ rows: '8000', distinct_rows: '8000', days: '40', files: '40' }]);
  });
});

describe('visibility', () => {
  test('nothing is visible before commit, and rows after the last commit never are', async () => {
    const log = await openLog({ rowGroupRows: 2 });
    await log.append(batchOf([full, nothing, empty]));
    expect(await readdir(join(directory, 'offline'))).toEqual(['.pending']);
    await log.commit();
    await log.append(batchOf([full, nothing, empty]));
    await log.close();
    const counted = await query(`SELECT count(*) AS n FROM read_parquet('${files()}')`);
    expect(counted).toEqual([{ n: '3' }]);
  });

  test('a process that is killed before commit leaves nothing visible, and the next one cleans up', async () => {
    const entry = new URL('../index.ts', import.meta.url).href;
    const script = `
      const { featureLog } = await import(${JSON.stringify(entry)});
      const view = { view: 'spend', key: [], features: [], fingerprint: '' };
      const log = await featureLog('offline', { rowGroupRows: 1 })
        .open({ baseDirectory: ${JSON.stringify(directory)}, views: [view] });
      const n = 50, times = new Float64Array(n).fill(${firstMs});
      const at = new Int32Array(n);
      await log.append({ view: 'spend', rowCount: n, keyData: new Uint8Array(0), keyStarts: at, keyEnds: at,
        keySlots: at, eventTimeMs: times, asOfMs: times, seq: times, arrivalTimeMs: times, fields: [], columns: [] });
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    expect(child.signal).toBe('SIGKILL');
    expect(await readdir(join(directory, 'offline'))).toEqual(['.pending']);
    expect(await readdir(join(directory, 'offline/.pending'))).toHaveLength(1);
    const log = await openLog();
    expect(await readdir(join(directory, 'offline/.pending'))).toHaveLength(1);
    await log.close();
    expect(await readdir(join(directory, 'offline/.pending'))).toEqual([]);
  });

  test('temporary files of a process that is gone are removed, those of a living one are not', async () => {
    const pending = join(directory, 'offline/.pending');
    await mkdir(join(pending, '999999999-dead'), { recursive: true });
    await writeFile(join(pending, '999999999-dead', 'part-0.parquet'), 'half');
    await mkdir(join(pending, `${process.pid}-alive`));
    const log = await openLog();
    expect(await readdir(pending)).toContain(`${process.pid}-alive`);
    expect(await readdir(pending)).not.toContain('999999999-dead');
    await log.close();
  });

  test('a clash of column names is refused when the log opens', async () => {
    const clashing = { ...view, features: [field('as_of', { kind: 'count' })] };
    await expect(openLog({}, clashing)).rejects.toMatchObject({ code: 'MR_CONFIG_INVALID' });
  });
});
