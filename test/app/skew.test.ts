// Skew between what was served and what training has: nothing where nothing is wrong, and each planted
// cause by its name and with what shows it.
import { appendFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type App,
  type Config,
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  max,
  millrace,
  rolling,
  stream,
  sum,
  t,
} from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli, temporaryFolder } from '../cli/run-cli.ts';

type Report = Awaited<ReturnType<App['skew']>>;

const user = entity('user', { key: { user_id: t.int64() } });
const purchases = stream('purchases', {
  schema: { user_id: t.int64(), amount: t.float64(), big: t.int64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '10m', maxAhead: '2h' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  freshness: '5s',
  features: (p) => ({
    total_1h: sum(p.amount).over(rolling('1h')),
    count_all: count().over(lifetime()),
    biggest: max(p.big).over(lifetime()),
  }),
});
/** The same but for one window. */
const changed = featureView('spend', {
  entity: user,
  from: purchases,
  freshness: '5s',
  features: (p) => ({
    total_1h: sum(p.amount).over(rolling('2h')),
    count_all: count().over(lifetime()),
    biggest: max(p.big).over(lifetime()),
  }),
});

const minute = 60_000;
const users = 120;
const huge = 9007199254740993n;
let folder = temporaryFolder();
let baseMs = 0;
beforeEach(() => {
  folder = temporaryFolder();
  baseMs = Date.now() - 3 * 60 * minute;
});
afterEach(() => folder.remove());

function record(id: number, ms: number, amount = id + 1 + ms / minute / 7): string {
  return `{"user_id":${id},"amount":${amount},"big":${huge + BigInt(id)},"ts":${baseMs + ms}}\n`;
}

const path = (): string => join(folder.path, 'purchases.jsonl');

/** Two purchases of each user, 90 minutes apart, in order. */
function writeHistory(): void {
  const ids = Array.from({ length: users }, (_, i) => i);
  const at = (ms: number): string[] => ids.map((id) => record(id, ms + id * 100));
  writeFileSync(path(), [...at(0), ...at(90 * minute)].join(''));
}

function configOf(view: object, clock: 'wall' | 'event'): Config {
  return defineConfig({
    project: 'shop',
    definitions: [{ view }],
    environments: {
      local: {
        streams: { purchases: file('./purchases.jsonl') },
        online: embedded('./online'),
        offline: featureLog('./offline'),
        deadLetters: './dead-letters',
        servingLog: { rate: 1 },
        clock,
      },
    },
  });
}

async function open(view: object = spend, clock: 'wall' | 'event' = 'event'): Promise<App> {
  return millrace(configOf(view, clock), { baseDirectory: folder.path });
}

/** Serves every user once. */
async function serve(app: App): Promise<void> {
  const server = await app.serve({ port: 0 });
  const ids = Array.from({ length: users }, (_, i) => i);
  const names = ['total_1h', 'count_all', 'biggest'];
  const answer = await fetch(`${server.url}/get-online-features`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': 'r1' },
    body: JSON.stringify({
      entities: { user_id: ids },
      features: names.map((name) => `spend:${name}`),
    }),
  });
  expect(answer.status).toBe(200);
  await server.close();
}

async function runAndServe(app: App): Promise<void> {
  await app.run({ untilEnd: true });
  await serve(app);
}

async function skewOf(view: object = spend, clock: 'wall' | 'event' = 'event'): Promise<Report> {
  const app = await open(view, clock);
  try {
    return await app.skew();
  } finally {
    await app.close();
  }
}

function feature(report: Report, name: string): Report['views'][number]['features'][number] {
  const found = report.views[0]?.features.find((of) => of.feature === name);
  if (found === undefined) throw new Error(`no feature ${name}`);
  return found;
}

async function withApp(
  body: (app: App) => Promise<void>,
  view: object = spend,
  clock: 'wall' | 'event' = 'event',
): Promise<void> {
  const app = await open(view, clock);
  try {
    await body(app);
  } finally {
    await app.close();
  }
}

describe('training–serving skew', () => {
  it('is none where the same is served that training has', async () => {
    writeHistory();
    await withApp(runAndServe);
    const report = await skewOf();
    expect(report).toMatchObject({ verdict: 'ok', unreadable: 0, training: 'recomputed' });
    const [view] = report.views;
    expect(view).toMatchObject({ rows: users, not_found: 0, promise_ms: 5000, verdict: 'equal' });
    for (const of of view?.features ?? []) {
      expect(of).toMatchObject({ equal: users, off: 0, cause: null, psi: 0, ks: 0 });
    }
    expect(view?.age_ms.serving).toEqual(view?.age_ms.training);
    expect(view?.age_ms.serving.p99).toBeGreaterThan(0);
    const files = readdirSync(join(folder.path, 'offline/serving-log'));
    expect(files.some((name) => name.startsWith('served-'))).toBe(true);
  });

  it('finds a changed definition, names it, and proves it by the definitions of then', async () => {
    writeHistory();
    await withApp(runAndServe);
    const report = await skewOf(changed);
    expect(report.verdict).toBe('skew');
    const total = feature(report, 'total_1h');
    expect(total).toMatchObject({ verdict: 'off', cause: 'changed_definition', equal: 0 });
    expect(total.causes).toEqual({ changed_definition: users });
    expect(total.evidence).toContain(
      'was sum(amount) over rolling 1h, is sum(amount) over rolling 2h',
    );
    expect(feature(report, 'count_all')).toMatchObject({ verdict: 'equal', off: 0 });
    expect(feature(report, 'biggest')).toMatchObject({ verdict: 'equal', off: 0 });
    expect(report.views[0]?.definitions).toMatchObject([{ is_current: false, known: true }]);
  });

  it('finds late data: records that came after a row was served and happened before it', async () => {
    writeHistory();
    await withApp(runAndServe);
    const late = Array.from({ length: 40 }, (_, id) => record(id, 89 * minute));
    appendFileSync(path(), late.join(''));
    const report = await skewOf();
    const total = feature(report, 'total_1h');
    expect(total).toMatchObject({ verdict: 'off', cause: 'late_data', off: 40, equal: 80 });
    expect(total.evidence).toContain('lack up to 1 record');
    expect(feature(report, 'biggest')).toMatchObject({ verdict: 'equal', off: 0 });
  });

  it('finds a stale store: newer records that were due are not in what was served', async () => {
    writeHistory();
    await withApp((app) => app.run({ untilEnd: true }).then(() => undefined), spend, 'wall');
    const newer = Array.from({ length: 30 }, (_, id) => record(id, 170 * minute));
    appendFileSync(path(), newer.join(''));
    await withApp(serve, spend, 'wall');
    const report = await skewOf(spend, 'wall');
    const all = feature(report, 'count_all');
    expect(all).toMatchObject({ verdict: 'off', cause: 'stale_store', off: 30 });
    expect(all.evidence).toContain('promise 5s');
    expect(report.views[0]?.age_ms.serving.p50).toBeGreaterThan(0);
  });

  it('tells late data from a stale store by arrivals, where a field says them', async () => {
    const arriving = stream('purchases', {
      schema: { user_id: t.int64(), amount: t.float64(), ts: t.timestamp(), got: t.timestamp() },
      eventTime: { field: 'ts', outOfOrderness: '10m', maxAhead: '2h' },
    });
    const counted = featureView('spend', {
      entity: user,
      from: arriving,
      freshness: '5s',
      features: (p) => ({
        total_1h: sum(p.amount).over(rolling('1h')),
        count_all: count().over(lifetime()),
        biggest: max(p.amount).over(lifetime()),
      }),
    });
    const line = (id: number, ms: number, lateMs: number): string =>
      `{"user_id":${id},"amount":1,"ts":${baseMs + ms},"got":${baseMs + ms + lateMs}}\n`;
    const ids = Array.from({ length: users }, (_, id) => id);
    writeFileSync(path(), ids.map((id) => line(id, id * 100, 20)).join(''));
    await withApp((app) => app.run({ untilEnd: true }).then(() => undefined), counted, 'wall');
    // 170 minutes have passed of 180: ten had arrived before anybody asked, twenty came a day later.
    const newer = ids.slice(0, 30).map((id) => line(id, 170 * minute, id < 10 ? 20 : 86_400_000));
    appendFileSync(path(), newer.join(''));
    await withApp(serve, counted, 'wall');
    const app = await open(counted, 'wall');
    const report = await app.skew({ arrivalFields: { purchases: 'got' } });
    const causes = feature(report, 'count_all').causes;
    expect(causes).toEqual({ stale_store: 10, late_data: 20 });
    await expect(app.skew({ arrivalFields: { purchases: 'amount' } })).rejects.toThrow(
      'field "amount" holds float64, not instants',
    );
    await app.close();
  });

  it('finds entities that the store never had', async () => {
    writeHistory();
    const whole = readFileSync(path(), 'utf8');
    writeFileSync(path(), whole.split('\n').slice(0, 100).join('\n'));
    await withApp((app) => app.run({ untilEnd: true }).then(() => undefined), spend, 'wall');
    writeFileSync(path(), whole);
    await withApp(serve, spend, 'wall');
    const report = await skewOf(spend, 'wall');
    expect(report.views[0]?.not_found).toBe(20);
    const all = feature(report, 'count_all');
    expect(all).toMatchObject({ cause: 'stale_store', off: users, null_served: 20 });
  });

  it('finds a clock: rows for an instant after the one they were served at', async () => {
    writeHistory();
    const ahead = Array.from({ length: 50 }, (_, id) => record(id, 3 * 60 * minute + 45 * minute));
    appendFileSync(path(), ahead.join(''));
    await withApp(runAndServe, spend, 'wall');
    const report = await skewOf(spend, 'wall');
    const all = feature(report, 'count_all');
    expect(all).toMatchObject({ verdict: 'off', cause: 'clock', off: 50, equal: 70 });
    expect(all.evidence).toMatch(/by up to 4[45]m/);
  });

  it('is counted against history that has lost records, and says so', async () => {
    writeHistory();
    await withApp(runAndServe);
    const lines = readFileSync(path(), 'utf8').split('\n');
    writeFileSync(path(), lines.filter((line) => !line.startsWith('{"user_id":7,')).join('\n'));
    const report = await skewOf();
    expect(feature(report, 'count_all')).toMatchObject({ cause: 'missing_history', off: 1 });
  });

  it('is an exit code of the command line', async () => {
    writeHistory();
    await withApp(runAndServe);
    const config = (size: string): void =>
      writeFileSync(
        join(folder.path, 'millrace.config.ts'),
        `import { count, defineConfig, entity, featureView, lifetime, max, rolling, stream, sum, t } from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';
const user = entity('user', { key: { user_id: t.int64() } });
const purchases = stream('purchases', {
  schema: { user_id: t.int64(), amount: t.float64(), big: t.int64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '10m', maxAhead: '2h' },
});
const spend = featureView('spend', { entity: user, from: purchases, freshness: '5s', features: (p) => ({
  total_1h: sum(p.amount).over(rolling('${size}')),
  count_all: count().over(lifetime()),
  biggest: max(p.big).over(lifetime()),
}) });
export default defineConfig({ project: 'shop', definitions: [{ spend }], environments: { local: {
  streams: { purchases: file('./purchases.jsonl') }, online: embedded('./online'),
  offline: featureLog('./offline'), deadLetters: './dead-letters', clock: 'event',
} } });
`,
      );
    config('1h');
    const well = await runCli(folder.path, 'skew', '--json');
    expect([well.code, JSON.parse(well.stdout).verdict]).toEqual([0, 'ok']);
    config('2h');
    const skewed = await runCli(folder.path, 'skew', '--view', 'spend');
    expect(skewed.code).toBe(1);
    expect(skewed.stdout).toContain('is sum(amount) over rolling 2h');
    const nothing = await runCli(folder.path, 'skew', '--to', '2020-01-01T00:00:00Z');
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toContain('MR_SKEW_NO_ROWS');
  });
});
