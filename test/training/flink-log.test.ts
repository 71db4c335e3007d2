// Training sets from a log that Flink wrote: each window's rows in a folder of its own, files without an
// ending, nothing that says in which order or when rows came.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { featureLog } from '../../src/adapters/file/index.ts';
import { flink } from '../../src/adapters/flink/index.ts';
import { kafka } from '../../src/adapters/kafka/index.ts';
import { writeTable } from '../../src/app/offline/write-table.ts';
import { columnOfValues } from '../../src/columns/column-table.ts';
import * as define from '../../src/index.ts';
import type { Field, Value } from '../../src/kernel/types/field-type.ts';
import { temporaryFolder } from '../cli/run-cli.ts';

const { t } = define;
const events = define.stream('events', {
  schema: { user: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '0s' },
});
const spend = define.featureView('spend', {
  entity: define.entity('user', { key: { user: t.string() } }),
  from: events,
  emit: 'watermark',
  decay: 'never',
  features: (e) => ({
    hour: define.sum(e.amount).over(define.rolling('1h')),
    ever: define.count().over(define.lifetime()),
  }),
});
const at = 'http://localhost:1';
const topic = (name: string) => kafka({ brokers: ['localhost:1'], topic: name });
const config = define.defineConfig({
  project: 'shop',
  definitions: [{ spend }],
  environments: {
    fleet: {
      streams: { events: topic('events') },
      offline: featureLog('./log'),
      checkpoints: { directory: './state', interval: '1s' },
      engine: flink({ gateway: at, jobManager: at }),
    },
  },
});

let folder: string;
const dayMs = Date.UTC(2026, 0, 2);
const file = (n: number) => `part-0b9af7f4-7f4b-4c1c-9d52-6a0b1c9e4f11-0-${n}`;
const field = (name: string, kind: 'string' | 'timestamp' | 'float64' | 'count'): Field => ({
  name,
  type: { kind },
  nullable: true,
});

/** Rows of one window, as Flink writes them: user, instant, value. */
async function log(
  window: string,
  feature: Field,
  rows: readonly (readonly [string, number, number])[],
): Promise<void> {
  const fields = [
    field('user', 'string'),
    field('event_time', 'timestamp'),
    field('as_of', 'timestamp'),
    feature,
  ];
  const values = [0, 1, 1, 2].map((i) => rows.map((row) => row[i] as Value));
  const columns = fields.map((of, i) => columnOfValues(of, values[i] ?? []));
  const place = join(folder, 'log', `spend.${window}`, 'date=2026-01-02', file(rows.length));
  await writeTable(`${place}.parquet`, { fields, columns, rowCount: rows.length }, () => {});
  renameSync(`${place}.parquet`, place);
  writeFileSync(join(dirname(place), `.${file(9)}.inprogress.77`), 'not a row');
}

async function train(more: object = {}): Promise<readonly unknown[]> {
  const [entities, out] = ['labels.jsonl', 'set.jsonl'].map((name) => join(folder, name));
  const labels = [
    ['a', 999],
    ['a', 1000],
    ['a', 2500],
    ['b', 2500],
  ].map(([user, ms]) => ({ user, event_timestamp: new Date(dayMs + Number(ms)).toISOString() }));
  writeFileSync(entities ?? '', labels.map((label) => `${JSON.stringify(label)}\n`).join(''));
  const app = await define.millrace(config, { env: 'fleet', baseDirectory: folder });
  const wishes = { views: ['spend'], entities: entities ?? '', out: out ?? '', ...more };
  try {
    await app.train({ mode: 'logged', ...wishes });
  } finally {
    await app.close();
  }
  return readFileSync(out ?? '', 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .map(({ user, hour, ever, spend__age_ms: age }) => [user, hour, ever, age]);
}

describe('a log that Flink wrote', () => {
  beforeEach(async () => {
    const place = temporaryFolder();
    onTestFinished(() => place.remove());
    folder = place.path;
    await log('rolling_1h', field('hour', 'float64'), [
      ['a', dayMs + 1000, 5],
      ['a', dayMs + 2000, 7.5],
    ]);
    await log('lifetime', field('ever', 'count'), [['a', dayMs + 1000, 1]]);
  });

  it('gives each window the newest row of its own, and the age of the newest of all', async () => {
    expect(await train()).toEqual([
      ['a', null, null, null],
      ['a', 5, 1, 0],
      ['a', 7.5, 1, 500],
      ['b', null, null, null],
    ]);
  });

  it('does not say what had arrived', async () => {
    await expect(train({ asKnownAt: true })).rejects.toMatchObject({
      code: 'MR_CONFIG_INVALID',
      message: 'the log of view "spend" is Flink\'s, which does not say when records arrived',
    });
  });
});
