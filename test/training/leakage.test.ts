// No leakage: an event that happened before a label and arrived after it changes nothing in a
// training set that only knows what had arrived, and does change one of event time; in both modes.
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  count,
  defineConfig,
  entity,
  featureView,
  lastN,
  lifetime,
  max,
  millrace,
  rolling,
  session,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import { featureLog, file } from 'millrace/file';
import { memoryStore } from 'millrace/memory';
import { afterAll, describe, expect, it } from 'vitest';
import type { TrainMode } from '../../src/index.ts';
import { temporaryFolder } from '../cli/run-cli.ts';
import { type LoggedRow, writeLog } from './write-log.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const minute = 60_000;
const startMs = Date.UTC(2026, 4, 4, 23, 50);

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: {
    user_id: t.string(),
    amount: t.float64(),
    ts: t.timestamp(),
    ingested_at: t.timestamp().nullable(),
  },
  eventTime: { field: 'ts', outOfOrderness: '10m', maxAhead: 'off' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  ttl: '7d',
  features: (p) => ({
    sum_1h: sum(p.amount).over(rolling('1h')),
    max_1h: max(p.amount).over(rolling('1h')),
    count_all: count().over(lifetime()),
    last_3: lastN(p.amount, 3).over(lifetime()),
    sum_10m: sum(p.amount).over(tumbling('10m')),
    sessions: count().over(session('20m')),
  }),
});
const waiting = featureView('waiting', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: (p) => ({ sum_1h: sum(p.amount).over(rolling('1h')) }),
});

interface Purchase {
  readonly amount: number;
  readonly atMin: number;
  readonly arrivedMin: number | null;
}

let runs = 0;

/** A project whose history is these purchases of one user, in the order of their arrival. */
async function projectOf(purchased: readonly Purchase[]) {
  const name = `history-${runs++}`;
  const lines = purchased.map(({ amount, atMin, arrivedMin }) =>
    JSON.stringify({
      user_id: 'u1',
      amount,
      ts: startMs + atMin * minute,
      ingested_at: arrivedMin === null ? null : startMs + arrivedMin * minute,
    }),
  );
  writeFileSync(join(folder.path, `${name}.jsonl`), `${lines.join('\n')}\n`);
  const offline = featureLog(`${name}-log`);
  const config = defineConfig({
    project: 'shop',
    definitions: [{ spend, waiting }],
    environments: {
      local: {
        streams: { purchases: file(`${name}.jsonl`) },
        online: memoryStore(),
        offline,
      },
    },
  });
  return { app: await millrace(config, { baseDirectory: folder.path }), offline };
}

type Rows = readonly Readonly<Record<string, unknown>>[];

interface Wish {
  readonly mode: TrainMode;
  readonly asKnownAt: boolean;
  readonly view?: { readonly name: string };
}

type Project = Awaited<ReturnType<typeof projectOf>>;

/** Feature rows for labels of the user at these minutes. */
async function train(
  { app }: Project,
  minutes: readonly number[],
  { mode, asKnownAt, view = spend }: Wish,
): Promise<Rows> {
  const entities = join(folder.path, 'labels.csv');
  const lines = minutes.map((at) => `u1,${startMs + at * minute}`);
  writeFileSync(entities, `user_id,event_timestamp\n${lines.join('\n')}\n`);
  const out = join(folder.path, 'out.jsonl');
  const arrivalFields = { purchases: 'ingested_at' };
  await app.train({ views: [view], entities, out, mode, asKnownAt, arrivalFields });
  const text = await readFile(out, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Rows[number]);
}

const onTime: readonly Purchase[] = [0, 5, 9, 21, 30, 44].map((atMin) => ({
  amount: atMin + 1,
  atMin,
  arrivedMin: atMin + 1,
}));
/** Happened in minute 8, the day before, and arrived in minute 33. */
const late: Purchase = { amount: 1000, atMin: 8, arrivedMin: 33 };
const withLate = [...onTime, late].toSorted((a, b) => Number(a.arrivedMin) - Number(b.arrivedMin));
const minutes = [-1, 0, 1, 8, 9, 10, 20, 22, 29, 32, 33, 34, 45, 60, 120];
const before = minutes.filter((at) => at < 33).length;

/** What a job that emits on arrival logs: a row per record, when it arrived. */
function arrivalRows(purchased: readonly Purchase[]): readonly LoggedRow[] {
  return purchased.map(({ arrivedMin }, i): LoggedRow => {
    const applied = purchased.slice(0, i + 1);
    const newest = startMs + Math.max(...applied.map(({ atMin }) => atMin)) * minute;
    return {
      key: { user_id: 'u1' },
      asOfMs: newest,
      arrivalMs: startMs + (arrivedMin ?? 0) * minute,
      seq: i + 1,
      values: { count_all: applied.length, max_1h: Math.max(...applied.map((p) => p.amount)) },
    };
  });
}

describe('a late event, recomputed', () => {
  it('changes nothing for labels before it arrived, and everything after', async () => {
    const wish = { mode: 'recompute', asKnownAt: true } as const;
    const without = await train(await projectOf(onTime), minutes, wish);
    const planted = await train(await projectOf(withLate), minutes, wish);
    expect(planted.slice(0, before)).toEqual(without.slice(0, before));
    expect(planted[before]).toMatchObject({ sum_1h: 1070, count_all: 6, last_3: [10, 22, 31] });
    expect(without[before]).toMatchObject({ sum_1h: 70, count_all: 5 });
  });

  it('changes labels of event time as soon as it had happened', async () => {
    const wish = { mode: 'recompute', asKnownAt: false } as const;
    const without = await train(await projectOf(onTime), minutes, wish);
    const planted = await train(await projectOf(withLate), minutes, wish);
    const differs = minutes.filter(
      (_, i) => planted[i]?.['count_all'] !== without[i]?.['count_all'],
    );
    expect(differs).toEqual(minutes.filter((at) => at >= 8));
  });

  it('leaves out what does not say when it arrived', async () => {
    const unknown = { amount: 7, atMin: 2, arrivedMin: null };
    const project = await projectOf([...onTime, unknown]);
    const [row] = await train(project, [60], { mode: 'recompute', asKnownAt: true });
    expect(row).toMatchObject({ count_all: onTime.length });
  });

  it('needs to know when records arrived', async () => {
    const { app } = await projectOf(onTime);
    const options = {
      views: [spend],
      entities: join(folder.path, 'labels.csv'),
      out: join(folder.path, 'out.csv'),
      asKnownAt: true,
    };
    await expect(app.train(options)).rejects.toThrow(/nothing says when records of stream "purch/);
    await expect(
      app.train({ ...options, arrivalFields: { purchases: 'ingested' } }),
    ).rejects.toThrow(/has no field "ingested"/);
    await expect(app.train({ ...options, arrivalFields: { purchases: 'amount' } })).rejects.toThrow(
      /holds float64, not instants/,
    );
  });
});

describe('a late event, logged', () => {
  it('changes nothing for labels before it arrived, and does by event time', async () => {
    const projects = [await projectOf(onTime), await projectOf(withLate)] as const;
    for (const [i, history] of [onTime, withLate].entries()) {
      const { app, offline } = projects[i] as Project;
      await writeLog(
        { offline, baseDirectory: folder.path, plan: app.plan },
        'spend',
        arrivalRows(history),
      );
    }
    const known = { mode: 'logged', asKnownAt: true } as const;
    const without = await train(projects[0], minutes, known);
    const planted = await train(projects[1], minutes, known);
    expect(planted.slice(0, before)).toEqual(without.slice(0, before));
    expect(planted[before]).toMatchObject({ max_1h: 1000, count_all: 6 });
    expect(without.map((row) => row['count_all'])).toEqual(
      minutes.map((at) => onTime.filter((p) => Number(p.arrivedMin) <= at).length || null),
    );
    const byEvent = { mode: 'logged', asKnownAt: false } as const;
    const planted30 = await train(projects[1], [30, 32], byEvent);
    const without30 = await train(projects[0], [30, 32], byEvent);
    expect(planted30[0]).toMatchObject({ max_1h: 1000 });
    expect(without30[0]).toMatchObject({ max_1h: 31 });
  });

  it('of a view that waits for the watermark: a row is known with the last of its records', async () => {
    const { app, offline } = await projectOf([]);
    const row = (at: number, arrived: number, seq: number, value: number): LoggedRow => ({
      key: { user_id: 'u1' },
      asOfMs: startMs + at * minute,
      arrivalMs: startMs + arrived * minute,
      seq,
      values: { sum_1h: value },
    });
    // The record of minute 8 arrived in minute 14, after that of minute 9, whose row counts it already.
    const rows = [row(0, 1, 1, 1), row(8, 14, 2, 101), row(9, 10, 3, 201), row(30, 31, 4, 301)];
    await writeLog({ offline, baseDirectory: folder.path, plan: app.plan }, 'waiting', rows);
    const at = [7, 10, 13, 14, 30, 31];
    const wish = { mode: 'logged', view: waiting } as const;
    const project = { app, offline };
    const known = await train(project, at, { ...wish, asKnownAt: true });
    expect(known.map((r) => r['sum_1h'])).toEqual([1, 1, 1, 201, 201, 301]);
    const happened = await train(project, at, { ...wish, asKnownAt: false });
    expect(happened.map((r) => r['sum_1h'])).toEqual([1, 201, 201, 201, 301, 301]);
  });

  it('keeps what is not known yet for the days after', async () => {
    const { app, offline } = await projectOf([]);
    const day = 24 * 60;
    const rows = [0, 1, 2].map(
      (n): LoggedRow => ({
        key: { user_id: 'u1' },
        asOfMs: startMs + n * day * minute,
        arrivalMs: startMs + (n * day + 2 * day) * minute,
        seq: n + 1,
        values: { count_all: n + 1 },
      }),
    );
    await writeLog({ offline, baseDirectory: folder.path, plan: app.plan }, 'spend', rows);
    const at = [0, 1, 2, 3, 4].map((n) => n * day);
    const known = await train({ app, offline }, at, { mode: 'logged', asKnownAt: true });
    expect(known.map((row) => row['count_all'])).toEqual([null, null, 1, 2, 3]);
  });

  it('takes a correction from when it was known, and not before', async () => {
    const { app, offline } = await projectOf([]);
    const row = (at: number, arrived: number, seq: number): LoggedRow => ({
      key: { user_id: 'u1' },
      asOfMs: startMs + at * minute,
      arrivalMs: startMs + arrived * minute,
      seq,
      values: { count_all: seq },
    });
    const correction = row(0, 40, 9);
    await writeLog({ offline, baseDirectory: folder.path, plan: app.plan }, 'spend', [
      row(0, 1, 1),
      row(20, 21, 2),
      correction,
    ]);
    const at = [5, 22, 45];
    const project = { app, offline };
    const known = await train(project, at, { mode: 'logged', asKnownAt: true });
    expect(known.map((r) => r['count_all'])).toEqual([1, 2, 2]);
    const happened = await train(project, at, { mode: 'logged', asKnownAt: false });
    expect(happened.map((r) => r['count_all'])).toEqual([9, 2, 2]);
  });
});
