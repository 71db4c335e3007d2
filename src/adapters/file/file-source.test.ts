import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { file, type FileOptions } from 'millrace/file';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readRow } from '../../columns/read-value.ts';
import { csvFormat } from '../../formats/csv/csv-format.ts';
import { jsonFormat } from '../../formats/json/json-format.ts';
import { parquetFormat } from '../../formats/parquet/parquet-format.ts';
import type { Clock } from '../../kernel/clock.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { Format } from '../../ports/format.ts';
import type { SourceContext, SourceSplit } from '../../ports/source.ts';

const fields: readonly Field[] = [
  { name: 'id', type: { kind: 'string' }, nullable: false },
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
];

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-file-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function context(clock: Clock = systemClock): SourceContext {
  return {
    stream: 'events',
    rowType: { fields },
    eventTimeField: 'ts',
    startAt: new Map(),
    formats: new Map<string, Format>([
      ['json', jsonFormat],
      ['csv', csvFormat],
      ['parquet', parquetFormat],
    ]),
    clock,
    baseDirectory: directory,
    signal: new AbortController().signal,
  };
}

interface Read {
  readonly rows: Record<string, Value>[];
  readonly offsets: number[];
  readonly errors: RecordError[];
}

async function readSplit(split: SourceSplit, rowCountMax = 1000): Promise<Read> {
  const result: Read = { rows: [], offsets: [], errors: [] };
  try {
    for (;;) {
      const read = await split.next(rowCountMax);
      if (read.kind === 'end') return result;
      if (read.kind === 'empty') continue;
      expect(read.batch.rowCount).toBeLessThanOrEqual(rowCountMax);
      for (let row = 0; row < read.batch.rowCount; row++) {
        result.rows.push(readRow(read.batch.columns, fields, row));
        result.offsets.push(read.batch.offsets[row] as number);
      }
      result.errors.push(...read.errors);
    }
  } finally {
    await split.close();
  }
}

async function readAll(paths: string | string[], options: FileOptions = {}): Promise<Read[]> {
  const splits = await file(paths, options).open(context());
  return Promise.all(splits.map((split) => readSplit(split)));
}

function lines(count: number, first = 0): string {
  return Array.from({ length: count }, (_, i) => `{"id":"r${first + i}","ts":${1000 + i}}\n`).join(
    '',
  );
}

async function openError(
  paths: string | string[],
  options: FileOptions = {},
): Promise<MillraceError> {
  return file(paths, options)
    .open(context())
    .then(
      () => expect.fail('it opened'),
      (error: unknown) => error as MillraceError,
    );
}

describe('reading', () => {
  test('rows come in the order of the file with growing offsets, across many chunks', async () => {
    await writeFile(join(directory, 'a.jsonl'), lines(150_000));
    const [read] = await readAll('a.jsonl');
    expect(read?.rows).toHaveLength(150_000);
    expect(read?.rows.every(({ id }, i) => id === `r${i}`)).toBe(true);
    expect(read?.offsets.slice(0, 3)).toEqual([0, 22, 44]);
    expect(read?.offsets.every((o, i) => i === 0 || o > (read.offsets[i - 1] as number))).toBe(
      true,
    );
  });

  test('several files and patterns are one split each, every file once', async () => {
    for (const name of ['b', 'a', 'c']) await writeFile(join(directory, `${name}.jsonl`), lines(2));
    const splits = await file(['c.jsonl', '[ab].jsonl', 'a.jsonl']).open(context());
    expect(splits.map(({ id }) => id)).toEqual(['c.jsonl', 'a.jsonl', 'b.jsonl']);
    for (const split of splits) expect((await readSplit(split)).rows).toHaveLength(2);
  });

  test('CSV and Parquet are read like lines, by the ending of the name', async () => {
    const csv = Array.from({ length: 50_000 }, (_, i) => `${1000 + i},"r${i}"\r\n`).join('');
    await writeFile(join(directory, 'a.csv.gz'), gzipSync(`ts,id\r\n${csv}`));
    const duckdb = await DuckDBInstance.create();
    const connection = await duckdb.connect();
    await connection.run(`COPY (SELECT 'r' || range AS id, make_timestamp_ms(1000 + range) AS ts
      FROM range(50000)) TO '${join(directory, 'b.parquet')}' (FORMAT parquet)`);
    connection.closeSync();
    duckdb.closeSync();
    for (const read of await readAll(['a.csv.gz', 'b.parquet'])) {
      expect(read.errors).toEqual([]);
      expect(read.rows).toEqual(
        Array.from({ length: 50_000 }, (_, i) => ({ id: `r${i}`, ts: 1000 + i })),
      );
    }
  });

  test('an empty file is simply an end', async () => {
    await writeFile(join(directory, 'empty.jsonl'), '');
    expect(await readAll('empty.jsonl')).toEqual([{ rows: [], offsets: [], errors: [] }]);
  });

  test('gzip and Zstandard files read like the file inside, members one after the other too', async () => {
    const text = lines(40_000);
    await writeFile(join(directory, 'a.jsonl.gz'), gzipSync(text));
    await appendFile(join(directory, 'a.jsonl.gz'), gzipSync(lines(5, 40_000)));
    await writeFile(join(directory, 'b.jsonl.zst'), zstdCompressSync(text));
    await appendFile(join(directory, 'b.jsonl.zst'), zstdCompressSync(lines(5, 40_000)));
    for (const read of await readAll(['a.jsonl.gz', 'b.jsonl.zst'])) {
      expect(read.errors).toEqual([]);
      expect(read.rows.map(({ id }) => id)).toEqual(
        Array.from({ length: 40_005 }, (_, i) => `r${i}`),
      );
    }
  });
});

describe('bad files', () => {
  test.each([
    ['gz', gzipSync],
    ['zst', zstdCompressSync],
  ])(
    'a truncated .%s keeps the rows before the cut and says so in a dead letter',
    async (ending, compress) => {
      const whole = compress(lines(100_000));
      await writeFile(join(directory, `a.jsonl.${ending}`), whole.subarray(0, whole.length / 2));
      const [read] = await readAll(`a.jsonl.${ending}`);
      expect(read?.rows.length).toBeGreaterThan(10_000);
      expect(read?.rows.every(({ id }, i) => id === `r${i}`)).toBe(true);
      expect(read?.errors).toHaveLength(1);
      expect(read?.errors[0]).toMatchObject({ code: 'MR_FILE_TRUNCATED' });
      expect(read?.errors[0]?.message).toContain(`a.jsonl.${ending}`);
    },
  );

  test('a missing file, a wrong folder and an unmatched pattern are named when the source opens', async () => {
    await writeFile(join(directory, 'purchases.jsonl'), '');
    const missing = await openError('purchase.jsonl');
    expect(missing.code).toBe('MR_FILE_NOT_FOUND');
    expect(missing.message).toContain('did you mean "purchases.jsonl"?');
    expect(missing.fix).toContain('relative to the config file');
    expect((await openError('purchases.jsonl/x.jsonl')).code).toBe('MR_FILE_NOT_FOUND');
    expect((await openError('*.csv')).message).toContain('no file matches "*.csv"');
  });

  test('a directory in place of a file is refused with the pattern to use', async () => {
    await mkdir(join(directory, 'data'));
    const error = await openError('data');
    expect(error.code).toBe('MR_FILE_ACCESS');
    expect(error.fix).toContain('data/*.jsonl');
  });

  test('an unknown ending or format is refused', async () => {
    await writeFile(join(directory, 'a.txt'), '');
    expect((await openError('a.txt')).code).toBe('MR_FILE_FORMAT');
    expect((await openError('a.txt', { format: 'avro' })).message).toContain('"avro"');
    expect(await readAll('a.txt', { format: 'json' })).toHaveLength(1);
  });

  test('a CSV header that lacks a column and a compressed Parquet file are refused by name', async () => {
    await writeFile(join(directory, 'a.csv'), 'idd,ts\nx,1\n');
    await expect(readAll('a.csv')).rejects.toMatchObject({
      code: 'MR_FILE_FORMAT',
      message: expect.stringMatching(/a\.csv": .*no column "id": did you mean "idd"\?/),
      context: { path: join(directory, 'a.csv') },
    });
    await writeFile(join(directory, 'b.parquet.gz'), '');
    expect((await openError('b.parquet.gz')).code).toBe('MR_FILE_FORMAT');
    await writeFile(join(directory, 'c.parquet'), '');
    const options = { formatOptions: { timestamp: 's' } };
    expect((await openError('c.parquet', options)).code).toBe('MR_CONFIG_INVALID');
  });

  test('a line of 10 MB at the very end of a file is said too', async () => {
    await writeFile(join(directory, 'end.jsonl'), `${lines(1)}{"id":"${'x'.repeat(10_000_000)}`);
    const [read] = await readAll('end.jsonl');
    expect(read?.rows).toHaveLength(1);
    expect(read?.errors.map(({ code }) => code)).toEqual(['MR_DATA_TOO_LONG']);
  });

  test('a file that is not compressed although its ending says so is refused', async () => {
    await writeFile(join(directory, 'a.jsonl.gz'), lines(3));
    await expect(readAll('a.jsonl.gz')).rejects.toMatchObject({ code: 'MR_FILE_FORMAT' });
  });

  test('a line of 10 MB is one dead letter with its first bytes, and the next line is read', async () => {
    const path = join(directory, 'long.jsonl');
    await writeFile(path, `${lines(1)}{"id":"${'x'.repeat(10_000_000)}","ts":1}\n${lines(1, 1)}`);
    const [read] = await readAll('long.jsonl');
    expect(read?.rows.map(({ id }) => id)).toEqual(['r0', 'r1']);
    expect(read?.errors).toHaveLength(1);
    expect(read?.errors[0]).toMatchObject({ code: 'MR_DATA_TOO_LONG', offset: 22 });
    expect(read?.errors[0]?.message).toContain('10000016 bytes');
    expect(read?.errors[0]?.bytes.length).toBe(16_384);
  });

  test('a line of 10 MB is a row where the limit allows it', async () => {
    const path = join(directory, 'long.jsonl');
    await writeFile(path, `${lines(1)}{"id":"${'x'.repeat(10_000_000)}","ts":1}\n${lines(1, 1)}`);
    const [read] = await readAll('long.jsonl', { formatOptions: { recordBytesMax: 2 ** 24 } });
    expect(read?.errors).toEqual([]);
    expect(read?.rows.map(({ id }) => String(id).length)).toEqual([2, 10_000_000, 2]);
  });
});

/** A clock that moves only when somebody sleeps. */
function sleepingClock(): Clock & { readonly elapsedMs: () => number } {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
    elapsedMs: () => nowMs,
  };
}

describe('pacing', () => {
  test('speed replays event time that many times as fast', async () => {
    await writeFile(join(directory, 'a.jsonl'), lines(3001));
    const clock = sleepingClock();
    const [split] = await file('a.jsonl', { speed: 2 }).open(context(clock));
    const read = await readSplit(split as SourceSplit);
    expect(read.rows).toHaveLength(3001);
    expect(clock.elapsedMs()).toBeGreaterThanOrEqual(1500);
    expect(clock.elapsedMs()).toBeLessThan(1530);
  });

  test('ratePerSecond paces by count, over all files together', async () => {
    for (const name of ['a', 'b']) await writeFile(join(directory, `${name}.jsonl`), lines(1000));
    const clock = sleepingClock();
    const splits = await file('*.jsonl', { ratePerSecond: 500 }).open(context(clock));
    expect((await readSplit(splits[0] as SourceSplit)).rows).toHaveLength(1000);
    expect(clock.elapsedMs()).toBeGreaterThan(3900);
    expect(clock.elapsedMs()).toBeLessThan(4100);
  });

  test('loop starts again with later event times and greater offsets', async () => {
    await writeFile(join(directory, 'a.jsonl'), lines(3));
    const source = file('a.jsonl', { loop: true });
    expect(source.bounded).toBe(false);
    const [split] = await source.open(context());
    const times: Value[] = [];
    const offsets: number[] = [];
    while (times.length < 7) {
      const read = await (split as SourceSplit).next(2);
      if (read.kind !== 'rows') throw new Error(read.kind);
      for (let row = 0; row < read.batch.rowCount; row++) {
        times.push(readRow(read.batch.columns, fields, row)['ts'] ?? null);
        offsets.push(read.batch.offsets[row] as number);
      }
    }
    await split?.close();
    expect(times.slice(0, 7)).toEqual([1000, 1001, 1002, 1003, 1004, 1005, 1006]);
    expect(offsets.slice(0, 7)).toEqual([0, 22, 44, 45, 67, 89, 90]);
  });

  test('speed and ratePerSecond exclude each other', () => {
    expect(() => file('a', { speed: 1, ratePerSecond: 1 })).toThrow(/exclude/);
    expect(() => file('a', { speed: 0 })).toThrow(/above 0/);
  });
});
