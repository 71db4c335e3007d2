import { describe, expect, it } from 'vitest';
import {
  buildPlan,
  count,
  entity,
  ewma,
  type FeatureMigration,
  featureView,
  lifetime,
  max,
  migrate,
  rolling,
  stream,
  sum,
  t,
} from '../../index.ts';
import { viewFingerprint } from '../fingerprint.ts';
import type { Plan } from '../plan.ts';
import { planFromJson, planToJson } from '../plan-json.ts';
import { comparePlans, type PlanComparison } from './compare-plans.ts';

const user = entity('user', { key: { user_id: t.string() } });
const shop = entity('shop', { key: { shop_id: t.string() } });

function events(amount: 'int32' | 'float64') {
  return stream('events', {
    schema: {
      user_id: t.string(),
      shop_id: t.string(),
      amount: amount === 'int32' ? t.int32() : t.float64(),
      at: t.timestamp(),
    },
    eventTime: { field: 'at', outOfOrderness: '5s' },
  });
}

function planOf(options: Record<string, unknown>, amount: 'int32' | 'float64' = 'int32'): Plan {
  const view = featureView('spend', { entity: user, from: events(amount), ...options } as never);
  return buildPlan([{ view }]).plan as Plan;
}

type Fields = { amount: { gt(n: number): never } };

const before = planOf({
  features: (p: Fields) => ({
    spent: sum(p.amount as never).over(rolling('1h')),
    most: max(p.amount as never).over(rolling('24h')),
    n: count().over(rolling('1h')),
  }),
});

function fatesOf({ views }: PlanComparison): Record<string, string> {
  return Object.fromEntries(views.flatMap((v) => v.features.map((f) => [f.feature, f.fate])));
}

describe('state of an older plan', () => {
  it('is kept where nothing changed', () => {
    const comparison = comparePlans(before, before);
    expect(comparison).toMatchObject({ isRestorable: true, isSame: true });
    expect(fatesOf(comparison)).toEqual({ spent: 'kept', most: 'kept', n: 'kept' });
  });

  it('is refused for a new feature, unless it may start empty', () => {
    const features = (p: Fields) => ({
      spent: sum(p.amount as never).over(rolling('1h')),
      spent_2h: sum(p.amount as never).over(rolling('2h')),
    });
    const refused = comparePlans(before, planOf({ features }));
    expect(refused.isRestorable).toBe(false);
    expect(fatesOf(refused)).toMatchObject({ spent: 'kept', spent_2h: 'refused', most: 'dropped' });
    const empty = comparePlans(before, planOf({ features, upgrade: { added: 'empty' } }));
    expect(fatesOf(empty)).toMatchObject({ spent_2h: 'empty' });
    expect(empty).toMatchObject({ isRestorable: true, isSame: false });
  });

  it('is refused where the half-life is another, for the sums are', () => {
    const decayed = (halfLife: string) =>
      planOf({
        features: (p: Fields) => ({ e: ewma(p.amount as never, halfLife).over(lifetime()) }),
      });
    expect(comparePlans(decayed('1h'), decayed('60m')).isSame).toBe(true);
    const [view] = comparePlans(decayed('1h'), decayed('2h')).views;
    expect(view?.features[0]).toMatchObject({ fate: 'refused' });
    expect(view?.features[0]?.note).toContain('it was ewma(amount, 1h) and is ewma(amount, 2h)');
  });

  it('follows a feature to its new name', () => {
    const features = (p: Fields) => ({ money: sum(p.amount as never).over(rolling('1h')) });
    const plan = planOf({ features, upgrade: { renamed: { money: 'spent' } } });
    const [view] = comparePlans(before, plan).views;
    expect(view?.features[0]).toMatchObject({ feature: 'money', from: 'spent', fate: 'kept' });
    expect(view?.features.map(({ fate }) => fate)).toEqual(['kept', 'dropped', 'dropped']);
  });

  it('is kept as it is once it knows the new name', () => {
    const features = (p: Fields) => ({ money: sum(p.amount as never).over(rolling('1h')) });
    const plan = planOf({ features, upgrade: { renamed: { money: 'spent' } } });
    const [view] = comparePlans(plan, plan).views;
    expect(view?.features).toMatchObject([
      { feature: 'money', from: 'money', fate: 'kept', note: '' },
    ]);
  });

  it('needs a migration where the type of what is kept changes', () => {
    const features = (p: Fields) => ({ most: max(p.amount as never).over(rolling('24h')) });
    const refused = comparePlans(before, planOf({ features }, 'float64'));
    expect(refused.views[0]?.features[0]?.note).toContain('it kept int32 and is to keep float64');
    expect(refused.isRestorable).toBe(false);
    const retyped = { most: migrate(t.int32(), (old) => old.toFloat()) };
    const migrated = comparePlans(before, planOf({ features, upgrade: { retyped } }, 'float64'));
    expect(fatesOf(migrated)).toMatchObject({ most: 'migrated' });
    expect(migrated.isRestorable).toBe(true);
    const wrong = {
      most: migrate(t.string(), (old) => old.length().toFloat()) as FeatureMigration,
    };
    const other = comparePlans(
      before,
      planOf({ features, upgrade: { retyped: wrong } }, 'float64'),
    );
    expect(other.views[0]?.features[0]?.note).toContain('its migration is from string');
  });

  it('is kept, and said to be, where only the logic changed', () => {
    const features = (p: Fields) => ({
      spent: sum(p.amount as never)
        .where(p.amount.gt(5))
        .over(rolling('1h')),
    });
    const [view] = comparePlans(before, planOf({ features })).views;
    expect(view?.features[0]).toMatchObject({ fate: 'changed' });
    expect(view?.features[0]?.note).toContain('where amount > 5');
  });

  it.each([
    ['another key', { entity: shop }, 'its key was (user_id string) and is (shop_id string)'],
    ['another emission', { emit: 'watermark' }, "it was computed with emit 'arrival'"],
  ])('is refused as a whole for %s', (_, options, note) => {
    const features = () => ({ n: count().over(rolling('1h')) });
    const [view] = comparePlans(before, planOf({ features, ...options })).views;
    expect(view).toMatchObject({ fate: 'refused', note: expect.stringContaining(note) });
  });

  it('is dropped with its view, and a new view starts without any', () => {
    const gone = { ...before, views: [] };
    expect(comparePlans(before, gone).views).toMatchObject([{ view: 'spend', fate: 'dropped' }]);
    expect(comparePlans(gone, before).views).toMatchObject([{ view: 'spend', fate: 'empty' }]);
  });
});

describe('what a view says of its past', () => {
  const features = (p: Fields) => ({ most: max(p.amount as never).over(rolling('24h')) });
  const upgrade = {
    renamed: { most: 'greatest' },
    added: 'empty',
    retyped: { most: migrate(t.int32(), (old) => old.toFloat()) },
  };

  it('survives JSON and is no part of what is computed', () => {
    const plain = planOf({ features }, 'float64');
    const plan = planOf({ features, upgrade }, 'float64');
    expect(planFromJson(planToJson(plan))).toEqual(plan);
    const fingerprints = [plain, plan].map((p) => viewFingerprint(p, p.views[0] as never));
    expect(fingerprints[0]).toBe(fingerprints[1]);
  });

  it.each([
    ['a name that no feature has', { renamed: { mots: 'max' } }, 'did you mean "most"'],
    [
      'a migration to another type',
      { retyped: { most: migrate(t.int32(), (o) => o) } },
      'gives int32',
    ],
    ['something that is no migration', { retyped: { most: 'cast' } }, 'is no migration'],
    ['another start', { added: 'full' }, "added must be 'empty'"],
    ['an option that does not exist', { rename: {} }, 'there is no option "rename"'],
  ])('is checked for %s', (_, wrong, message) => {
    const view = featureView('spend', {
      entity: user,
      from: events('float64'),
      features,
      upgrade: wrong,
    } as never);
    const { problems } = buildPlan([{ view }]);
    expect(problems.map((p) => `${p.message} ${p.fix ?? ''}`).join('\n')).toContain(message);
  });
});
