import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
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
import type { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { Format } from '../../ports/format.ts';
import type { SourceSplit } from '../../ports/source.ts';

const fields: readonly Field[] = [
  { name: 'id', type: { kind: 'string' }, nullable: false },
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
];

const formats = new Map<string, Format>([
  ['json', jsonFormat],
  ['csv', csvFormat],
  ['parquet', parquetFormat],
]);

/** Every look at the clock is a second later: pacing gives rows in small portions. */
function steppingClock(): Clock {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    monotonicMs: () => (nowMs += 1000),
    sleep: () => Promise.resolve(),
  };
}

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-resume-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

type Positions = Map<string, JsonValue>;

function open(
  paths: string,
  options: FileOptions,
  startAt: Positions = new Map(),
): Promise<readonly SourceSplit[]> {
  return file(paths, options).open({
    stream: 'events',
    rowType: { fields },
    eventTimeField: 'ts',
    startAt,
    formats,
    clock: steppingClock(),
    baseDirectory: directory,
    signal: new AbortController().signal,
  });
}

interface Take {
  readonly texts: string[];
  readonly position: JsonValue | undefined;
  readonly isEnd: boolean;
}

/** One read: rows and errors as texts, offsets included. */
async function take(split: SourceSplit, rowCountMax: number): Promise<Take> {
  const read = await split.next(rowCountMax);
  if (read.kind === 'empty') return take(split, rowCountMax);
  if (read.kind === 'end') return { texts: [], position: read.position, isEnd: true };
  const { batch, errors, position } = read;
  const rows = Array.from({ length: batch.rowCount }, (_, i) => {
    const row = JSON.stringify(readRow(batch.columns, fields, i));
    return `${String(batch.offsets[i])} ${row}`;
  });
  const bad = errors.map(({ offset, code }) => `${String(offset)} ${code}`);
  const json = JSON.parse(JSON.stringify(position)) as JsonValue;
  return { texts: [...rows, ...bad], position: json, isEnd: false };
}

/** All that a split gives, at most `most` rows and errors, opened anew after every `every` reads. */
async function readInPieces(
  path: string,
  { options = {}, rowCountMax, every, most = Number.POSITIVE_INFINITY }: Pieces,
): Promise<string[]> {
  const texts: string[] = [];
  const startAt: Positions = new Map();
  for (;;) {
    const [split] = await open(path, options, startAt);
    if (split === undefined) throw new Error('no split');
    try {
      for (let i = 0; i < every; i++) {
        const { texts: some, position, isEnd } = await take(split, rowCountMax);
        texts.push(...some);
        if (position !== undefined) startAt.set(split.id, position);
        if (isEnd || texts.length >= most) return inOrder(texts, most);
      }
    } finally {
      await split.close();
    }
  }
}

/** Rows as they came, then what failed as it came; batches may cut them differently. */
function inOrder(texts: readonly string[], most: number): string[] {
  const isRow = (text: string): boolean => text.includes('{');
  const rows = texts.filter(isRow);
  const errors = texts.filter((text) => !isRow(text));
  return most === Number.POSITIVE_INFINITY ? [...rows, ...errors] : rows.slice(0, most - 60);
}

interface Pieces {
  readonly options?: FileOptions;
  readonly rowCountMax: number;
  readonly every: number;
  readonly most?: number;
}

const rowCount = 400;

function jsonLines(): string {
  return Array.from({ length: rowCount }, (_, i) =>
    i % 37 === 5 ? `{"id":"r${i}" oops\n` : `{"id":"r${i}\\n","ts":${1000 + i * 500}}\n`,
  ).join('');
}

function csvLines(): string {
  const rows = Array.from({ length: rowCount }, (_, i) =>
    i % 41 === 7 ? `1,2,3\r\n` : `${1000 + i * 500},"r\n${i}"\r\n`,
  );
  return `ts,id\r\n${rows.join('')}`;
}

async function writeParquet(path: string): Promise<void> {
  const duckdb = await DuckDBInstance.create();
  const connection = await duckdb.connect();
  await connection.run(`COPY (SELECT 'r' || range AS id, make_timestamp_ms(1000 + range * 500) AS ts
    FROM range(2500)) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
  connection.closeSync();
  duckdb.closeSync();
}

const writers: Readonly<Record<string, (path: string) => Promise<void>>> = {
  'a.jsonl': (path) => writeFile(path, jsonLines()),
  'a.jsonl.gz': (path) => writeFile(path, gzipSync(jsonLines())),
  'a.jsonl.zst': (path) => writeFile(path, zstdCompressSync(jsonLines())),
  'a.csv': (path) => writeFile(path, csvLines()),
  'a.csv.gz': (path) => writeFile(path, gzipSync(csvLines())),
  'cut.jsonl.gz': (path) => writeFile(path, gzipSync(jsonLines()).subarray(0, -40)),
  'a.parquet': writeParquet,
};

describe('going on where an earlier run stopped', () => {
  for (const [name, write] of Object.entries(writers)) {
    test(`${name}: every row and error once, wherever it stopped`, async () => {
      await write(join(directory, name));
      const whole = await readInPieces(name, { rowCountMax: 1000, every: 1e9 });
      expect(whole.length).toBeGreaterThan(300);
      for (const [rowCountMax, every] of [
        [1, 11],
        [7, 1],
        [7, 5],
        [1000, 1],
      ] as const) {
        const pieces = await readInPieces(name, { rowCountMax, every });
        expect(pieces).toEqual(whole);
      }
    });
  }

  for (const options of [{ ratePerSecond: 3 }, { speed: 2 }, { loop: true }] as const) {
    test(`with ${JSON.stringify(options)}: the same rows as without a stop`, async () => {
      await writeFile(join(directory, 'a.jsonl'), jsonLines());
      const most = 'loop' in options ? rowCount * 3 + 50 : Number.POSITIVE_INFINITY;
      const whole = await readInPieces('a.jsonl', { options, rowCountMax: 9, every: 1e9, most });
      for (const every of [7, 31]) {
        const pieces = await readInPieces('a.jsonl', { options, rowCountMax: 9, every, most });
        expect(pieces).toEqual(whole);
      }
    });
  }

  test('a looped file that is paced goes on in its round', async () => {
    await writeFile(join(directory, 'a.jsonl'), jsonLines());
    const options = { loop: true, ratePerSecond: 4 };
    const most = rowCount * 2 + 30;
    const whole = await readInPieces('a.jsonl', { options, rowCountMax: 6, every: 1e9, most });
    const pieces = await readInPieces('a.jsonl', { options, rowCountMax: 6, every: 7, most });
    expect(pieces).toEqual(whole);
  });
});

/** Reads all splits to their end; their positions. */
async function readToEnd(paths: string, startAt: Positions): Promise<[string[], Positions]> {
  const texts: string[] = [];
  const positions: Positions = new Map(startAt);
  for (const split of await open(paths, {}, startAt)) {
    for (let isEnd = false; !isEnd; ) {
      const read = await take(split, 1000);
      texts.push(...read.texts);
      if (read.position !== undefined) positions.set(split.id, read.position);
      isEnd = read.isEnd;
    }
    await split.close();
  }
  return [texts, positions];
}

describe('files that changed between runs', () => {
  const line = (i: number): string => `{"id":"n${i}","ts":${i}}\n`;
  const write = (name: string, text: string): Promise<void> =>
    writeFile(join(directory, name), text);

  async function failure(paths: string, startAt: Positions): Promise<MillraceError> {
    return readToEnd(paths, startAt).then(
      () => expect.fail('it went on'),
      (error: unknown) => error as MillraceError,
    );
  }

  test('what was appended and what is new is read, and nothing twice', async () => {
    await write('b.jsonl', line(1) + line(2).trimEnd());
    await write('c.jsonl.gz', '');
    await writeFile(join(directory, 'c.jsonl.gz'), gzipSync(line(3)));
    const [, positions] = await readToEnd('*.jsonl*', new Map());
    expect((await readToEnd('*.jsonl*', positions))[0]).toEqual([]);
    await appendFile(join(directory, 'b.jsonl'), `\n${line(4)}`);
    await appendFile(join(directory, 'c.jsonl.gz'), gzipSync(line(5)));
    await write('a.jsonl', line(6));
    const ids = (await readToEnd('*.jsonl*', positions))[0].map((text) => /n\d/.exec(text)?.[0]);
    expect(ids).toEqual(['n6', 'n4', 'n5']);
  });

  test('a file that was read in part and is gone or shorter stops the run; read to its end it may go', async () => {
    for (const name of ['a.jsonl', 'b.jsonl']) await write(name, line(1) + line(2) + line(3));
    const splits = await open('*.jsonl', {});
    const partly: Positions = new Map();
    for (const split of splits) {
      partly.set(split.id, (await take(split, 2)).position as JsonValue);
      await split.close();
    }
    const [, ended] = await readToEnd('*.jsonl', new Map());
    await truncate(join(directory, 'b.jsonl'), 30);
    expect(await failure('*.jsonl', partly)).toMatchObject({
      code: 'MR_SOURCE_POSITION',
      message: expect.stringContaining('has 30 bytes, of which 38 were read'),
    });
    await rm(join(directory, 'b.jsonl'));
    expect((await failure('*.jsonl', partly)).message).toContain('"b.jsonl" was read in part');
    expect((await readToEnd('*.jsonl', ended))[0]).toEqual([]);
    await writeFile(join(directory, 'c.jsonl.gz'), gzipSync(line(1)));
    const short: Positions = new Map([['c.jsonl.gz', { byte: 41 }]]);
    expect((await failure('c.jsonl.gz', short)).code).toBe('MR_SOURCE_POSITION');
    expect((await failure('a.jsonl', new Map([['a.jsonl', 7]]))).message).toContain('another kind');
  });
});
