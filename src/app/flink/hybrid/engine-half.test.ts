import {
  count,
  defineConfig,
  entity,
  featureView,
  quantile,
  rolling,
  rowsOf,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import { flink } from 'millrace/flink';
import { kafka } from 'millrace/kafka';
import { memoryStore } from 'millrace/memory';
import { describe, expect, it } from 'vitest';
import { planFromJson, planToJson } from '../../../plan/plan-json.ts';
import { resolveProject } from '../../config/resolve-project.ts';
import { loaderProject } from '../load/loader-project.ts';
import { engineHalf } from './engine-half.ts';
import { placementOf } from './placement.ts';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: (p) => ({ spent: sum(p.amount).over(tumbling('5m')) }),
});
const typical = featureView('typical', {
  entity: user,
  from: rowsOf(spend).where((row) => row.spent.gt(1)),
  emit: 'watermark',
  features: (row) => ({ half: quantile(row.spent, 0.5).over(rolling('1h')) }),
});
const usual = featureView('usual', {
  entity: user,
  from: rowsOf(typical),
  features: () => ({ n: count().over(rolling('1h')) }),
});
const wide = featureView('wide', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: () => ({ n_5m: count().over(tumbling('5m')), n_1h: count().over(rolling('1h')) }),
});
const overWide = featureView('over_wide', {
  entity: user,
  from: rowsOf(wide),
  features: () => ({ n: count().over(rolling('1h')) }),
});

const brokers = ['localhost:9092'];
const config = (definitions: object) =>
  defineConfig({
    project: 'shop',
    definitions: [definitions as Record<string, unknown>],
    environments: {
      fleet: {
        engine: flink({ gateway: 'http://localhost:1', jobManager: 'http://localhost:2' }),
        streams: { purchases: kafka({ brokers, topic: 'purchases' }) },
        online: memoryStore(),
        outputs: {
          spend: kafka({ brokers, topic: 'spend' }),
          typical: kafka({ brokers, topic: 'typical', format: 'avro', registry: './schemas' }),
        },
        checkpoints: { directory: './state', interval: '20s' },
      },
      local: { streams: { purchases: kafka({ brokers, topic: 'purchases' }) } },
    },
  });
const resolved = (definitions: object, env = 'fleet') =>
  resolveProject(config(definitions), { env });

describe('an environment of Flink', () => {
  it('leaves views over rows to the engine, joined by a topic or in the process', async () => {
    const { views, notices } = placementOf(await resolved({ usual }));
    expect(views).toEqual([
      { view: 'spend', on: 'flink', why: 'Flink computes all of it', reads: 'stream purchases' },
      {
        view: 'typical',
        on: 'engine',
        why: 'it reads the rows of spend',
        reads:
          'rows of spend, by topic millrace.shop.fleet.spend.rows: written by Flink in transactions, seen after its checkpoints',
      },
      {
        view: 'usual',
        on: 'engine',
        why: 'it reads the rows of typical',
        reads: 'rows of typical, in the process',
      },
    ]);
    expect(notices).toEqual([]);
  });

  it('computes nothing elsewhere when there is no Flink', async () => {
    const { engine } = placementOf(await resolved({ usual }, 'local'));
    expect([...engine]).toEqual(['spend', 'typical', 'usual']);
  });

  it('leaves a view of several windows to the engine when its rows are read, and says so', async () => {
    const { engine, notices } = placementOf(await resolved({ overWide }));
    expect([...engine]).toEqual(['wide', 'over_wide']);
    expect(notices).toMatchObject([
      { severity: 'warning', code: 'MR_FLINK_PLACEMENT', path: 'wide' },
    ]);
    expect(notices[0]?.message).toContain('another view reads its rows');
  });

  it('has a half whose rows are a stream like any other, and whose plan a checkpoint can keep', async () => {
    const { plan, sources } = engineHalf(await resolved({ usual }));
    expect(Object.keys(sources)).toEqual(['rows_from_flink_spend']);
    expect(plan.streams[0]?.eventTime).toMatchObject({ field: 'as_of', idleTimeoutMs: 70_000 });
    expect(planFromJson(planToJson(plan))).toEqual(plan);
  });

  it('runs the loader and that half as one job, with the sinks of that half alone', async () => {
    const { project, logged } = loaderProject(await resolved({ usual }));
    expect(project.plan.views.map(({ name }) => name)).toEqual(['spend', 'typical', 'usual']);
    expect(Object.keys(project.environment.streams)).toEqual([
      'flink_rows_spend',
      'rows_from_flink_spend',
    ]);
    expect(Object.keys(project.environment.outputs ?? {})).toEqual(['typical']);
    expect(logged.map(({ view }) => view)).toEqual(['typical', 'usual']);
    expect(planFromJson(planToJson(project.plan))).toEqual(project.plan);
  });

  it('takes the word of a view, and refuses what Flink cannot then compute', async () => {
    const { flinkSql } = await import('../flink-sql.ts');
    const placed = featureView('placed', {
      entity: user,
      from: rowsOf(spend),
      features: () => ({ n: count().over(rolling('1h')) }),
    }).on('flink');
    const tried = flinkSql(config({ placed, typical }), { env: 'fleet' });
    await expect(tried).rejects.toThrow(/reads the rows of view "spend"/);
    const { script } = await flinkSql(config({ typical }), { env: 'fleet' });
    expect(script).toContain('INSERT INTO `spend__rows`');
    expect(script).toContain("'sink.partitioner' = 'fixed'");
    expect(script).toContain('-- typical is computed on the engine: it reads the rows of spend');
    expect(script).not.toContain('`typical');
  });
});
