// A backfill gives what a job would have written had it known the definition from the beginning: in
// the log and in the store, beside a job that runs, once, and after a kill in the middle.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resultOf, root, temporaryFolder } from '../cli/run-cli.ts';
import { type Definition, openShop } from './backfill-project.ts';

const folder = temporaryFolder();
let db: DuckDBConnection;
beforeAll(async () => {
  db = await (await DuckDBInstance.create()).connect();
});
afterAll(() => {
  db.closeSync();
  folder.remove();
});

const minute = 60_000;
const startMs = Date.UTC(2026, 2, 1, 18);
const lines = Array.from({ length: 900 }, (_, i) =>
  JSON.stringify({
    user_id: `u${(i * 7) % 13}`,
    amount: ((i * 31) % 97) + 1,
    ts: startMs + i * minute,
  }),
);
const half = 450;

interface Wish {
  readonly definition: Definition;
  readonly until?: number;
  readonly ratePerSecond?: number;
}

/** Runs the job of a place over its first lines, going on from where it was. */
async function run(place: string, { definition, until = lines.length, ...rest }: Wish) {
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'purchases.jsonl'), `${lines.slice(0, until).join('\n')}\n`);
  const app = await openShop(place, definition, rest);
  const summary = await app.run({ untilEnd: true });
  await app.close();
  return summary;
}

type Rows = readonly (readonly unknown[])[];

async function query(sql: string): Promise<Rows> {
  return (await db.runAndReadAll(sql)).getRowsJson();
}

/** What a log says: of each key and instant the newest version. */
function logOf(place: string): Promise<Rows> {
  return query(`SELECT user_id, epoch_ms(as_of), sum_1h, count_all, max_2h
    FROM read_parquet('${place}/log/spend/*/part-*.parquet', union_by_name = true)
    QUALIFY row_number() OVER (PARTITION BY user_id, as_of ORDER BY _seq DESC) = 1
    ORDER BY ALL`);
}

async function repeatedRows(place: string): Promise<number> {
  const [[count = 0] = []] = await query(`SELECT count(*)::INTEGER FROM (
    SELECT user_id, as_of, _seq FROM read_parquet('${place}/log/spend/*/part-*.parquet',
      union_by_name = true) GROUP BY ALL HAVING count(*) > 1)`);
  return Number(count);
}

async function storeOf(place: string): Promise<Rows> {
  const app = await openShop(place, 'new');
  await app.export('spend', join(place, 'store.jsonl'));
  await app.close();
  return query(`SELECT user_id, event_time, sum_1h, count_all, max_2h
    FROM read_json('${place}/store.jsonl') ORDER BY ALL`);
}

let expectedLog: Rows;
let expectedStore: Rows;

/** A job that knew nothing of the view, or of two of its features, until half of the input was read. */
async function upgraded(name: string, before: Definition): Promise<string> {
  const place = join(folder.path, name);
  await run(place, { definition: before, until: half });
  await run(place, { definition: 'new' });
  return place;
}

beforeAll(async () => {
  const place = join(folder.path, 'reference');
  await run(place, { definition: 'new' });
  expectedLog = await logOf(place);
  expectedStore = await storeOf(place);
  expect(expectedLog).toHaveLength(lines.length);
}, 60_000);

describe('a backfill', () => {
  it.each<readonly [string, Definition]>([
    ['of a new view', 'none'],
    ['of new features', 'old'],
  ])('%s fills log and store', { timeout: 60_000 }, async (name, before) => {
    const place = await upgraded(name.replaceAll(' ', '-'), before);
    expect(await logOf(place)).not.toEqual(expectedLog);
    const app = await openShop(place, 'new');
    const dry = await app.backfill({ views: ['spend'], dryRun: true });
    const done = await app.backfill({ views: ['spend'] });
    expect(done.views['spend']?.log_rows).toBe(dry.views['spend']?.log_rows);
    expect(done.views['spend']?.store_rows).toBeGreaterThan(0);
    expect(await logOf(place)).toEqual(expectedLog);
    expect(await repeatedRows(place)).toBe(0);
    const again = await app.backfill({ views: ['spend'] });
    expect(again.views['spend']).toMatchObject({ log_rows: 0, store_rows: 0 });
    await app.close();
    expect(await storeOf(place)).toEqual(expectedStore);
  });

  it('in many parts is the same', { timeout: 60_000 }, async () => {
    const place = await upgraded('parts', 'old');
    const app = await openShop(place, 'new');
    const { views } = await app.backfill({ views: ['spend'], rowsMax: 200 });
    await app.close();
    expect(views['spend']?.parts).toBeGreaterThan(2);
    expect(await logOf(place)).toEqual(expectedLog);
    expect(await repeatedRows(place)).toBe(0);
    expect(await storeOf(place)).toEqual(expectedStore);
  });

  it('goes on where it was killed', { timeout: 240_000 }, async () => {
    const origin = await upgraded('killed', 'none');
    const backfill = (place: string, killAt: number) => {
      const script = join(root, 'test/training/backfill-and-die.ts');
      const args = ['--conditions=millrace-src', script, place, String(killAt)];
      return resultOf(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
    };
    const whole = join(folder.path, 'killed-0');
    cpSync(origin, whole, { recursive: true });
    const { steps } = JSON.parse((await backfill(whole, 0)).stdout) as { steps: number };
    expect(steps).toBeGreaterThan(20);
    for (const share of [0.2, 0.55, 0.85]) {
      const killAt = Math.floor(steps * share);
      const place = join(folder.path, `killed-${killAt}`);
      cpSync(origin, place, { recursive: true });
      expect((await backfill(place, killAt)).code, `step ${killAt}`).toBe(null);
      const { stdout } = await backfill(place, 0);
      const { spend } = (JSON.parse(stdout) as { views: Record<string, { parts_before: number }> })
        .views;
      if (share > 0.5) expect(spend?.parts_before).toBeGreaterThan(0);
      expect(await logOf(place), `step ${killAt}`).toEqual(expectedLog);
      expect(await repeatedRows(place), `step ${killAt}`).toBe(0);
      expect(await storeOf(place), `step ${killAt}`).toEqual(expectedStore);
    }
  });

  it('beside a job that runs never repeats its rows', { timeout: 120_000 }, async () => {
    const place = join(folder.path, 'live');
    await run(place, { definition: 'none', until: half, ratePerSecond: 10_000 });
    const running = run(place, { definition: 'new', ratePerSecond: 100 });
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    let written = 0;
    for (let times = 0; times < 3; times++) {
      await wait(1200);
      const app = await openShop(place, 'new');
      const { views } = await app.backfill({ views: ['spend'] });
      written += views['spend']?.log_rows ?? 0;
      await app.close();
    }
    expect(written).toBeGreaterThan(half);
    expect(await running).toMatchObject({ records_in: lines.length - half });
    const app = await openShop(place, 'new');
    await app.backfill({ views: ['spend'] });
    await app.close();
    expect(await logOf(place)).toEqual(expectedLog);
    expect(await repeatedRows(place)).toBe(0);
    expect(await storeOf(place)).toEqual(expectedStore);
  });
});
