// Runs that go on where the last one was: what is in the store, the log and the dead letters after
// second runs, after more input, after loss of the store, from savepoints, and anew.
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  type App,
  type Config,
  count,
  defineConfig,
  type EnvironmentOptions,
  entity,
  featureView,
  max,
  millrace,
  rolling,
  type RunOptions,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../cli/run-cli.ts';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.int64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: (p) => ({
    total_1h: sum(p.amount).over(rolling('1h')),
    count_5m: count().over(tumbling('5m')),
  }),
});
const biggest = featureView('biggest', {
  entity: user,
  from: purchases,
  emit: 'arrival',
  features: (p) => ({ max_10m: max(p.amount).over(rolling('10m')) }),
});

const startMs = Date.UTC(2026, 0, 5);
let folder = temporaryFolder();
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, at) => {
    const i = from + at;
    if (i % 97 === 13) return `{"user_id": oops ${i}\n`;
    const ts = startMs + i * 1000 - ((i * 7) % 4000);
    return `${JSON.stringify({ user_id: `u${i % 23}`, amount: (i * 31) % 100, ts })}\n`;
  }).join('');
}

const checkpoints = { directory: './.millrace/checkpoints', interval: '1s' };

function configOf(options: Partial<EnvironmentOptions> = {}): Config {
  return defineConfig({
    project: 'shop',
    definitions: [{ user, purchases, spend, biggest }],
    environments: {
      local: {
        streams: { purchases: file('./data/purchases-*.jsonl') },
        online: embedded('./.millrace/online'),
        offline: featureLog('./.millrace/offline'),
        checkpoints,
        ...options,
      },
    },
  });
}

async function withApp<T>(config: Config, body: (app: App) => Promise<T>): Promise<T> {
  const app = await millrace(config, { baseDirectory: folder.path });
  try {
    return await body(app);
  } finally {
    await app.close();
  }
}

const run = (options: RunOptions = {}, config = configOf()) =>
  withApp(config, (app) => app.run({ untilEnd: true, ...options }));

interface Left {
  readonly log: readonly string[];
  readonly store: readonly string[];
  readonly letters: number;
}

async function rowsOfLog(view: string): Promise<string[]> {
  const duckdb = await DuckDBInstance.create();
  const connection = await duckdb.connect();
  try {
    const files = join(folder.path, '.millrace/offline', view, '*/*.parquet');
    const text = `SELECT * EXCLUDE (_arrival_time, date) FROM read_parquet('${files}')`;
    const result = await connection.runAndReadAll(text);
    return result
      .getRowsJson()
      .map((row) => JSON.stringify(row))
      .toSorted();
  } finally {
    connection.closeSync();
    duckdb.closeSync();
  }
}

/** What runs have left outside. */
async function left(): Promise<Left> {
  const log = [...(await rowsOfLog('spend')), ...(await rowsOfLog('biggest'))];
  const store = await withApp(configOf(), async (app) => {
    const texts: string[] = [];
    for (const view of ['spend', 'biggest']) {
      for (let i = 0; i < 23; i++) {
        const read = await app.read(view, { user_id: `u${i}` });
        texts.push(
          JSON.stringify({ view, i, read }, (_, v) => (typeof v === 'bigint' ? `${v}` : v)),
        );
      }
    }
    return texts;
  });
  const letters = join(folder.path, '.millrace/dead-letters/purchases.dlq.jsonl');
  return { log, store, letters: readFileSync(letters, 'utf8').trim().split('\n').length };
}

function write(name: string, text: string): void {
  writeFileSync(join(folder.path, 'data', name), text);
}

/** What one run over everything leaves. */
async function atOnce(files: Readonly<Record<string, string>>): Promise<Left> {
  const kept = folder;
  folder = temporaryFolder();
  try {
    writeFiles(files);
    await run({ checkpoints: false });
    return await left();
  } finally {
    folder.remove();
    folder = kept;
  }
}

function writeFiles(files: Readonly<Record<string, string>>): void {
  rmSync(join(folder.path, 'data'), { recursive: true, force: true });
  mkdirSync(join(folder.path, 'data'), { recursive: true });
  for (const [name, text] of Object.entries(files)) write(name, text);
}

describe('runs that follow each other', () => {
  it('add nothing without new input', async () => {
    writeFiles({ 'purchases-1.jsonl': lines(0, 1500) });
    const first = await run();
    expect(first).toMatchObject({ records_in: 1500, restored_checkpoint: null });
    expect(first.checkpoints).toBeGreaterThanOrEqual(3);
    const before = await left();
    expect(before).toEqual(await atOnce({ 'purchases-1.jsonl': lines(0, 1500) }));
    expect(await run()).toMatchObject({ records_in: 0, rows_out: 0 });
    expect(await left()).toEqual(before);
  }, 60_000);

  it('count what is new as if it had been there from the start', async () => {
    writeFiles({ 'purchases-1.jsonl': lines(0, 1500) });
    await run();
    appendFileSync(join(folder.path, 'data/purchases-1.jsonl'), lines(1500, 1700));
    expect((await run()).records_in).toBe(200);
    write('purchases-2.jsonl', lines(1700, 2600));
    expect((await run({ parallelism: 2 })).records_in).toBe(900);
    const all = { 'purchases-1.jsonl': lines(0, 1700), 'purchases-2.jsonl': lines(1700, 2600) };
    expect(await left()).toEqual(await atOnce(all));
  }, 60_000);

  it('begin anew with fresh state, and refuse to when the checkpoints are gone', async () => {
    const files = { 'purchases-1.jsonl': lines(0, 1200) };
    writeFiles(files);
    await run();
    rmSync(join(folder.path, '.millrace/checkpoints'), { recursive: true });
    await expect(run()).rejects.toMatchObject({ code: 'MR_LOG_WITHOUT_CHECKPOINT' });
    const fresh = await run({ existing: 'dropAll' });
    expect(fresh).toMatchObject({ records_in: 1200, restored_checkpoint: null });
    const { log, store } = await left();
    const expected = await atOnce(files);
    expect(log).toEqual(expected.log);
    expect(store).toEqual(expected.store);
  });

  it('fill a store that lost its rows again', async () => {
    writeFiles({ 'purchases-1.jsonl': lines(0, 1200) });
    await run();
    const before = await left();
    rmSync(join(folder.path, '.millrace/online'), { recursive: true });
    await run();
    expect(await left()).toEqual(before);
  });

  it('refill the store when definitions have changed and the state is kept', async () => {
    writeFiles({ 'purchases-1.jsonl': lines(0, 1200) });
    await run();
    const more = featureView('spend', {
      entity: user,
      from: purchases,
      emit: 'watermark',
      features: (p) => ({ total_1h: sum(p.amount).over(rolling('1h')) }),
    });
    const changed = { ...configOf(), definitions: [{ user, purchases, more, biggest }] };
    const notices: string[] = [];
    await run({ onNotice: (message) => notices.push(message) }, changed);
    expect(notices).toContainEqual(expect.stringContaining('feature "spend.count_5m"'));
    const value = async (config: Config): Promise<unknown> =>
      withApp(config, async (app) => (await app.read('spend', { user_id: 'u3' })).values);
    const after = await value(changed);
    await run({ existing: 'dropAll' }, changed);
    expect(after).toEqual(await value(changed));
    expect(Object.keys(after as object)).toEqual(['total_1h']);
  });

  it('keep state on the disk, and leave no checkpoints when told so', async () => {
    const files = { 'purchases-1.jsonl': lines(0, 1200) };
    writeFiles(files);
    const options = { ...checkpoints, retainOnStop: false };
    const state = { backend: 'disk', memory: '64MB' } as const;
    const summary = await run({}, configOf({ checkpoints: options, state, parallelism: 1 }));
    expect(summary.views).toMatchObject({ spend: { entities: 23 }, biggest: { entities: 23 } });
    expect(await left()).toEqual(await atOnce(files));
    expect(readdirSync(join(folder.path, '.millrace/checkpoints/shop-local'))).not.toContain(
      'manifests',
    );
  });
});

describe('savepoints', () => {
  it('are made, listed, begun with and dropped', async () => {
    writeFiles({ 'purchases-1.jsonl': lines(0, 1000) });
    await run();
    await withApp(configOf(), (app) => app.savepoints.create('first'));
    appendFileSync(join(folder.path, 'data/purchases-1.jsonl'), lines(1000, 1400));
    await run();
    const before = await left();
    const again = await run({ fromSavepoint: 'first' });
    expect(again.records_in).toBe(400);
    expect(await left()).toEqual(before);
    await withApp(configOf(), async ({ savepoints }) => {
      expect(await savepoints.list()).toMatchObject([{ name: 'first', problem: null }]);
      await savepoints.drop('first');
      expect(await savepoints.list()).toEqual([]);
      await expect(savepoints.drop('first')).rejects.toMatchObject({
        code: 'MR_SAVEPOINT_NOT_FOUND',
      });
    });
  });

  it('are made by a job that runs, which stops then', async () => {
    writeFiles({ 'purchases-1.jsonl': lines(0, 1000) });
    const streams = { purchases: file('./data/purchases-*.jsonl', { loop: true }) };
    const live = configOf({ streams });
    const running = withApp(live, (app) => app.run());
    await new Promise((resolve) => void setTimeout(resolve, 300));
    const made = await withApp(live, ({ savepoints }) => savepoints.create('live', { stop: true }));
    expect(made.live).toBe(true);
    const summary = await running;
    expect(summary.records_in).toBeGreaterThan(1000);
    const on = withApp(live, async (app) => {
      const stop = new AbortController();
      return app.run({
        fromSavepoint: 'live',
        signal: stop.signal,
        onProgress: ({ recordsIn }) => recordsIn > 0 && stop.abort(),
      });
    });
    expect((await on).restored_checkpoint).toBeGreaterThan(made.checkpoint);
  }, 20_000);
});

describe('what is written wrong', () => {
  it('is found before anything runs', async () => {
    writeFiles({ 'purchases-1.jsonl': lines(0, 10) });
    const wrong = configOf({
      checkpoints: { directory: '', interval: '10', retain: 1, timeot: '1m' } as never,
      state: { backend: 'tape', memory: '2GB' } as never,
      parallelism: 0,
      restart: { strategy: 'sometimes' } as never,
    });
    const problems = await millrace(wrong, { baseDirectory: folder.path }).then(
      () => expect.fail('it was accepted'),
      (error: { readonly problems: readonly { readonly path: string }[] }) => error.problems,
    );
    expect(problems.map(({ path }) => path.replace('environments.local.', ''))).toEqual([
      'parallelism',
      'state.backend',
      'state.memory',
      'checkpoints.timeot',
      'checkpoints.directory',
      'checkpoints.interval',
      'checkpoints.retain',
      'restart.strategy',
    ]);
  });

  it('includes a budget too small for the threads that share it', async () => {
    writeFiles({ 'purchases-1.jsonl': lines(0, 10) });
    const small = configOf({ state: { backend: 'disk', memory: '7MiB' }, parallelism: 2 });
    const wrong = millrace(small, { baseDirectory: folder.path });
    await expect(wrong).rejects.toMatchObject({
      problems: [
        { path: 'environments.local.state.memory', fix: expect.stringContaining('8 MiB') },
      ],
    });
  });
});
