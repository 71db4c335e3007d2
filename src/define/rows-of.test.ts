import { describe, expect, it } from 'vitest';
import { planFromJson, planToJson } from '../plan/plan-json.ts';
import { count, quantile, sum } from './aggregate.ts';
import { buildPlan } from './build-plan.ts';
import { entity } from './entity.ts';
import { featureView } from './feature-view.ts';
import { rowsOf } from './rows-of.ts';
import { stream } from './stream.ts';
import { t } from './type-builder.ts';
import { rolling, tumbling } from './window.ts';

const user = entity('user', { key: { user_id: t.string() } });
const region = entity('region', { key: { region: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  features: (p) => ({ spent: sum(p.amount).over(tumbling('5m')), n: count().over(tumbling('5m')) }),
  derive: (f) => ({ mean: f.spent.div(f.n) }),
});
const typical = featureView('typical', {
  entity: user,
  from: rowsOf(spend).where((row) => row.n.gt(1)),
  features: (row) => ({ half: quantile(row.mean, 0.5).over(rolling('1h')) }),
});

describe('the rows of a view', () => {
  it('are a stream of the plan: key, times, features; what is read comes along', () => {
    const { plan, problems } = buildPlan([{ typical }]);
    expect(problems).toEqual([]);
    expect(plan.views.map(({ name }) => name)).toEqual(['spend', 'typical']);
    const rows = plan.streams.find(({ name }) => name === 'spend__rows');
    expect(rows).toMatchObject({
      rowsOf: 'spend',
      eventTime: { field: 'as_of' },
      idField: 'user_id',
    });
    expect(rows?.fields.map(({ name }) => name)).toEqual([
      'user_id',
      'event_time',
      'as_of',
      'spent',
      'n',
      'mean',
    ]);
    expect(planFromJson(planToJson(plan))).toEqual(plan);
  });

  it('are one stream, whoever asks for it', () => {
    expect(rowsOf(spend)).toBe(rowsOf(spend));
    const other = featureView('other', {
      entity: user,
      from: rowsOf(spend),
      features: () => ({ n: count().over(rolling('1h')) }),
    });
    expect(buildPlan([{ typical, other }]).problems).toEqual([]);
  });

  it('can be grouped by another key, which has to be said', () => {
    const wrong = featureView('wrong', {
      entity: region,
      from: rowsOf(spend),
      features: () => ({ n: count().over(rolling('1h')) }),
    } as never);
    expect(buildPlan([{ wrong }]).problems.map(({ code }) => code)).toEqual(['MR_DEFINITION_KEY']);
  });

  it('change the fingerprint of what reads them', async () => {
    const { planFingerprint, viewFingerprint } = await import('../plan/fingerprint.ts');
    const { plan } = buildPlan([{ typical }]);
    const [read, reader] = plan.views;
    if (read === undefined || reader === undefined) throw new TypeError('two views');
    const views = [
      { ...read, from: { kind: 'filter', input: read.from, predicate: always } },
      reader,
    ];
    const changed = { ...plan, views } as typeof plan;
    expect(viewFingerprint(changed, reader)).not.toBe(viewFingerprint(plan, reader));
    expect(planFingerprint(changed)).not.toBe(planFingerprint(plan));
  });
});

const always = { kind: 'literal', value: true, type: { kind: 'bool' }, nullable: false } as const;

describe('a view whose rows are read', () => {
  const read = (options: object): readonly string[] => {
    const view = featureView('read', {
      entity: user,
      from: purchases,
      features: (p) => ({ spent: sum(p.amount).over(tumbling('5m')) }),
      ...options,
    });
    const reader = featureView('reader', {
      entity: user,
      from: rowsOf(view),
      features: () => ({ n: count().over(rolling('1h')) }),
    });
    return buildPlan([{ reader }]).problems.map(
      ({ path, code, message }) => `${path} ${code} ${message}`,
    );
  };

  it('gives its rows at the watermark', () => {
    expect(read({ emit: 'watermark' })).toEqual([]);
    expect(read({})).toEqual([
      `read.emit MR_DEFINITION_LATENESS rows of "read" are read by another view, and with emit: 'arrival' they do not come in order of event time`,
    ]);
  });

  it('gives none by decay, and corrects none', () => {
    expect(read({ emit: 'watermark', decay: '1m' })[0]).toContain(
      'decay adds rows that no record made',
    );
    const late = tumbling('5m', { allowedLateness: '1m' });
    const features = (p: { amount: never }): object => ({ spent: sum(p.amount).over(late) });
    expect(read({ emit: 'watermark', features })[0]).toContain('would correct rows that were read');
  });

  it('may not read its own rows', () => {
    const { plan } = buildPlan([{ typical }]);
    const turned = plan.views.map((view) => ({
      ...view,
      from: { kind: 'scan', stream: 'spend__rows' },
    }));
    const json = JSON.parse(planToJson(plan)) as { views: unknown };
    json.views = turned;
    expect(() => planFromJson(JSON.stringify(json))).toThrow(/reads its own rows/);
  });
});

describe('rowsOf', () => {
  it('says what it was given instead of a view', () => {
    const broken = featureView('broken', {
      entity: user,
      from: rowsOf(undefined as never),
      features: () => ({ n: count().over(rolling('1h')) }),
    } as never);
    const said = buildPlan([{ broken }]).problems.map(({ message }) => message);
    expect(said).toContain('rowsOf needs a feature view, not undefined');
  });
});

describe('.on(…)', () => {
  it('places a view and changes nothing of what it computes', async () => {
    const { viewFingerprint } = await import('../plan/fingerprint.ts');
    const plan = (view: object) => buildPlan([{ view }]).plan;
    const [plain, placed] = [plan(spend), plan(spend.on('flink'))];
    expect([plain.views[0]?.on, placed.views[0]?.on]).toEqual([undefined, 'flink']);
    const prints = [plain, placed].map((p) => viewFingerprint(p, p.views[0] as never));
    expect(prints[0]).toBe(prints[1]);
  });

  it('takes no other engine', () => {
    const said = buildPlan([{ view: spend.on('spark' as never) }]).problems;
    expect(said.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      `spend.on: .on(…) takes 'flink' or 'engine', not "spark"`,
    ]);
  });
});
