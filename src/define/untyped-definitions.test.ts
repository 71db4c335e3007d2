// Definitions as JavaScript without types could write them: nothing throws, each mistake is a
// problem with its path, and nothing is said twice.
import { describe, expect, it } from 'vitest';
import { buildPlan } from '../index.ts';
import * as typed from '../index.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- what JavaScript sees
type Untyped = any;
const millrace: Untyped = typed;
const { count, entity, featureService, featureView, lastN, quantile, rolling } = millrace;
const { ewma, stream, sum, t, topK, tumbling, when } = millrace;

const user = entity('user', { key: { user_id: t.string() } });
const events = stream('events', {
  schema: {
    user_id: t.string(),
    amount: t.float64(),
    n: t.int32(),
    name: t.string(),
    ts: t.timestamp(),
  },
  eventTime: { field: 'ts' },
});
const features = (): Untyped => ({ n: count().over(rolling('1h')) });

function view(options: Untyped): Untyped {
  return featureView('v', { entity: user, from: events, features, ...options });
}

function feature(make: (p: Untyped) => Untyped): Untyped {
  return view({ features: (p: Untyped) => ({ f: make(p) }) });
}

function timed(options: Untyped): Untyped {
  return stream('s', { schema: { ts: t.timestamp() }, eventTime: { field: 'ts', ...options } });
}

function withField(type: Untyped): Untyped {
  return stream('s', { schema: { a: type, ts: t.timestamp() }, eventTime: { field: 'ts' } });
}

const hour = rolling('1h');

describe('a definition without types', () => {
  it.each<[string, () => Untyped, string, string]>([
    ['an entity of nothing', () => entity('e'), 'e', 'the options are missing'],
    ['an entity without key', () => entity('e', {}), 'e.key', 'the fields are missing'],
    [
      'a key that is no type',
      () => entity('e', { key: { k: 'string' } }),
      'e.key.k',
      '"string" is not a field type',
    ],
    ['a stream of nothing', () => stream('s'), 's.eventTime', 'the options are missing'],
    [
      'no event time',
      () => stream('s', { schema: { ts: t.timestamp() } }),
      's.eventTime',
      'missing',
    ],
    [
      'no field of the time',
      () => timed({ field: undefined }),
      's.eventTime.field',
      'the field is missing',
    ],
    [
      'an unknown time option',
      () => timed({ outOfOrdernes: '5s' }),
      's.eventTime.outOfOrdernes',
      'no option',
    ],
    [
      'a delay of a number',
      () => timed({ outOfOrderness: 5 }),
      's.eventTime.outOfOrderness',
      '5 is not a duration',
    ],
    [
      'a delay before now',
      () => timed({ outOfOrderness: '-5s' }),
      's.eventTime.outOfOrderness',
      'not a duration',
    ],
    [
      'an idle timeout of 0',
      () => timed({ idleTimeout: '0s' }),
      's.eventTime.idleTimeout',
      'longer than 0',
    ],
    [
      'a default of another type',
      () => withField(t.int32().default(1.5)),
      's.schema.a',
      'the default 1.5 is no int32',
    ],
    [
      'too many digits',
      () => withField(t.decimal(20, 2)),
      's.schema.a',
      'wider than the 18 digits',
    ],
    ['a name that is none', () => stream(5, {}), 'stream', 'the name of this stream is 5'],
    [
      'a condition that is no function',
      () => events.where(),
      'events.where',
      'condition is not a function',
    ],
    [
      'an operator',
      () => events.where((p: Untyped) => p.amount > 0),
      'events.where',
      'an expression has no value here',
    ],
    [
      'a comparison with ===',
      () => events.where((p: Untyped) => p.name === 'x'),
      'events.where',
      'the condition is always false',
    ],
    [
      'a method that is none',
      () => events.where((p: Untyped) => p.name.like('x')),
      'events.where',
      'p.name.like is not a function',
    ],
    [
      'nothing returned',
      () => events.where(() => undefined),
      'events.where',
      'the condition is missing',
    ],
    ['a view without entity', () => view({ entity: undefined }), 'v.entity', 'must be an entity'],
    ['a view of a name', () => view({ from: 'events' }), 'v.from', 'must be a stream'],
    ['features that are no function', () => view({ features: {} }), 'v.features', 'must be (p) =>'],
    [
      'features that throw',
      () =>
        view({
          features: () => {
            throw new Error('boom');
          },
        }),
      'v.features',
      'threw: boom',
    ],
    [
      'features of nothing',
      () => view({ features: () => undefined }),
      'v.features',
      'returned undefined',
    ],
    ['no features', () => view({ features: () => ({}) }), 'v.features', 'has no features'],
    [
      'an unknown option',
      () => view({ freshnes: '5s' }),
      'v.freshnes',
      'there is no option "freshnes"',
    ],
    ['another emit', () => view({ emit: 'often' }), 'v.emit', "must be 'arrival' or 'watermark'"],
    ['a decay of 0', () => view({ decay: '0s' }), 'v.decay', 'longer than 0'],
    ['a ttl of 0', () => view({ ttl: '0s' }), 'v.ttl', 'longer than 0'],
    ['one tag', () => view({ tags: 'fraud' }), 'v.tags', 'not a list of texts'],
    [
      'a key by another name',
      () => view({ keyBy: (p: Untyped) => ({ usr: p.user_id }) }),
      'v.key.user_id',
      'keyBy gives no "user_id"',
    ],
    ['a key of nothing', () => view({ keyBy: () => undefined }), 'v.keyBy', 'returned undefined'],
    [
      'a derived unknown',
      () => view({ derive: (f: Untyped) => ({ d: f.m.div(2) }) }),
      'v.derive.d',
      'did you mean "n"?',
    ],
    [
      'a window of text',
      () => feature(() => count().over('1h')),
      'v.features.f.window',
      '"1h" is not a window',
    ],
    [
      'no window',
      () => feature(() => count().over()),
      'v.features.f.window',
      'the window is missing',
    ],
    [
      'an unknown window option',
      () => feature(() => count().over(tumbling('5m', { offfset: '1m' }))),
      'v.features.f.window.offfset',
      'no option',
    ],
    [
      'serving something else',
      () => feature(() => count().over(tumbling('5m', { serve: 'last' }))),
      'v.features.f.window.serve',
      "must be 'complete' or 'open'",
    ],
    [
      'a sum of nothing',
      () => feature(() => sum().over(hour)),
      'v.features.f',
      'sum needs an input',
    ],
    [
      'a sum of a name',
      () => feature(() => sum('amount').over(hour)),
      'v.features.f',
      'not a plain value',
    ],
    [
      'an unfinished when',
      () => feature((p) => sum(when(p.n.gt(0), 1)).over(hour)),
      'v.features.f',
      '.otherwise(…)',
    ],
    [
      'a when of a number',
      () => feature((p) => sum(when(p.n, 1).otherwise(0)).over(hour)),
      'v.features.f',
      'must be a bool, not int32',
    ],
    [
      'a list of no length',
      () => feature((p) => lastN(p.amount).over(hour)),
      'v.features.f',
      'a whole number above 0, not null',
    ],
    [
      'more frequent values than are kept',
      () => feature((p) => topK(p.name, 1001).over(hour)),
      'v.features.f',
      'topK needs a whole number from 1 to 1000, not 1001',
    ],
    [
      'the most frequent of no length',
      () => feature((p) => topK(p.name).over(hour)),
      'v.features.f',
      'a whole number from 1 to 1000, not null',
    ],
    [
      'no half-life',
      () => feature((p) => ewma(p.amount).over(hour)),
      'v.features.f.halfLife',
      'ewma needs a half-life',
    ],
    [
      'a half-life that is no duration',
      () => feature((p) => ewma(p.amount, 'soon').over(hour)),
      'v.features.f.halfLife',
      '"soon" is not a duration',
    ],
    [
      'a half-life of nothing',
      () => feature((p) => ewma(p.amount, '0s').over(hour)),
      'v.features.f.halfLife',
      'the half-life must be longer than 0',
    ],
    [
      'a decayed mean of texts',
      () => feature((p) => ewma(p.name, '1h').over(hour)),
      'v.features.f',
      'ewma needs a number, not string',
    ],
    [
      'a quantile of nothing',
      () => feature((p) => quantile(p.amount).over(hour)),
      'v.features.f',
      'from 0 to 1, not null',
    ],
    [
      'in nothing',
      () => feature((p) => count().where(p.name.in([])).over(hour)),
      'v.features.f.where',
      'at least one value',
    ],
    [
      'a name in capitals',
      () => view({ features: () => ({ spendPerHour: count().over(hour) }) }),
      'v.features.spendPerHour',
      'lower case',
    ],
    [
      'a service of names',
      () => featureService('s', { features: ['v'] }),
      's.features',
      '"v" is not a view',
    ],
    [
      'a service of nothing',
      () => featureService('s', {}),
      's.features',
      'undefined is not a list of views',
    ],
    [
      'an empty service',
      () => featureService('s', { features: [] }),
      's.features',
      'serves nothing',
    ],
  ])('with %s', (...[, make, path, message]) => {
    const { problems } = buildPlan([{ definition: make() }]);
    const found = problems.filter((problem) => problem.path === path);
    expect(found.map((problem) => problem.message).join('\n')).toContain(message);
    expect(found.filter((problem) => problem.severity === 'error')).toHaveLength(1);
  });

  it('suggests the nearest option and a name in the allowed letters', () => {
    const { problems } = buildPlan([
      { v: view({ freshnes: '5s', features: () => ({ spendPerHour: count().over(hour) }) }) },
    ]);
    const fixes = problems.map((problem) => problem.fix);
    expect(fixes).toContain('did you mean "freshness"?');
    expect(fixes).toContain('call it "spend_per_hour"');
  });

  it('may be a module that exports other things, or none', () => {
    const modules: Untyped = [undefined, null, 5, { a: null, b: 'x', c: () => 1, v: view({}) }];
    const { plan, problems } = buildPlan(modules);
    expect(problems).toEqual([]);
    expect(plan.views.map((v) => v.name)).toEqual(['v']);
    expect(plan.streams.map((s) => s.name)).toEqual(['events']);
  });
});
