// An aggregate of a user from its definition to the store and the training set: on threads that import
// it, over a restart at another parallelism, with records that it refuses, and when it is changed.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  aggregate,
  type App,
  defineConfig,
  entity,
  featureView,
  lifetime,
  millrace,
  stream,
  t,
} from 'millrace';
import { file } from 'millrace/file';
import { memoryStore } from 'millrace/memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/app/config/load-config.ts';
import { market } from '../../examples/aggregates/features.ts';
import { root, temporaryFolder } from '../cli/run-cli.ts';

const startMs = Date.UTC(2026, 0, 5);
let folder = temporaryFolder();
beforeEach(() => {
  folder = temporaryFolder();
  cpSync(join(root, 'examples/aggregates'), folder.path, { recursive: true });
});
afterEach(() => folder.remove());

const symbols = ['AAA', 'BBB', 'CCC', 'DDD', 'EEE'];

/** Prices from 80 to 120; one record of 100 is refused. */
function writeTrades(name: string, from: number, to: number): void {
  const lines = Array.from({ length: to - from }, (_, at) => {
    const i = from + at;
    const price = i % 100 === 42 ? -1 : 100 + ((i * 37) % 41) - 20;
    const trade = { symbol: symbols[i % 5], price, lot: (i * 53) % 200, ts: startMs + i * 2000 };
    return `${JSON.stringify(trade)}\n`;
  });
  writeFileSync(join(folder.path, name), lines.join(''));
}

let generation = 1;

async function withApp<T>(body: (app: App) => Promise<T>): Promise<T> {
  generation += 1;
  const config = await loadConfig(join(folder.path, 'millrace.config.ts'), { generation });
  const app = await millrace(config);
  try {
    return await body(app);
  } finally {
    await app.close();
  }
}

const run = (parallelism: number) => withApp((app) => app.run({ untilEnd: true, parallelism }));

const served = () =>
  withApp((app) => Promise.all(symbols.map((symbol) => app.store.get(market, { symbol }))));

/** Changes the text of the definitions. */
function edit(from: string, to: string): void {
  const path = join(folder.path, 'features.ts');
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

describe('an aggregate that a user wrote', () => {
  it('goes on at another parallelism, and training gives what is served', async () => {
    writeTrades('trades-1.jsonl', 0, 1000);
    expect(await run(2)).toMatchObject({ records_in: 1000, dead_letters: 10 });
    writeTrades('trades-2.jsonl', 1000, 1500);
    expect(await run(1)).toMatchObject({ records_in: 500, dead_letters: 5 });
    const values = await served();

    // The records that were refused are all of one symbol.
    expect(values.map((row) => row.values.trades_1h)).toEqual([300, 300, 285, 300, 300]);
    expect(values.map((row) => row.values.spread_1h)).toEqual([40, 40, 40, 40, 40]);

    const labels = values.map(
      ({ eventTime }, i) => `${symbols[i]},${new Date(eventTime ?? 0).toISOString()}`,
    );
    const entities = join(folder.path, 'labels.csv');
    writeFileSync(entities, ['symbol,event_timestamp', ...labels, ''].join('\n'));
    const out = join(folder.path, 'train.jsonl');
    await withApp((app) => app.train({ views: ['market'], entities, out }));
    const trained = readFileSync(out, 'utf8').trim().split('\n');
    expect(trained.map((line) => JSON.parse(line))).toMatchObject(
      // The end of the input has fired the last windows of five minutes; no label knows of that.
      values.map(({ values: { spread_1h, spread_large, trades_1h } }) => {
        return { spread_1h, spread_large, trades_1h };
      }),
    );
  }, 60_000);

  it('says what was wrong with a record', async () => {
    writeTrades('trades-1.jsonl', 40, 45);
    await run(1);
    const { letters } = await withApp((app) => app.deadLetters.list());
    expect(letters).toMatchObject([
      {
        code: 'MR_DATA_AGGREGATE_THROWN',
        message: expect.stringContaining('add of spread threw: a price is above 0'),
      },
    ]);
  }, 60_000);

  it('is refused with another schema or version, unless the view says that it begins empty', async () => {
    writeTrades('trades-1.jsonl', 0, 100);
    await run(1);
    writeTrades('trades-2.jsonl', 100, 200);
    edit("aggregate('spread', {", "aggregate('spread', {\n  version: 2,");
    await expect(run(1)).rejects.toMatchObject({ code: 'MR_STATE_SCHEMA' });
    edit("emit: 'watermark',", "emit: 'watermark',\n  upgrade: { added: 'empty' },");
    expect(await run(1)).toMatchObject({ records_in: 100 });
  }, 60_000);

  it('ends the run before a record is read where threads cannot find it', async () => {
    mkdirSync(join(folder.path, 'data'));
    writeTrades('data/trades.jsonl', 0, 10);
    const local = aggregate('local', {
      takes: t.float64(),
      schema: { n: t.float64() },
      returns: t.float64(),
      create: () => ({ n: 0 }),
      add: ({ n }, x) => ({ n: n + x }),
      merge: (a, b) => ({ n: a.n + b.n }),
      result: ({ n }) => n,
      module: 'data:text/javascript,export const other = 1',
    });
    const trades = stream('trades', {
      schema: { symbol: t.string(), price: t.float64(), ts: t.timestamp() },
      eventTime: { field: 'ts', outOfOrderness: '5s' },
    });
    const view = featureView('view', {
      entity: entity('symbol', { key: { symbol: t.string() } }),
      from: trades,
      features: (p) => ({ n: local(p.price).over(lifetime()) }),
    });
    const config = defineConfig({
      project: 'local',
      definitions: [{ view }],
      environments: {
        local: { streams: { trades: file('./data/trades.jsonl') }, online: memoryStore() },
      },
    });
    const app = await millrace(config, { baseDirectory: folder.path });
    await expect(app.run({ untilEnd: true, parallelism: 2 })).rejects.toMatchObject({
      code: 'MR_DEFINITION_AGGREGATE',
      message: expect.stringContaining('find the functions of aggregate "local"'),
      fix: expect.stringContaining('export it from the module'),
    });
    expect(await app.run({ untilEnd: true })).toMatchObject({ records_in: 10 });
    await app.close();
  }, 60_000);
});
