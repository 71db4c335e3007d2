// What is wrong with labels is said before history is read: where, what, and what to do; and what is
// only unusual (labels before the first event, null keys, zones, no rows) gives what it should.
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  millrace,
  stream,
  sum,
  t,
} from 'millrace';
import { featureLog, file } from 'millrace/file';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeColumnFile } from '../../src/adapters/file/log/column-file.ts';
import { columnOfValues } from '../../src/columns/column-table.ts';
import type { Field, Value } from '../../src/kernel/types/field-type.ts';
import { temporaryFolder } from '../cli/run-cli.ts';
import { writeLog } from './write-log.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const at = Date.UTC(2026, 4, 4, 12);

const user = entity('user', { key: { user_id: t.int32() } });
const purchases = stream('purchases', {
  schema: { user_id: t.int32(), amount: t.float64(), ts: t.timestamp(), note: t.string() },
  eventTime: { field: 'ts', outOfOrderness: '0s', maxAhead: 'off' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  features: (p) => ({ total: sum(p.amount).over(lifetime()) }),
});
const brief = featureView('brief', {
  entity: user,
  from: purchases,
  ttl: '1ms',
  features: () => ({ count: count().over(lifetime()) }),
});
const offline = featureLog('offline');
const config = defineConfig({
  project: 'shop',
  definitions: [{ spend, brief }],
  environments: {
    local: { streams: { purchases: file('purchases.jsonl') }, offline },
    bare: { streams: { purchases: file('purchases.jsonl') } },
  },
});

const path = (name: string): string => join(folder.path, name);

beforeAll(async () => {
  const line = (ts: number, amount: number, note: string): string =>
    JSON.stringify({ user_id: 1, amount, ts, note });
  writeFileSync(path('purchases.jsonl'), `${line(at, 2, 'a')}\n${line(at + 1000, 5, 'b')}\n`);
  const app = await millrace(config, { baseDirectory: folder.path });
  const rows = [
    { key: { user_id: 1 }, asOfMs: at, seq: 1, values: { total: 2 } },
    { key: { user_id: 1 }, asOfMs: at + 1000, seq: 2, values: { total: 7 } },
  ];
  await writeLog({ offline, baseDirectory: folder.path, plan: app.plan }, 'spend', rows);
  await app.close();
});

interface Wish {
  readonly mode?: 'recompute' | 'logged';
  readonly views?: readonly string[];
  readonly env?: string;
  readonly timeColumn?: string;
}

type Rows = readonly Readonly<Record<string, unknown>>[];

async function trainFile(entities: string, wish: Wish = {}): Promise<Rows> {
  const { env = 'local', views = ['spend'], ...options } = wish;
  const app = await millrace(config, { baseDirectory: folder.path, env });
  try {
    const out = path('out.jsonl');
    await app.train({ ...options, views, entities, out });
    const text = await readFile(out, 'utf8');
    const lines = text.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Rows[number]);
  } finally {
    await app.close();
  }
}

function train(labels: string, wish: Wish = {}): Promise<Rows> {
  writeFileSync(path('labels.csv'), labels);
  return trainFile(path('labels.csv'), wish);
}

const modes = ['recompute', 'logged'] as const;

describe.each(modes)('labels that cannot be joined (%s)', (mode) => {
  it.each([
    ['user,event_timestamp\n1,0\n', 'MR_LABELS', /no column "user_id"/],
    ['userid,event_timestamp\n1,0\n', 'MR_LABELS', /did you mean "userid"/],
    ['user_id,event_timestmp\n1,0\n', 'MR_LABELS', /did you mean "event_timestmp"/],
    ['user_id,event_timestamp\nx,0\n', 'MR_LABELS', /row 2 .*"user_id" is "x", not a int32/],
    ['user_id,event_timestamp\n1,soon\n', 'MR_LABELS', /"event_timestamp" is "soon"/],
    ['user_id,event_timestamp\n1,2026-02-30T00:00:00Z\n', 'MR_LABELS', /is "2026-02-30/],
    ['user_id,event_timestamp\n1,\n', 'MR_LABELS', /row 1: "event_timestamp" is empty/],
    ['user_id,event_timestamp\n1,0,2\n', 'MR_LABELS', /has 3 cells, the header 2/],
    ['', 'MR_LABELS', /there are no columns/],
  ])('says what is wrong with %j', async (labels, code, message) => {
    await expect(train(labels, { mode })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('says what is wrong with names', async () => {
    const labels = 'user_id,event_timestamp\n1,0\n';
    await expect(train(labels, { mode, views: ['spent'] })).rejects.toMatchObject({
      code: 'MR_UNKNOWN_VIEW',
      fix: expect.stringMatching(/spend/) as string,
    });
    await expect(trainFile(path('none.parquet'), { mode })).rejects.toMatchObject({
      code: 'MR_FILE_NOT_FOUND',
    });
    await expect(trainFile(path('labels.txt'), { mode })).rejects.toMatchObject({
      code: 'MR_FILE_FORMAT',
    });
    await expect(trainFile('stream:purchase', { mode })).rejects.toMatchObject({
      code: 'MR_LABELS',
      fix: expect.stringMatching(/purchases/) as string,
    });
  });

  it('says what is wrong with Parquet', async () => {
    writeFileSync(path('broken.parquet'), 'PAR1 no footer');
    await expect(trainFile(path('broken.parquet'), { mode })).rejects.toMatchObject({
      code: 'MR_FILE_TRUNCATED',
    });
    writeFileSync(path('empty.parquet'), '');
    await expect(trainFile(path('empty.parquet'), { mode })).rejects.toThrow(/no columns/);
    const text: Field = { name: 'user_id', type: { kind: 'string' }, nullable: true };
    await writeParquet([text, ['1']], [time, [0]]);
    await expect(trainFile(path('labels.parquet'), { mode })).rejects.toThrow(
      /column "user_id" holds string, and the key of spend is int32/,
    );
    const wide: Field = { name: 'user_id', type: { kind: 'int64' }, nullable: true };
    await writeParquet([wide, [2n ** 40n]], [time, [0]]);
    await expect(trainFile(path('labels.parquet'), { mode })).rejects.toThrow(/outside int32/);
    const flag: Field = { name: 'event_timestamp', type: { kind: 'bool' }, nullable: true };
    await writeParquet([wide, [1n]], [flag, [true]]);
    await expect(trainFile(path('labels.parquet'), { mode })).rejects.toThrow(/holds bool, not/);
  });

  it('says so when there is no log, or nothing in it', async () => {
    if (mode !== 'logged') return;
    const labels = 'user_id,event_timestamp\n1,0\n';
    await expect(train(labels, { mode, env: 'bare' })).rejects.toThrow(/keeps no feature log/);
    await expect(train(labels, { mode, views: ['brief'] })).rejects.toMatchObject({
      code: 'MR_LOG_EMPTY',
    });
  });
});

const time: Field = { name: 'event_timestamp', type: { kind: 'timestamp' }, nullable: true };

async function writeParquet(...columns: readonly (readonly [Field, readonly Value[]])[]) {
  const table = {
    fields: columns.map(([field]) => field),
    columns: columns.map(([field, values]) => columnOfValues(field, values)),
    rowCount: columns[0]?.[1].length ?? 0,
  };
  await writeColumnFile(path('labels.parquet'), table, () => undefined);
}

describe.each(modes)('unusual labels (%s)', (mode) => {
  it('before the first event, of unknown keys and without a key are null', async () => {
    const iso = (ms: number): string => new Date(ms).toISOString();
    const labels = [`1,${iso(at - 1)}`, `2,${iso(at)}`, `,${iso(at)}`, `1,${iso(at)}`];
    const rows = await train(`user_id,event_timestamp\n${labels.join('\n')}\n`, { mode });
    expect(rows.map((row) => row['total'])).toEqual([null, null, null, 2]);
    expect(rows.map((row) => row['spend__age_ms'])).toEqual([null, null, null, 0]);
    expect(rows.map((row) => row['user_id'])).toEqual([1, 2, null, 1]);
  });

  it('write instants in several ways, each with its own zone', async () => {
    const ways = [
      `${at}`,
      '2026-05-04T12:00:00Z',
      '2026-05-04 12:00:00',
      '2026-05-04T14:00:00+02:00',
      '2026-05-04 06:30:00-0530',
      '2026-05-04T12:00:00.000999Z',
    ];
    const labels = ways.map((way) => `1,${way}`).join('\n');
    const rows = await train(`user_id,event_timestamp\n${labels}\n`, { mode });
    expect(rows.map((row) => row['total'])).toEqual(ways.map(() => 2));
  });

  it('are kept in their order with all that they hold, duplicates too', async () => {
    const labels = `note,user_id,event_timestamp\n"x, y",1,${at + 2000}\n,1,${at}\n"x, y",1,${at + 2000}\n`;
    const rows = await train(labels, { mode });
    expect(rows.map((row) => [row['note'], row['total'], row['spend__age_ms']])).toEqual([
      ['x, y', 7, 1000],
      [null, 2, 0],
      ['x, y', 7, 1000],
    ]);
  });

  it('are none: the columns are there all the same', async () => {
    expect(await train('user_id,event_timestamp\n', { mode })).toEqual([]);
    const app = await millrace(config, { baseDirectory: folder.path });
    const out = path('none.csv');
    await app.train({ views: ['spend'], entities: path('labels.csv'), out, mode });
    expect(await readFile(out, 'utf8')).toBe('user_id,event_timestamp,total,spend__age_ms\n');
    await app.train({
      views: ['spend'],
      entities: path('labels.csv'),
      out: path('none.parquet'),
      mode,
    });
    await app.close();
  });

  it('are the records of a stream, at their event time', async () => {
    const rows = await trainFile('stream:purchases', { mode });
    expect(rows.map((row) => [row['note'], row['amount'], row['total']])).toEqual([
      ['a', 2, 2],
      ['b', 5, 7],
    ]);
  });

  it('have keys of wider integers', async () => {
    const wide: Field = { name: 'user_id', type: { kind: 'int64' }, nullable: true };
    await writeParquet([wide, [1n, null]], [time, [at, at]]);
    const rows = await trainFile(path('labels.parquet'), { mode });
    expect(rows.map((row) => row['total'])).toEqual([2, null]);
    writeFileSync(path('labels.jsonl'), `{"user_id":1,"event_timestamp":${at}}\n`);
    expect(await trainFile(path('labels.jsonl'), { mode })).toMatchObject([{ total: 2 }]);
  });
});

describe('the ttl', () => {
  it('is inclusive, however short', async () => {
    const labels = [at, at + 1, at + 2].map((ms) => `1,${ms}`).join('\n');
    const text = `user_id,event_timestamp\n${labels}\n`;
    const rows = await train(text, { views: ['brief'] });
    expect(rows.map((row) => row['count'])).toEqual([1, 1, null]);
    expect(rows.map((row) => row['brief__age_ms'])).toEqual([0, 1, null]);
  });

  it('of zero is refused where it is defined', async () => {
    const none = featureView('none', {
      entity: user,
      from: purchases,
      ttl: '0s',
      features: () => ({ count: count().over(lifetime()) }),
    });
    const wrong = defineConfig({
      project: 'shop',
      definitions: [{ none }],
      environments: { local: { streams: { purchases: file('purchases.jsonl') } } },
    });
    await expect(millrace(wrong, { baseDirectory: folder.path })).rejects.toThrow(/ttl/);
  });
});

describe('a log that is being compacted', () => {
  it('is joined as if it were not', async () => {
    const day = path('offline/spend/date=2026-05-04');
    const [name = ''] = readdirSync(day).filter((file_) => file_.endsWith('.parquet'));
    mkdirSync(join(day, '.replaced'));
    renameSync(join(day, name), join(day, '.replaced', name));
    const note = { pid: process.pid, merged: 'part-not-there.parquet', replaced: [name] };
    writeFileSync(join(day, '.merge-1.json'), JSON.stringify(note));
    const labels = `user_id,event_timestamp\n1,${at}\n1,${at + 1000}\n`;
    const rows = await train(labels, { mode: 'logged' });
    expect(rows.map((row) => row['total'])).toEqual([2, 7]);
  });
});
