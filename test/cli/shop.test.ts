// The example project, outside the package, through every command.
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fraudLabels, purchases } from '../../examples/shop/generate-data.ts';
import {
  CliHost,
  copyShop,
  jsonOf,
  readLines,
  resultOf,
  runCli,
  startCli,
  temporaryFolder,
  writeFiles,
} from './run-cli.ts';

interface Checked {
  readonly problems: readonly { code: string; path: string; message: string }[];
}

interface Read {
  readonly view: string;
  readonly key: Readonly<Record<string, unknown>>;
  readonly event_time: string | null;
  readonly age_ms: number | null;
  readonly features: Readonly<Record<string, { readonly value: unknown; readonly status: string }>>;
}

const folder = temporaryFolder();
const shop = folder.path;
/** For what only reads; a run is a process of its own, as a user's is. */
const host = new CliHost();

beforeAll(async () => {
  copyShop(shop);
  writeFiles(shop, {
    'data/purchases.jsonl': purchases(3000),
    'data/labels.csv': fraudLabels(200),
  });
  const run = await runCli(shop, 'run', '--until-end', '--json');
  expect(run.stderr).toBe('');
  expect(run.code).toBe(0);
  expect(jsonOf(run)).toMatchObject({
    records_in: 3000,
    late_records: 0,
    dead_letters: 0,
    rows_out: expect.any(Number) as number,
    elapsed_ms: expect.any(Number) as number,
    events_per_second: expect.any(Number) as number,
    checkpoints: 0,
    views: { user_spend: { entities: expect.any(Number) as number } },
  });
});

afterAll(() => {
  host.stop();
  folder.remove();
});

describe('the shop, outside the package', () => {
  it('passes check, and says what Flink of another environment leaves to the engine', async () => {
    const local = await runCli(shop, 'check');
    expect(local).toMatchObject({ code: 0, stderr: '' });
    expect(local.stdout).toContain('ok: 1 view, 13 features');
    const fleet = await runCli(shop, 'check', '--env', 'fleet', '--json');
    expect(fleet.code).toBe(1);
    const { problems } = jsonOf<Checked>(fleet);
    const placed = problems.find(({ code }) => code === 'MR_FLINK_PLACEMENT');
    expect(placed?.path).toBe('user_spend');
    expect(placed?.message).toContain('user_spend.features.by_category_24h');
    const strict = await runCli(shop, 'check', '--env', 'fleet', '--target', 'flink', '--json');
    const refused = jsonOf<Checked>(strict).problems.filter(
      ({ code }) => code === 'MR_FLINK_REFUSED',
    );
    expect(refused.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['user_spend.features.by_category_24h']),
    );
  });

  it('prints the plan for people and as JSON', async () => {
    const text = await host.run(shop, 'plan');
    expect(text.stdout).toContain('sum(amount) over rolling 1h');
    const plan = jsonOf<{ kind: string; views: { name: string }[] }>(
      await host.run(shop, 'plan', '--json', '--env', 'fleet'),
    );
    expect(plan).toMatchObject({ kind: 'plan', views: [{ name: 'user_spend' }] });
  });

  it('reads an entity, and answers for one that was never seen', async () => {
    const read = await host.run(shop, 'get', 'user_spend', 'user_id=u1', '--json');
    expect(read.code).toBe(0);
    const { view, key, event_time, age_ms, features } = jsonOf<Read>(read);
    expect({ view, key }).toEqual({ view: 'user_spend', key: { user_id: 'u1' } });
    expect(event_time).toMatch(/Z$/);
    expect(age_ms).toBeGreaterThanOrEqual(0);
    expect(features['spend_1h']).toEqual({
      value: expect.anything() as unknown,
      status: expect.any(String) as string,
    });
    const unknown = await host.run(shop, 'get', 'user_spend', 'user_id=nobody', '--json');
    expect(unknown.code).toBe(0);
    expect(jsonOf<Read>(unknown)).toMatchObject({
      event_time: null,
      age_ms: null,
      features: { spend_1h: { value: null, status: 'NOT_FOUND' } },
    });
    expect((await host.run(shop, 'get', 'user_spend', 'user_id=u1')).stdout).toMatch(
      /feature +value +status/,
    );
  });

  it('exports one row per entity, equal to what reads give', async () => {
    const out = join(shop, 'user_spend.jsonl');
    const done = await host.run(shop, 'export', 'user_spend', '--out', out, '--json');
    expect(done.code).toBe(0);
    const rows = readLines(out).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(jsonOf(done)).toMatchObject({ view: 'user_spend', rows: rows.length });
    const row = rows.find((candidate) => candidate['user_id'] === 'u1');
    const read = jsonOf<Read>(await host.run(shop, 'get', 'user_spend', 'user_id=u1', '--json'));
    const values = Object.entries(read.features).map(([name, { value }]) => [name, value]);
    expect(row).toEqual({
      user_id: 'u1',
      event_time: read.event_time,
      ...Object.fromEntries(values),
    });
  });

  it('serves over HTTP what get reads, and stops cleanly', async () => {
    const child = startCli(shop, ['serve', '--port', '0', '--json']);
    const ended = resultOf(child);
    const [chunk] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [string];
    const { url } = JSON.parse(chunk) as { url: string };
    const response = await fetch(`${url}/get-online-features`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        features: ['user_spend:spend_1h', 'user_spend:last_amounts'],
        entities: { user_id: ['u1', 'nobody'] },
      }),
    });
    const answer = (await response.json()) as {
      results: { values: unknown[]; statuses: string[] }[];
    };
    const read = jsonOf<Read>(await host.run(shop, 'get', 'user_spend', 'user_id=u1', '--json'));
    expect(answer.results[1]?.values[0]).toEqual(read.features['spend_1h']?.value);
    expect(answer.results[2]?.values[0]).toEqual(read.features['last_amounts']?.value);
    expect(answer.results[1]?.statuses[1]).toBe('NOT_FOUND');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  });

  it('makes a training set in the order of the labels', async () => {
    const out = join(shop, 'train.jsonl');
    const args = ['train', '--view', 'user_spend', '--entities', 'data/labels.csv', '--out', out];
    const done = await host.run(shop, ...args, '--json');
    expect(done.code).toBe(0);
    expect(jsonOf(done)).toMatchObject({ rows: 200, records_read: 3000, records_failed: 0 });
    const rows = readLines(out).map((line) => JSON.parse(line) as Record<string, unknown>);
    const labels = readLines(join(shop, 'data/labels.csv')).slice(1);
    expect(rows.map((row) => row['user_id'])).toEqual(labels.map((line) => line.split(',')[0]));
    const ages = rows.map((row) => row['user_spend__age_ms']).filter((age) => age !== null);
    expect(ages.length).toBeGreaterThan(100);
    expect(ages.every((age) => (age as number) >= 0)).toBe(true);
  });

  it('gives the same values when the same input is run again', async () => {
    const before = await host.run(shop, 'get', 'user_spend', 'user_id=u2', '--json');
    expect((await runCli(shop, 'run')).code).toBe(0);
    expect((await host.run(shop, 'get', 'user_spend', 'user_id=u2', '--json')).stdout).toBe(
      before.stdout,
    );
  });
});
