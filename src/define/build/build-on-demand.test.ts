import { describe, expect, it } from 'vitest';
import {
  buildPlan,
  count,
  entity,
  featureService,
  featureView,
  lifetime,
  lit,
  onDemandView,
  rolling,
  select,
  stream,
  sum,
  t,
  when,
} from '../../index.ts';
import { planFingerprint } from '../../plan/fingerprint.ts';
import { planFromJson, planToJson } from '../../plan/plan-json.ts';
import { printPlan } from '../../plan/print-plan.ts';
import { printComparison } from '../../plan/printing/print-comparison.ts';
import { comparePlans } from '../../plan/upgrade/compare-plans.ts';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts' },
});
const userSpend = featureView('user_spend', {
  entity: user,
  from: purchases,
  features: (p) => ({
    spend_1h: sum(p.amount).over(rolling('1h')),
    purchases: count().over(lifetime()),
  }),
});
const risk = onDemandView('risk', {
  request: { amount: t.float64(), channel: t.string().nullable() },
  from: { spend: userSpend },
  features: (r, f) => ({
    ratio: r.amount.div(f.spend.spend_1h),
    is_new: f.spend.purchases.coalesce(0).eq(0),
    from_web: when(r.channel.eq('web'), r.amount).otherwise(0),
  }),
  owner: 'risk-team',
});

function problemsOf(module: Readonly<Record<string, unknown>>): readonly string[] {
  return buildPlan([module]).problems.map(
    ({ path, code, message }) => `${path} ${code} ${message}`,
  );
}

describe('an on-demand view', () => {
  it('becomes a node of its own, with typed columns', () => {
    const { plan, problems } = buildPlan([{ risk }]);
    expect(problems).toEqual([]);
    expect(plan.views.map(({ name }) => name)).toEqual(['user_spend']);
    expect(plan.onDemand).toMatchObject([
      {
        kind: 'onDemandView',
        name: 'risk',
        uid: 'on-demand:risk',
        from: ['user_spend'],
        features: [
          { name: 'ratio', type: { kind: 'float64' }, nullable: true },
          { name: 'is_new', type: { kind: 'bool' }, nullable: false },
          { name: 'from_web', type: { kind: 'float64' }, nullable: false },
        ],
      },
    ]);
  });

  it('survives JSON, and is printed', () => {
    const { plan } = buildPlan([{ risk }]);
    expect(planFromJson(planToJson(plan))).toEqual(plan);
    const text = printPlan(plan);
    expect(text).toContain('on-demand view risk');
    expect(text).toContain('request     amount float64, channel string?');
    expect(text).toContain('= amount / user_spend.spend_1h');
  });

  it('changes no fingerprint of what is kept', () => {
    const without = buildPlan([{ userSpend }]).plan;
    const { plan } = buildPlan([{ risk }]);
    expect('onDemand' in without).toBe(false);
    expect(planFingerprint(plan)).toBe(planFingerprint(without));
  });

  it('is compared with what it was', () => {
    const newer = onDemandView('risk', {
      request: { amount: t.float64(), channel: t.string().nullable() },
      from: { spend: userSpend },
      features: (r, f) => ({
        ratio: r.amount.div(f.spend.spend_1h.coalesce(1)),
        is_new: f.spend.purchases.coalesce(0).eq(0),
      }),
    });
    const [before, after] = [buildPlan([{ risk }]).plan, buildPlan([{ newer }]).plan];
    const comparison = comparePlans(before, after);
    expect(comparison.isSame).toBe(true);
    const text = printComparison(comparison);
    expect(text).toContain('on-demand view risk: computed otherwise');
    expect(text).toContain('ratio     was ratio float64? = amount / user_spend.spend_1h');
    expect(text).toContain('from_web  is no longer defined');
    expect(comparePlans(before, before).onDemand).toEqual([
      { view: 'risk', note: 'same', features: [] },
    ]);
  });

  it('is served whole or in part', () => {
    const model = featureService('model', { features: [userSpend, select(risk, 'ratio')] });
    const whole = featureService('whole', { features: [risk] });
    const { plan, problems } = buildPlan([{ model, whole }]);
    expect(problems).toEqual([]);
    expect(plan.services[0]?.features.at(-1)).toEqual({ view: 'risk', feature: 'ratio' });
    expect(plan.services[1]?.features.map(({ feature }) => feature)).toEqual([
      'ratio',
      'is_new',
      'from_web',
    ]);
  });
});

describe('a wrong on-demand view', () => {
  it('names unknown features and fields with the nearest', () => {
    const wrong = onDemandView('wrong', {
      request: { amount: t.float64() },
      from: { spend: userSpend },
      features: (r: never, f: never) => ({
        a: (r as { amuont: { plus(n: number): never } }).amuont.plus(1),
        b: (f as { spend: { spend_1hr: { plus(n: number): never } } }).spend.spend_1hr.plus(1),
      }),
    } as never);
    expect(problemsOf({ wrong })).toEqual([
      'wrong.features.a MR_DEFINITION_UNKNOWN_FIELD unknown field "amuont" of the request of "wrong": did you mean "amount"?',
      'wrong.features.b MR_DEFINITION_UNKNOWN_FIELD unknown field "spend_1hr" of view "user_spend": did you mean "spend_1h"?',
    ]);
  });

  it.each([
    [{ features: undefined }, '"features" must be (request, stored) => ({ … })'],
    [{ features: () => ({}) }, 'computes nothing'],
    [{ from: { spend: purchases } }, 'is not a feature view'],
    [{ from: [userSpend] }, 'is no object of feature views'],
    [{ request: { user_id: t.int64() } }, 'as a key of view "user_spend" it is string'],
    [{ request: { ratio: t.float64() } }, 'two columns named "ratio"'],
    [{ request: { as_of: t.float64() } }, 'is a column of every row'],
    [{ reqest: {} }, 'there is no option "reqest"'],
  ])('%j is refused: %s', (options, message) => {
    const features = () => ({ ratio: lit(1.5) });
    const wrong = onDemandView('wrong', {
      from: { spend: userSpend },
      features,
      ...options,
    } as never);
    expect(problemsOf({ wrong }).join('\n')).toContain(message);
  });

  it('may not have the name of a stored view', () => {
    const user_spend = onDemandView('user_spend', {
      request: { amount: t.float64() },
      features: (r) => ({ doubled: r.amount.times(2) }),
    });
    const problems = problemsOf({ userSpend, user_spend }).join('\n');
    expect(problems).toContain('there are two views named "user_spend"');
  });
});
