import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRow } from '../../columns/read-value.ts';
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import { parquetFormat } from './parquet-format.ts';

let directory = '';
let duckdb: DuckDBInstance;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-parquet-'));
  duckdb = await DuckDBInstance.create();
});
afterAll(async () => {
  duckdb.closeSync();
  await rm(directory, { recursive: true, force: true });
});

let files = 0;
async function write(select: string, options = ''): Promise<string> {
  const path = join(directory, `f${files++}.parquet`);
  const connection = await duckdb.connect();
  await connection.run(
    `SET TimeZone='UTC'; COPY (${select}) TO '${path}' (FORMAT parquet${options})`,
  );
  connection.closeSync();
  return path;
}

interface Read {
  readonly rows: Record<string, Value>[];
  readonly offsets: number[];
  readonly errors: RecordError[];
}

async function read(path: string, fields: readonly Field[], rowCountMax = 1000): Promise<Read> {
  const result: Read = { rows: [], offsets: [], errors: [] };
  for await (const { batch, errors } of parquetFormat.read(
    path,
    { fields },
    { rowCountMax, startRow: 0 },
  )) {
    expect(batch.rowCount).toBeLessThanOrEqual(rowCountMax);
    for (let row = 0; row < batch.rowCount; row++) {
      result.rows.push(readRow(batch.columns, fields, row));
      result.offsets.push(batch.offsets[row] as number);
    }
    result.errors.push(...errors);
  }
  return result;
}

const field = (name: string, type: FieldType, nullable = false): Field => ({
  name,
  type,
  nullable,
});

describe('types', () => {
  const every = `SELECT 'h' || chr(233) AS s, true AS b, -7::INTEGER AS i, 9007199254740993::BIGINT AS l,
    0.1::FLOAT AS f, 0.25::DOUBLE AS d, TIMESTAMP '2024-02-29 12:00:00.123456' AS us,
    TIMESTAMP_MS '2024-02-29 12:00:00.123' AS ms, TIMESTAMP_NS '2024-02-29 12:00:00.123456789' AS ns,
    TIMESTAMPTZ '2024-02-29 12:00:00.5+01' AS tz, DATE '2024-02-29' AS day,
    12.50::DECIMAL(10,2) AS m, 123456789012345678901234567.125::DECIMAL(30,3) AS w,
    '\\x01\\xFF'::BLOB AS y, [1, 9007199254740993]::BIGINT[] AS xs, MAP {'a': 1.5::DOUBLE} AS kv,
    {'a': 'q', 'b': NULL::VARCHAR} AS o, 250::UTINYINT AS u8, 4000000000::UINTEGER AS u32`;
  const fields = [
    field('s', { kind: 'string' }),
    field('b', { kind: 'bool' }),
    field('i', { kind: 'int32' }),
    field('l', { kind: 'int64' }),
    field('f', { kind: 'float32' }),
    field('d', { kind: 'float64' }),
    field('us', { kind: 'timestamp' }),
    field('ms', { kind: 'timestamp' }),
    field('ns', { kind: 'timestamp' }),
    field('tz', { kind: 'timestamp' }),
    field('day', { kind: 'date' }),
    field('m', { kind: 'decimal', precision: 12, scale: 3 }),
    field('w', { kind: 'decimal', precision: 30, scale: 3 }),
    field('y', { kind: 'bytes' }),
    field('xs', { kind: 'list', item: { kind: 'int64' } }),
    field('kv', { kind: 'map', value: { kind: 'float64' } }),
    field('o', {
      kind: 'struct',
      fields: [field('a', { kind: 'string' }), field('b', { kind: 'string' }, true)],
    }),
    field('u8', { kind: 'int32' }),
    field('u32', { kind: 'int64' }),
  ];
  const noonMs = Date.UTC(2024, 1, 29, 12);

  test.each(['zstd', 'snappy', 'gzip', 'uncompressed', 'lz4_raw', 'brotli'])(
    'every type is read from a file compressed by %s',
    async (codec) => {
      const path = await write(every, `, COMPRESSION '${codec}'`);
      expect((await read(path, fields)).rows).toEqual([
        {
          s: 'hé',
          b: true,
          i: -7,
          l: 9007199254740993n,
          f: Math.fround(0.1),
          d: 0.25,
          us: noonMs + 123,
          ms: noonMs + 123,
          ns: noonMs + 123,
          tz: noonMs - 3_600_000 + 500,
          day: '2024-02-29',
          m: '12.500',
          w: '123456789012345678901234567.125',
          y: new Uint8Array([1, 255]),
          xs: [1n, 9007199254740993n],
          kv: { a: 1.5 },
          o: { a: 'q', b: null },
          u8: 250,
          u32: 4000000000n,
        },
      ]);
    },
  );

  test('instants before 1970 are rounded down, as every unit says', async () => {
    const path = await write(`SELECT TIMESTAMP '1969-12-31 23:59:59.999500' AS us,
      TIMESTAMP_NS '1969-12-31 23:59:59.999500001' AS ns`);
    const times = [field('us', { kind: 'timestamp' }), field('ns', { kind: 'timestamp' })];
    expect((await read(path, times)).rows).toEqual([{ us: -1, ns: -1 }]);
  });

  test('rows come in file order over row groups and batches, with their number as offset', async () => {
    const path = await write(
      `SELECT range::INTEGER AS i, 'k' || range % 7 AS k, CASE WHEN range % 3 = 0 THEN NULL ELSE range END AS n
       FROM range(10000)`,
      ', ROW_GROUP_SIZE 2048',
    );
    const columns = [
      field('i', { kind: 'int32' }),
      field('k', { kind: 'string' }),
      field('n', { kind: 'int64' }, true),
    ];
    const { rows, offsets } = await read(path, columns, 999);
    expect(offsets).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
    expect(rows).toEqual(
      offsets.map((i) => ({ i, k: `k${i % 7}`, n: i % 3 === 0 ? null : BigInt(i) })),
    );
  });
});

describe('encodings', () => {
  const fields = [
    field('i', { kind: 'int32' }, true),
    field('l', { kind: 'int64' }, true),
    field('n', { kind: 'float64' }, true),
    field('d', { kind: 'float64' }, true),
    field('s', { kind: 'string' }, true),
    field('b', { kind: 'bool' }, true),
    field('t', { kind: 'timestamp' }, true),
  ];
  const rowCount = 12_000;

  test.each([
    ['PARQUET_VERSION v1', 2],
    ['PARQUET_VERSION v1', 20_000],
    ['PARQUET_VERSION v2', 2],
    ['PARQUET_VERSION v2', 20_000],
    ['PARQUET_VERSION v1, DICTIONARY_SIZE_LIMIT 1000000, ROW_GROUP_SIZE 30000', 28_000],
  ])('%s with %d distinct values, with and without nulls', async (version, distinct) => {
    for (const nulls of ['false', 'range % 7 = 3', 'range < 9000', 'true']) {
      const value = `CASE WHEN ${nulls} THEN NULL ELSE (range * 7919) % ${distinct} END`;
      const path = await write(
        `SELECT v::INTEGER AS i, (v * 1000000007)::BIGINT AS l, (v - 5)::BIGINT AS n, v / 8 AS d,
          'k' || v AS s, v % 2 = 0 AS b, make_timestamp_ns(v * 1000000007) AS t
         FROM (SELECT ${value} AS v FROM range(${rowCount}))`,
        `, ${version}`,
      );
      const { rows, errors } = await read(path, fields, 4096);
      expect(errors).toEqual([]);
      const isNull = (i: number): boolean =>
        nulls === 'true' ||
        (nulls.includes('%') && i % 7 === 3) ||
        (nulls.includes('<') && i < 9000);
      const expected = Array.from({ length: rowCount }, (_, i) => {
        const v = (i * 7919) % distinct;
        if (isNull(i)) return { i: null, l: null, n: null, d: null, s: null, b: null, t: null };
        const l = BigInt(v) * 1000000007n;
        const t = Number(l / 1000000n);
        return { i: v, l, n: v - 5, d: v / 8, s: `k${v}`, b: v % 2 === 0, t };
      });
      expect(rows).toEqual(expected);
    }
  });

  test('files of another writer, with pages of the second version, read the same', async () => {
    const path = join(directory, 'other.parquet');
    const count = 5000;
    parquetWriteFile({
      filename: path,
      columnData: [
        {
          name: 's',
          data: Array.from({ length: count }, (_, i) => (i % 5 === 0 ? null : `v${i % 300}`)),
          type: 'STRING',
        },
        {
          name: 'l',
          data: BigInt64Array.from({ length: count }, (_, i) => BigInt(i) - 2n),
          type: 'INT64',
          nullable: false,
        },
        { name: 'b', data: Array.from({ length: count }, (_, i) => i % 3 === 0), type: 'BOOLEAN' },
        {
          name: 'd',
          data: Float64Array.from({ length: count }, (_, i) => i / 4),
          type: 'DOUBLE',
          encoding: 'BYTE_STREAM_SPLIT',
        },
      ],
      rowGroupSize: 1700,
      pageSize: 2000,
    });
    const some = fields.filter(({ name }) => ['s', 'l', 'b', 'd'].includes(name));
    const { rows } = await read(path, some);
    expect(rows).toEqual(
      Array.from({ length: count }, (_, i) => ({
        s: i % 5 === 0 ? null : `v${i % 300}`,
        l: BigInt(i) - 2n,
        b: i % 3 === 0,
        d: i / 4,
      })),
    );
  });
});

describe('rows that do not fit', () => {
  test('a value out of range, not finite or null where it must not be is a dead letter with its row', async () => {
    const path =
      await write(`SELECT * FROM (VALUES (1::BIGINT, 1.0::DOUBLE, 'a'), (3000000000, 1, 'b'),
      (3, 'NaN'::DOUBLE, 'c'), (4, 'inf'::DOUBLE, 'd'), (NULL, 1, 'e'), (6, 6, 'f')) AS t(i, d, s)`);
    const columns = [
      field('i', { kind: 'int32' }),
      field('d', { kind: 'float64' }),
      field('s', { kind: 'string' }),
    ];
    const { rows, errors, offsets } = await read(path, columns);
    expect(rows.map(({ s }) => s)).toEqual(['a', 'f']);
    expect(offsets).toEqual([0, 5]);
    expect(errors.map(({ code, offset }) => [code, offset])).toEqual([
      ['MR_DATA_RANGE', 1],
      ['MR_DATA_RANGE', 2],
      ['MR_DATA_RANGE', 3],
      ['MR_DATA_TYPE', 4],
    ]);
    expect(errors[0]?.message).toContain('"i"');
    expect(new TextDecoder().decode(errors[1]?.bytes)).toContain('"s":"c"');
  });

  test('an integer above 2^53 is never rounded into a float64 field', async () => {
    const path = await write('SELECT * FROM (VALUES (9007199254740993::BIGINT), (5)) AS t(n)');
    const { rows, errors } = await read(path, [field('n', { kind: 'float64' })]);
    expect(rows).toEqual([{ n: 5 }]);
    expect(errors[0]).toMatchObject({ code: 'MR_DATA_RANGE', offset: 0 });
  });
});

describe('bad files', () => {
  const column = [field('purchase_id', { kind: 'int64' })];
  const fails = (path: string, fields: readonly Field[]): Promise<unknown> =>
    read(path, fields).then(
      () => expect.fail('it was read'),
      (error: unknown) => error,
    );

  test('a truncated file is named with what to do', async () => {
    const whole = await readFile(await write('SELECT range AS purchase_id FROM range(1000)'));
    const path = join(directory, 'cut.parquet');
    await writeFile(path, whole.subarray(0, whole.length - 20));
    const error = await fails(path, column);
    expect(error).toMatchObject({ code: 'MR_FILE_TRUNCATED', context: { path } });
    expect(error).toMatchObject({ fix: expect.stringContaining('whole copy') });
  });

  test('a file with damaged pages is named with the column', async () => {
    const whole = await readFile(await write('SELECT range AS purchase_id FROM range(100000)'));
    const path = join(directory, 'damaged.parquet');
    await writeFile(path, whole.fill(0xa5, 100, 2000));
    expect(await fails(path, column)).toMatchObject({ code: 'MR_FILE_TRUNCATED' });
  });

  test('something that is not Parquet is refused; a file of no bytes has no rows', async () => {
    const path = join(directory, 'text.parquet');
    await writeFile(path, '{"purchase_id":1}\n');
    expect(await fails(path, column)).toMatchObject({ code: 'MR_FILE_FORMAT' });
    await writeFile(path, '');
    expect((await read(path, column)).rows).toEqual([]);
  });

  test('a missing column is refused with the nearest name, unless it has a default', async () => {
    const path = await write('SELECT 1::BIGINT AS purchase_id');
    const error = await fails(path, [field('purchase_idx', { kind: 'int64' }, true)]);
    expect(error).toMatchObject({
      code: 'MR_FILE_FORMAT',
      message: expect.stringContaining('did you mean "purchase_id"?'),
    });
    const optional: Field[] = [
      ...column,
      { ...field('note', { kind: 'string' }, true), default: null },
      { ...field('kind', { kind: 'string' }), default: 'card' },
    ];
    expect((await read(path, optional)).rows).toEqual([
      { purchase_id: 1n, note: null, kind: 'card' },
    ]);
  });

  test('a column of another type is refused with both types', async () => {
    const path = await write("SELECT 'x' AS purchase_id");
    expect(await fails(path, column)).toMatchObject({
      code: 'MR_FILE_FORMAT',
      message: expect.stringContaining('not int64'),
    });
  });
});
