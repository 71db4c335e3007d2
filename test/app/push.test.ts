// Rows that are pushed: by a program and over HTTP, into state once, whatever stops in between; and
// features computed at read time of them, served and in training sets.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type App,
  count,
  defineConfig,
  entity,
  featureService,
  featureView,
  last,
  lifetime,
  millrace,
  onDemandView,
  stream,
  sum,
  t,
} from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog } from 'millrace/file';
import { memoryStore } from 'millrace/memory';
import { push } from 'millrace/push';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tableFiles } from '../../src/formats/table/table-files.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { temporaryFolder } from '../cli/run-cli.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const user = entity('user', { key: { user_id: t.string() } });
const clicks = stream('clicks', {
  schema: {
    user_id: t.string(),
    amount: t.int64(),
    page: t.string().nullable(),
    at: t.timestamp(),
  },
  eventTime: { field: 'at', outOfOrderness: '1m' },
});
const totals = featureView('totals', {
  entity: user,
  from: clicks,
  features: (c) => ({
    amount: sum(c.amount).over(lifetime()),
    clicks: count().over(lifetime()),
    page: last(c.page).over(lifetime()),
  }),
});
const bonus = onDemandView('bonus', {
  request: { extra: t.int64(), label: t.string().default('none') },
  from: { totals },
  features: (r, f) => ({
    with_extra: f.totals.amount.plus(r.extra),
    is_known: f.totals.clicks.coalesce(0).gt(0),
    shouted: r.label.upper(),
  }),
});
const model = featureService('model', { features: [totals, bonus] });

let caseNumber = 0;
let here = '';
let app: App;
let stop: AbortController;
let running: Promise<unknown>;

async function openApp(): Promise<App> {
  const config = defineConfig({
    project: 'shop',
    definitions: [{ user, clicks, totals, bonus, model }],
    environments: {
      local: {
        streams: { clicks: push({ directory: './push' }) },
        online: memoryStore(),
        offline: featureLog('./offline'),
        checkpoints: { directory: './checkpoints', interval: '100ms', minPause: '10ms' },
      },
    },
  });
  return millrace(config, { baseDirectory: here });
}

function start(): void {
  stop = new AbortController();
  running = app.run({ signal: stop.signal });
}

beforeEach(async () => {
  here = join(folder.path, `case-${caseNumber++}`);
  mkdirSync(here);
  app = await openApp();
});

afterEach(async () => {
  stop?.abort();
  await running;
  await app.close();
});

async function until<T>(read: () => Promise<T>, isThere: (value: T) => boolean): Promise<T> {
  const endMs = systemClock.monotonicMs() + 10_000;
  for (;;) {
    const value = await read();
    if (isThere(value) || systemClock.monotonicMs() > endMs) return value;
    await systemClock.sleep(20);
  }
}

const totalsOf = (userId: string) => app.store.get(totals, { user_id: userId });
const atMs = Date.UTC(2026, 0, 1);
const row = (userId: string, amount: bigint, page: string | null = null) => ({
  user_id: userId,
  amount,
  page,
  at: atMs,
});

async function post(url: string, path: string, body: unknown): Promise<[number, string]> {
  const text = JSON.stringify(body);
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: text,
  });
  return [answer.status, await answer.text()];
}

describe('rows that are pushed', () => {
  it('by a program are counted, exactly, whoever runs when', async () => {
    await app.push(clicks, [row('u1', 9_007_199_254_740_993n, '/ß\n"x"'), row('u2', 1n)]);
    start();
    const first = await until(
      () => totalsOf('u1'),
      ({ values }) => values.clicks === 1,
    );
    expect(first.values).toEqual({ amount: 9_007_199_254_740_993n, clicks: 1, page: '/ß\n"x"' });
    stop.abort();
    await running;
    await app.push(clicks, [row('u1', -1n)]);
    start();
    const second = await until(
      () => totalsOf('u1'),
      ({ values }) => values.clicks === 2,
    );
    expect(second.values).toMatchObject({ amount: 9_007_199_254_740_992n, clicks: 2 });
  });

  it('over HTTP as Feast does it, with every problem of wrong ones', async () => {
    start();
    const { url } = await app.serve({ port: 0 });
    const df = {
      user_id: ['u1', 'u1'],
      amount: [1, '9007199254740993'],
      page: ['/a', null],
      at: ['2026-01-01 00:00:00', '2026-01-01T00:00:01Z'],
    };
    expect(await post(url, '/push', { push_source_name: 'clicks', df, to: 'online' })).toEqual([
      200,
      '',
    ]);
    const { values } = await until(
      () => totalsOf('u1'),
      (read) => read.values.clicks === 2,
    );
    expect(values).toEqual({ amount: 9_007_199_254_740_994n, clicks: 2, page: '/a' });
    const wrong = { ...df, amount: [1.5, null] };
    const [status, text] = await post(url, '/push', { push_source_name: 'clicks', df: wrong });
    expect(status).toBe(422);
    expect(JSON.parse(text)).toMatchObject({
      code: 'MR_PUSH_ROWS',
      where: 'df.amount[0]',
      rows: [
        { row: 0, field: 'amount' },
        { row: 1, field: 'amount' },
      ],
    });
    await systemClock.sleep(300);
    expect((await totalsOf('u1')).values.clicks).toBe(2);
  });

  it('that fit and are too far ahead are dead letters, by their number', async () => {
    start();
    const ahead = { ...row('u1', 1n), at: Date.now() + 86_400_000 };
    await app.push(clicks, [row('u1', 1n), ahead, row('u1', 2n)]);
    await until(
      () => totalsOf('u1'),
      ({ values }) => values.clicks === 2,
    );
    stop.abort();
    await running;
    const { groups } = await app.deadLetters.list();
    expect(groups).toMatchObject([{ code: 'MR_DATA_TOO_FAR_AHEAD', count: 1 }]);
    await app.deadLetters.fix({ set: `.at = ${atMs}` });
    expect((await app.deadLetters.replay()).refused).toEqual([]);
    start();
    const { values } = await until(
      () => totalsOf('u1'),
      (read) => read.values.clicks === 3,
    );
    expect(values).toMatchObject({ clicks: 3, amount: 4n });
  });

  it('to no stream, or one that is bound otherwise, are refused', async () => {
    await expect(app.push({ ...clicks, name: 'click' }, [])).rejects.toMatchObject({
      code: 'MR_PUSH_SOURCE',
      fix: expect.stringContaining('clicks'),
    });
    start();
  });

  it('are written to the store directly where a view is named, by version', async () => {
    start();
    const { url } = await app.serve({ port: 0 });
    const write = (at: string, amount: number) =>
      post(url, '/write-to-online-store', {
        feature_view_name: 'totals',
        df: { user_id: ['w'], amount: [amount], clicks: [7], page: [null], at: [at] },
      });
    expect(await write('2026-01-02T00:00:00Z', 5)).toEqual([200, 'null']);
    expect(await write('2026-01-01T00:00:00Z', 6)).toEqual([200, 'null']);
    const { values, eventTime } = await totalsOf('w');
    expect(values).toEqual({ amount: 5n, clicks: 7, page: null });
    expect(eventTime).toBe(Date.UTC(2026, 0, 2));
    const [status, text] = await post(url, '/write-to-online-store', {
      feature_view_name: 'totals',
      df: { user_id: ['w'], amount: [1], clicks: [7], at: ['2026-01-03T00:00:00Z'] },
    });
    expect([status, JSON.parse(text).where]).toEqual([422, 'df.page']);
  });
});

describe('features computed at read time', () => {
  it('are read by programs, over HTTP, and for training alike', async () => {
    await app.push(clicks, [row('u1', 5n), row('u1', 7n)]);
    start();
    await until(
      () => totalsOf('u1'),
      ({ values }) => values.clicks === 2,
    );
    const read = await app.store.get(bonus, { user_id: 'u1' }, { extra: 3n, label: 'a' });
    expect(read.values).toEqual({ with_extra: 15n, is_known: true, shouted: 'A' });
    expect(read.eventTime).toBe(atMs);
    const { url } = await app.serve({ port: 0 });
    const [, served] = await post(url, '/get-online-features', {
      feature_service: 'model',
      entities: { user_id: ['u1', 'nobody'], extra: [3, 4] },
    });
    const { metadata, results } = JSON.parse(served);
    const columns = metadata.feature_names.map((name: string, i: number) => [name, results[i]]);
    const byName = Object.fromEntries(columns);
    expect(byName.with_extra).toMatchObject({
      values: [15, null],
      statuses: ['PRESENT', 'NOT_FOUND'],
    });
    expect(byName.is_known).toMatchObject({
      values: [true, false],
      statuses: ['PRESENT', 'PRESENT'],
    });
    expect(byName.shouted.values).toEqual(['NONE', 'NONE']);
    const one = await fetch(`${url}/v1/features/bonus/u1?extra=3&features=with_extra`);
    expect(await one.json()).toMatchObject({
      view: 'bonus',
      key: { user_id: 'u1' },
      features: { with_extra: { value: 15, status: 'PRESENT' } },
    });
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
      readonly paths: Readonly<
        Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>
      >;
    };
    expect(document.paths['/v1/features/bonus/{user_id}']?.['get']?.['parameters']).toMatchObject([
      { name: 'user_id', in: 'path', required: true },
      { name: 'extra', in: 'query', required: true },
      { name: 'label', in: 'query', required: false },
    ]);
    expect(document.paths['/push']?.['post']?.['summary']).toContain('Records of a stream');
    stop.abort();
    await running;
    const labels = join(here, 'labels.csv');
    writeFileSync(
      labels,
      'user_id,event_timestamp,extra\nu1,2026-01-02T00:00:00Z,3\nnobody,2026-01-02T00:00:00Z,4\nu1,2025-12-31T00:00:00Z,3\n',
    );
    const out = join(here, 'train.jsonl');
    await app.train({ views: [bonus], entities: labels, out });
    const table = await tableFiles.read(out, new Map([['with_extra', { kind: 'int64' }]]));
    const column = (name: string) => table.columns[table.fields.findIndex((f) => f.name === name)];
    expect(table.fields.map(({ name }) => name)).toEqual([
      'user_id',
      'event_timestamp',
      'extra',
      'with_extra',
      'is_known',
      'shouted',
    ]);
    expect(column('with_extra')).toEqual([15n, null, null]);
    expect(column('is_known')).toEqual([true, false, false]);
    const logged = join(here, 'logged.jsonl');
    await app.train({ views: [bonus], entities: labels, out: logged, mode: 'logged' });
    expect(readFileSync(logged, 'utf8')).toBe(readFileSync(out, 'utf8'));
  });

  it('need what they ask for in the labels', async () => {
    start();
    const labels = join(here, 'labels.csv');
    writeFileSync(labels, 'user_id,event_timestamp,extr\nu1,2026-01-02T00:00:00Z,3\n');
    const options = { views: ['bonus'], entities: labels, out: join(here, 'train.jsonl') };
    await expect(app.train(options)).rejects.toMatchObject({
      code: 'MR_LABELS',
      message: expect.stringContaining('did you mean "extr"?'),
    });
    writeFileSync(labels, 'user_id,event_timestamp,extra\nu1,2026-01-02T00:00:00Z,\n');
    await expect(app.train(options)).rejects.toMatchObject({
      code: 'MR_LABELS',
      message: expect.stringContaining('row 1: "extra" is empty'),
    });
  });
});

describe('a server beside a run that has the embedded store', () => {
  it('writes rows to it all the same, by version', async () => {
    const config = defineConfig({
      project: 'shop',
      definitions: [{ user, clicks, totals }],
      environments: {
        local: {
          streams: { clicks: push({ directory: './push' }) },
          online: embedded('./online'),
          checkpoints: { directory: './checkpoints', interval: '100ms' },
        },
      },
    });
    const [runner, server] = [
      await millrace(config, { baseDirectory: here }),
      await millrace(config, { baseDirectory: here }),
    ];
    const over = new AbortController();
    const run = runner.run({ signal: over.signal });
    try {
      const opened = await until(
        () => server.serve({ port: 0 }).catch(() => null),
        (serving) => serving !== null,
      );
      const url = opened?.url ?? '';
      await server.push(clicks, [row('u1', 1n)]);
      const { values } = await until(
        () => server.store.get(totals, { user_id: 'u1' }),
        (read) => read.values.clicks === 1,
      );
      expect(values.amount).toBe(1n);
      const [status, text] = await post(url, '/write-to-online-store', {
        feature_view_name: 'totals',
        df: { user_id: ['w'], amount: [1], clicks: [7], page: [null], at: [atMs] },
      });
      expect([status, text]).toEqual([200, 'null']);
      expect((await runner.store.get(totals, { user_id: 'w' })).values.clicks).toBe(7);
      const [older, of] = await post(url, '/write-to-online-store', {
        feature_view_name: 'totals',
        df: { user_id: ['u1'], amount: [9], clicks: [9], page: [null], at: [atMs] },
      });
      expect([older, of]).toEqual([200, 'null']);
      expect((await server.store.get(totals, { user_id: 'u1' })).values.clicks).toBe(1);
    } finally {
      over.abort();
      await run;
      await Promise.all([runner.close(), server.close()]);
      start();
    }
  });
});
