// Training sets are point-in-time correct: a label's row is what records up to its instant come to,
// and what was served at that instant is what training recomputes.
import { join } from 'node:path';
import fc from 'fast-check';
import {
  type Config,
  approxDistinct,
  avg,
  count,
  countBy,
  defineConfig,
  entity,
  featureView,
  hopping,
  last,
  lastN,
  lifetime,
  max,
  millrace,
  quantile,
  rolling,
  session,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import { memoryStore } from 'millrace/memory';
import { type ScriptStep, scriptedSource } from 'millrace/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { readRow } from '../../src/columns/read-value.ts';
import { decodeKey } from '../../src/kernel/key-encoding.ts';
import type { Field } from '../../src/kernel/types/field-type.ts';
import type { FeatureLogBinding } from '../../src/ports/feature-log.ts';
import { tableFiles } from '../../src/formats/table/table-files.ts';
import { temporaryFolder } from '../cli/run-cli.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const minute = 60_000;

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: {
    event_id: t.string(),
    user_id: t.string(),
    amount: t.float64(),
    category: t.string().nullable(),
    ts: t.timestamp(),
  },
  eventTime: { field: 'ts', outOfOrderness: '1m', maxAhead: 'off' },
  id: 'event_id',
});

const spend = featureView('spend', {
  entity: user,
  from: purchases.where((p) => p.amount.gt(0)),
  ttl: '10m',
  emit: 'watermark',
  features: (p) => ({
    sum_5m: sum(p.amount).over(rolling('5m')),
    count_5m: count().over(rolling('5m')),
    max_3: max(p.amount).over(rolling({ rows: 3 })),
    last_all: lastN(p.amount, 3).over(lifetime()),
    newest: last(p.category).over(rolling('5m')),
    sum_1m: sum(p.amount).over(tumbling('1m')),
    avg_4m: avg(p.amount).over(hopping('4m', { every: '2m' })),
    // No two records are exactly this far apart: whether a session that is touched at its very end was
    // over before that is known to a replay, and not to a run that has already seen the next record.
    sessions: count().over(session('97317ms')),
    kinds: approxDistinct(p.category).over(rolling('6m', { resolution: '1m' })),
    by_kind: countBy(p.category, { max: 2 }).over(rolling('5m')),
    median_5m: quantile(p.amount, 0.5).over(rolling('5m')),
  }),
  derive: (f) => ({ mean_5m: f.sum_5m.div(f.count_5m) }),
});

const counts = featureView('counts', {
  entity: user,
  from: purchases,
  features: () => ({ count_5m: count().over(rolling('5m')) }),
});

interface Purchase {
  readonly user: string;
  readonly amount: number;
  readonly category: string | null;
  readonly ts: number;
}

function steps(rows: readonly Purchase[]): ScriptStep[] {
  return rows.map(({ user: user_id, amount, category, ts }, i) => ({
    kind: 'row',
    row: { event_id: `e${String(i).padStart(4, '0')}`, user_id, amount, category, ts },
  }));
}

function configOf(
  splits: readonly (readonly Purchase[])[],
  offline?: FeatureLogBinding,
  views: Readonly<Record<string, unknown>> = { spend, counts },
): Config {
  const script = Object.fromEntries(splits.map((rows, i) => [`split${i}`, steps(rows)]));
  return defineConfig({
    project: 'shop',
    definitions: [views],
    environments: {
      local: {
        streams: { purchases: scriptedSource({ splits: script }) },
        online: memoryStore(),
        deadLetters: join(folder.path, 'dead-letters'),
        ...(offline === undefined ? {} : { offline }),
      },
    },
  });
}

type Row = Readonly<Record<string, unknown>>;

/** Rows of a training set for labels given as CSV. */
async function train(
  config: Config,
  labels: string,
  views: readonly string[],
  fullFeatureNames = false,
): Promise<Row[]> {
  const entities = join(folder.path, 'labels.csv');
  const writer = await import('node:fs/promises');
  await writer.writeFile(entities, labels);
  const out = join(folder.path, 'train.jsonl');
  const app = await millrace(config);
  await app.train({ views, entities, out, fullFeatureNames });
  await app.close();
  const text = await writer.readFile(out, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

function purchase(ts: number, amount = 1, who = 'u1'): Purchase {
  return { user: who, amount, category: null, ts };
}

describe('a training set', () => {
  it('holds records up to the instant of the label, that instant included', async () => {
    const history = [[purchase(0, 1), purchase(minute, 10), purchase(2 * minute, 100)]];
    const times = [
      -1,
      0,
      minute - 1,
      minute,
      2 * minute - 1,
      2 * minute,
      5 * minute,
      5 * minute + 1,
    ];
    const labels = times.map((ms) => `u1,${ms}`).join('\n');
    const rows = await train(configOf(history), `user_id,event_timestamp\n${labels}\n`, ['spend']);
    expect(rows.map((row) => row['sum_5m'])).toEqual([null, 1, 1, 11, 11, 111, 111, 110]);
    expect(rows.map((row) => row['spend__age_ms'])).toEqual([
      null,
      0,
      minute - 1,
      0,
      minute - 1,
      0,
      3 * minute,
      3 * minute + 1,
    ]);
  });

  it('is null for entities not seen yet, and for those last seen longer ago than the ttl', async () => {
    const at = [10 * minute, 10 * minute + 1].map((ms) => `u1,${ms}`);
    const labels = `user_id,event_timestamp\n${['u2,5', ...at, ',5'].join('\n')}\n`;
    const rows = await train(configOf([[purchase(0)]]), labels, ['spend']);
    expect(rows.map((row) => row['last_all'])).toEqual([null, [1], null, null]);
    expect(rows.map((row) => row['count_5m'])).toEqual([null, 0, null, null]);
  });

  it('keeps the order, the duplicates and the other columns of the labels', async () => {
    const labels = `note,event_timestamp,user_id
"b, quoted",${new Date(minute).toISOString()},u1
a,${new Date(0).toISOString()},u1
"b, quoted",${new Date(minute).toISOString()},u1
`;
    const history = [[purchase(minute, 2), purchase(0, 1)]];
    const rows = await train(configOf(history), labels, ['spend']);
    expect(rows.map((row) => [row['note'], row['sum_5m']])).toEqual([
      ['b, quoted', 3],
      ['a', 1],
      ['b, quoted', 3],
    ]);
  });

  it('merges splits by time, however unordered they are', async () => {
    const splits = [
      [purchase(3 * minute, 4), purchase(0, 1)],
      [purchase(2 * minute, 2), purchase(minute, 8)],
    ];
    const labels = `user_id,event_timestamp\nu1,${2 * minute}\nu1,${3 * minute}\n`;
    const rows = await train(configOf(splits), labels, ['spend']);
    expect(rows.map((row) => row['sum_5m'])).toEqual([11, 15]);
    expect(rows.map((row) => row['last_all'])).toEqual([
      [1, 8, 2],
      [8, 2, 4],
    ]);
  });

  it('names equal features after their views, or all of them when asked', async () => {
    const labels = 'user_id,event_timestamp\nu1,0\n';
    const [row = {}] = await train(configOf([[purchase(0)]]), labels, ['spend', 'counts']);
    expect(row).toMatchObject({ spend__count_5m: 1, counts__count_5m: 1, sum_5m: 1 });
    const [full = {}] = await train(configOf([[purchase(0)]]), labels, ['counts'], true);
    expect(Object.keys(full)).toEqual([
      'user_id',
      'event_timestamp',
      'counts__count_5m',
      'counts__age_ms',
    ]);
  });

  it.each([
    ['user_id,when\nu1,0\n', /there is no column "event_timestamp"/],
    ['userid,event_timestamp\nu1,0\n', /there is no column "user_id".*did you mean "userid"/s],
    ['user_id,event_timestamp\nu1,yesterday\n', /"event_timestamp" is "yesterday"/],
    ['user_id,event_timestamp\nu1,\n', /row 1: "event_timestamp" is empty/],
    ['user_id,event_timestamp\nu1\n', /row 2 of .* has 1 cells/],
  ])('refuses labels like %j', async (labels, says) => {
    await expect(train(configOf([[purchase(0)]]), labels, ['spend'])).rejects.toMatchObject({
      code: 'MR_LABELS',
      message: expect.stringMatching(says) as string,
    });
  });
});

interface Logged {
  readonly asOfMs: number;
  readonly values: Row;
}

/** A feature log that keeps the newest row of each key and instant. */
function memoryLog(): FeatureLogBinding & { readonly rows: Map<string, Logged> } {
  const rows = new Map<string, Logged>();
  const key: readonly Field[] = [{ name: 'user_id', type: { kind: 'string' }, nullable: false }];
  return {
    description: 'memory',
    rows,
    open: () =>
      Promise.resolve({
        append(batch) {
          for (let i = 0; i < batch.rowCount; i++) {
            const bytes = batch.keyData.subarray(batch.keyStarts[i], batch.keyEnds[i]);
            const asOfMs = batch.asOfMs[i] as number;
            const values = readRow(batch.columns, batch.fields, i);
            const at = `${String(decodeKey(key, bytes)['user_id'])},${asOfMs}`;
            rows.set(at, { asOfMs, values });
          }
          return Promise.resolve();
        },
        commit: () => Promise.resolve(),
        close: () => Promise.resolve(),
      }),
  };
}

/** Histories whose records are less than the watermark's bound out of order. */
const histories = fc
  .array(
    fc.record({
      user: fc.constantFrom('u1', 'u2', 'u3'),
      amount: fc.integer({ min: -2, max: 50 }),
      category: fc.constantFrom('a', 'b', 'c', null),
      stepMs: fc.constantFrom(0, 1, 1000, 20_000, minute, 4 * minute),
      backMs: fc.constantFrom(0, 0, 1, 5000, 59_999),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((records) => {
    let now = 1_000 * minute;
    return records.map(({ stepMs, backMs, ...rest }): Purchase => {
      now += stepMs;
      return { ...rest, ts: now - backMs };
    });
  });

describe('training and serving', () => {
  it('agree: recomputing at the instant of a served row gives that row', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const log = memoryLog();
        const config = configOf([history], log, { spend });
        const app = await millrace(config);
        await app.run({ untilEnd: true });
        await app.close();
        const newestMs = Math.max(...history.map(({ ts }) => ts));
        const served = [...log.rows].filter(([, { asOfMs }]) => asOfMs <= newestMs - minute);
        const labels = served.map(([at]) => at).join('\n');
        const rows = await train(config, `user_id,event_timestamp\n${labels}\n`, ['spend']);
        expect(rows).toHaveLength(served.length);
        for (const [i, [at, { values }]] of served.entries()) {
          for (const [name, value] of Object.entries(values)) {
            expect(rows[i]?.[name], `${name} of ${at}`).toEqual(
              typeof value === 'number' ? expect.closeTo(value, 9) : value,
            );
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('tables', () => {
  it('read back what was written, in each kind of file', async () => {
    const fields: readonly Field[] = [
      { name: 'k', type: { kind: 'string' }, nullable: true },
      { name: 'n', type: { kind: 'int64' }, nullable: true },
      { name: 'x', type: { kind: 'float64' }, nullable: true },
      { name: 'at', type: { kind: 'timestamp' }, nullable: true },
      { name: 'ok', type: { kind: 'bool' }, nullable: true },
    ];
    const columns = [
      ['a', 'b,"c"\nd', '007'],
      [9_007_199_254_740_993n, -1n, null],
      [1.5, 0.1, null],
      [0, 1_735_689_600_123, null],
      [true, false, null],
    ];
    for (const ending of ['jsonl', 'csv', 'parquet']) {
      const path = join(folder.path, `table.${ending}`);
      const writer = await tableFiles.create(path, fields);
      await writer.write(columns, 3);
      await writer.close();
      const table = await tableFiles.read(path, new Map([['at', { kind: 'timestamp' }]]));
      expect(table, ending).toMatchObject({ fields, columns, rowCount: 3 });
    }
  });
});
