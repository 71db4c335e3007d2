// Views over the rows of other views, as a project has them: run, stopped and gone on with, checked, read.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Config,
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  type MillraceError,
  millrace,
  quantile,
  rolling,
  rowsOf,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import { featureLog, file } from 'millrace/file';
import { memoryStore } from 'millrace/memory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkProject } from '../../src/app/config/check-project.ts';

const user = entity('user', { key: { user_id: t.string() } });
const everybody = entity('everybody', { key: {} });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s', maxAhead: 'off' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: (p) => ({ spent: sum(p.amount).over(tumbling('1m')) }),
});
const typical = featureView('typical', {
  entity: everybody,
  from: rowsOf(spend),
  decay: 'never',
  features: (row) => ({
    windows: count().over(lifetime()),
    half: quantile(row.spent, 0.5).over(rolling('1h', { resolution: '1m' })),
  }),
});

let folder: string;
const startMs = Date.UTC(2026, 0, 1);
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, n) => {
    const i = from + n;
    return `${JSON.stringify({ user_id: `u${i % 3}`, amount: i % 17, ts: startMs + i * 7000 })}\n`;
  }).join('');

function configOf(name: string): Config {
  return defineConfig({
    project: 'chain',
    definitions: [{ typical }],
    environments: {
      local: {
        streams: { purchases: file(`./${name}.jsonl`) },
        online: memoryStore(),
        offline: featureLog(`./${name}-log`),
        checkpoints: { directory: `./${name}-checkpoints`, interval: '50ms' },
      },
      wide: { streams: { purchases: file(`./${name}.jsonl`) }, parallelism: 2 },
      wrong: {
        streams: { purchases: file(`./${name}.jsonl`), spend__rows: file('./rows.jsonl') },
        views: { spend: { emit: 'arrival' } },
      },
    },
  });
}

async function run(name: string) {
  const app = await millrace(configOf(name), { baseDirectory: folder });
  const summary = await app.run({ untilEnd: true });
  const { values } = await app.store.get(typical, {});
  return { app, summary, values };
}

describe('a view over the rows of a view', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-chain-'));
    writeFileSync(join(folder, 'whole.jsonl'), lines(0, 300));
    writeFileSync(join(folder, 'parts.jsonl'), lines(0, 140));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('goes on where the last run was, with the values of a run over all', async () => {
    const whole = await run('whole');
    expect(whole.values.windows).toBe(105);
    expect(whole.summary.views['spend']?.updates).toBeGreaterThanOrEqual(105);
    const first = await run('parts');
    expect(first.values.windows).toBeLessThan(60);
    await first.app.close();
    appendFileSync(join(folder, 'parts.jsonl'), lines(140, 300));
    const second = await run('parts');
    expect(second.summary.records_in).toBe(160);
    expect(second.summary.restored_checkpoint).not.toBeNull();
    expect(second.values).toEqual(whole.values);
    await second.app.close();
    await whole.app.close();
  });

  it('has no history to be computed from, but a feature log', async () => {
    const { app } = await run('whole');
    writeFileSync(
      join(folder, 'labels.jsonl'),
      `${JSON.stringify({ event_timestamp: new Date(startMs + 3_600_000).toISOString() })}\n`,
    );
    const [entities, out] = [join(folder, 'labels.jsonl'), join(folder, 'set.jsonl')];
    const asked = { views: [typical], entities, out };
    const failed = await app.train(asked).catch((error: MillraceError) => error);
    expect(failed).toMatchObject({
      code: 'MR_CONFIG_INVALID',
      fix: 'take training sets from the feature log: --mode logged',
    });
    expect(await app.train({ ...asked, mode: 'logged' })).toMatchObject({ rows: 1 });
    await app.close();
  });

  it('is said by check: where it is computed and what it reads', async () => {
    const { placement } = await checkProject(configOf('whole'), 'local');
    expect(placement).toEqual([
      {
        view: 'spend',
        on: 'engine',
        why: 'this environment has no Flink',
        reads: 'stream purchases',
      },
      {
        view: 'typical',
        on: 'engine',
        why: 'this environment has no Flink',
        reads: 'rows of spend, in the process',
      },
    ]);
    const { problems } = await checkProject(configOf('whole'), 'wide');
    expect(problems.map(({ path }) => path)).toContain('environments.wide.parallelism');
  });

  it('cannot be bound, and its view cannot give rows on arrival', async () => {
    const { problems } = await checkProject(configOf('whole'), 'wrong');
    expect(problems.filter(({ severity }) => severity === 'error').map(({ path }) => path)).toEqual(
      ['environments.wrong.views.spend.emit', 'environments.wrong.streams.spend__rows'],
    );
  });
});
