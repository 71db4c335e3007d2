// Aggregates of users as definitions: what the plan says of them, and what is said of wrong ones.
import { describe, expect, it } from 'vitest';
import { comparePlans } from '../plan/upgrade/compare-plans.ts';
import { viewFingerprint } from '../plan/fingerprint.ts';
import { linkAggregates, userAggregates, codeOf } from '../plan/user-aggregate.ts';
import { planFromJson, planToJson } from '../plan/plan-json.ts';
import type { Plan } from '../plan/plan.ts';
import { buildPlan } from './build-plan.ts';
import { entity } from './entity.ts';
import { featureView } from './feature-view.ts';
import { stream } from './stream.ts';
import { t } from './type-builder.ts';
import { aggregate } from './user-aggregate.ts';
import { lifetime } from './window.ts';

const events = stream('events', {
  schema: { k: t.string(), x: t.float64().nullable(), n: t.int32(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1s' },
});

const right = {
  takes: t.float64(),
  schema: { top: t.float64().nullable() },
  returns: t.float64(),
  create: () => ({ top: null as number | null }),
  add: (state: { top: number | null }, x: number) => {
    state.top = Math.max(x, state.top ?? x);
  },
  merge: (into: { top: number | null }, from: { top: number | null }) => ({
    top: Math.max(from.top ?? -Infinity, into.top ?? -Infinity),
  }),
  result: ({ top }: { top: number | null }) => top,
};

function built(features: (p: unknown) => object) {
  const view = featureView('view', {
    entity: entity('k', { key: { k: t.string() } }),
    from: events,
    features: features as never,
  });
  return buildPlan([{ view }]);
}

type Fields = { readonly x: never; readonly n: never };

const planOf = (changes: object = {}): Plan => {
  const top = aggregate('top', { ...right, ...changes });
  return built((p) => ({ top: top((p as Fields).x).over(lifetime()) })).plan;
};

const problemsOf = (name: string, options: object): readonly string[] => {
  const made = aggregate(name, options as never);
  const { problems } = built((p) => ({ top: made((p as Fields).x).over(lifetime()) }));
  return problems.map(({ code, message }) => `${code}: ${message}`);
};

describe('an aggregate of a user in a plan', () => {
  it('is its name, version and types, and no function', () => {
    const { views } = planOf({ version: 3 });
    expect(views[0]?.features[0]).toMatchObject({
      type: { kind: 'float64' },
      nullable: true,
      aggregate: {
        fn: 'user',
        user: {
          name: 'top',
          version: 3,
          takes: { kind: 'float64' },
          state: [{ name: 'top', type: { kind: 'float64' }, nullable: true }],
          returns: { kind: 'float64' },
        },
      },
    });
  });

  it('knows the module that declared it', () => {
    const [node] = userAggregates(planOf());
    expect(node && codeOf(node)?.module).toBe(import.meta.url);
    const other = aggregate('other', { ...right, module: 'file:///other.ts' });
    expect(other.code.module).toBe('file:///other.ts');
  });

  it('comes back from JSON without functions, and is linked to equal ones only', () => {
    const plan = planOf();
    const read = planFromJson(planToJson(plan));
    expect(read).toEqual(plan);
    const [node] = userAggregates(read);
    linkAggregates(read, userAggregates(planOf({ version: 2 })));
    expect(node && codeOf(node)).toBeNull();
    linkAggregates(read, userAggregates(plan));
    expect(node && codeOf(node)).not.toBeNull();
  });

  it('has a fingerprint of its version and schema, not of its text', () => {
    const printOf = (changes: object): string => {
      const plan = planOf(changes);
      return viewFingerprint(plan, plan.views[0] as never);
    };
    expect(printOf({ result: () => 7 })).toBe(printOf({}));
    expect(printOf({ version: 2 })).not.toBe(printOf({}));
    const schema = { top: t.float64() };
    expect(printOf({ schema, create: () => ({ top: 0 }) })).not.toBe(printOf({}));
  });

  it('keeps its state while it is the same, and says what changed when it is not', () => {
    const compare = (changes: object) => comparePlans(planOf(), planOf(changes)).views[0];
    expect(compare({ add: () => ({ top: 1 }) })?.features[0]).toMatchObject({ fate: 'kept' });
    expect(compare({ version: 2 })?.features[0]).toMatchObject({
      fate: 'refused',
      note: expect.stringContaining(
        'it was top v1 {top float64?}(x) and is top v2 {top float64?}(x)',
      ),
    });
  });
});

describe('a wrong aggregate', () => {
  it.each([
    ['a name of two words', 'top value', right, 'the name of an aggregate is a word'],
    ['no functions', 'top', { ...right, merge: undefined }, 'needs the function merge'],
    ['nothing at all', 'top', undefined, 'needs the function create'],
    ['no type', 'top', { ...right, takes: 'float64' }, 'needs takes: a type'],
    ['no state', 'top', { ...right, schema: {} }, 'top keeps nothing'],
    [
      'a wrong version',
      'top',
      { ...right, version: 0.5 },
      'must be a whole number above 0, not 0.5',
    ],
    ['another type', 'top', { ...right, takes: t.string() }, 'top takes string, not float64'],
  ])('is named: %s', (_, name, options, message) => {
    expect(problemsOf(name, options as object).join('\n')).toContain(message);
  });

  it('is one of two of a name', () => {
    const [a, b] = [aggregate('top', right), aggregate('top', right)];
    const { problems } = built((p) => ({
      a: a((p as Fields).x).over(lifetime()),
      again: a((p as Fields).x).over(lifetime()),
      b: b((p as Fields).x).over(lifetime()),
    }));
    expect(problems).toMatchObject([
      { code: 'MR_DEFINITION_AGGREGATE', message: 'two aggregates are called "top"' },
    ]);
  });

  it.each([
    ['chance', () => ({ top: Math.random() }), 'Math.random'],
    ['the clock', () => ({ top: Date.now() }), 'Date.now'],
    ['the clock of a date', () => ({ top: new Date().getTime() }), 'new Date()'],
  ])('is warned of when it reads %s', (_, add, found) => {
    expect(problemsOf('top', { ...right, add })).toEqual([
      expect.stringContaining(`MR_DEFINITION_AGGREGATE: it uses ${found}`),
    ]);
  });
});
