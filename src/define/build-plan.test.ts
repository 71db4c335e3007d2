import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as shop from '../../examples/shop/features/shop.ts';
import * as define from '../index.ts';

const {
  buildPlan,
  count,
  entity,
  featureService,
  featureView,
  hopping,
  quantile,
  rolling,
  stream,
  sum,
  t,
  tumbling,
} = define;

const user = entity('user', { key: { user_id: t.string() } });
const events = stream('events', {
  schema: {
    user_id: t.string(),
    amount: t.float64(),
    n: t.int32(),
    name: t.string().nullable(),
    at: t.timestamp(),
  },
  eventTime: { field: 'at', outOfOrderness: '5s' },
});

type AnyFields = Record<string, never>;

/** A view as untyped JavaScript would write it. */
function view(options: Record<string, unknown>): Record<string, unknown> {
  const base = { entity: user, from: events, features: () => ({ n: count().over(rolling('1h')) }) };
  return { view: featureView('spend', { ...base, ...options } as never) };
}

function feature(make: (p: AnyFields) => unknown): Record<string, unknown> {
  return view({ features: (p: AnyFields) => ({ f: make(p) }) });
}

describe('definitions with problems', () => {
  it.each<[string, Record<string, unknown>, string, string, string]>([
    [
      'an unknown field',
      feature((p) => sum((p as never as { amuont: never }).amuont).over(rolling('1h'))),
      'MR_DEFINITION_UNKNOWN_FIELD',
      'spend.features.f',
      'did you mean "amount"?',
    ],
    [
      'a sum of a string',
      feature((p) => sum((p as never as { name: never }).name).over(rolling('1h'))),
      'MR_DEFINITION_TYPE',
      'spend.features.f',
      'sum needs a number, not string',
    ],
    [
      'a forgotten window',
      feature(() => count()),
      'MR_DEFINITION_WINDOW',
      'spend.features.f',
      'has no window',
    ],
    [
      'a bad duration',
      feature(() => count().over(rolling('1 hour'))),
      'MR_DEFINITION_DURATION',
      'spend.features.f.window.size',
      '"1 hour" is not a duration',
    ],
    [
      'a window longer than the ttl',
      view({ ttl: '30m' }),
      'MR_DEFINITION_TTL',
      'spend.features.n.window',
      'longer than the ttl of view "spend" (30m)',
    ],
    [
      'a hop that does not divide',
      feature(() => count().over(hopping('1h', { every: '7m' }))),
      'MR_DEFINITION_WINDOW',
      'spend.features.f.window',
      'every 7m does not divide the size 1h',
    ],
    [
      'no hop',
      feature(() => count().over(hopping('1h', {} as never))),
      'MR_DEFINITION_WINDOW',
      'spend.features.f.window',
      'hopping needs "every"',
    ],
    [
      'an empty window',
      feature(() => count().over(tumbling('0s'))),
      'MR_DEFINITION_WINDOW',
      'spend.features.f.window',
      'size must be longer than 0',
    ],
    [
      'a quantile above 1',
      feature((p) => quantile((p as never as { amount: never }).amount, 95).over(rolling('1h'))),
      'MR_DEFINITION_WINDOW',
      'spend.features.f',
      'a number from 0 to 1, not 95',
    ],
    [
      'a reserved name',
      view({ features: () => ({ as_of: count().over(rolling('1h')) }) }),
      'MR_DEFINITION_NAME',
      'spend.features.as_of',
      'a column of every row',
    ],
    [
      'a name of the key',
      view({ features: () => ({ user_id: count().over(rolling('1h')) }) }),
      'MR_DEFINITION_NAME',
      'spend.features.user_id',
      'a key of the view',
    ],
    [
      'a derived feature with the name of a feature',
      view({ derive: (f: { n: { div(x: number): unknown } }) => ({ n: f.n.div(2) }) }),
      'MR_DEFINITION_DUPLICATE',
      'spend.features.n',
      'two features named "n"',
    ],
    [
      'a key that the stream does not have',
      view({ entity: entity('shop', { key: { shop_id: t.string() } }) }),
      'MR_DEFINITION_KEY',
      'spend.key.shop_id',
      'has no field "shop_id"',
    ],
    [
      'a key of another type',
      view({ entity: entity('user', { key: { user_id: t.int64() } }) }),
      'MR_DEFINITION_KEY',
      'spend.key.user_id',
      'says int64, stream "events" says string',
    ],
    [
      'an event time that is no timestamp',
      view({
        from: stream('events', { schema: events.schema, eventTime: { field: 'name' as never } }),
      }),
      'MR_DEFINITION_EVENT_TIME',
      'events.eventTime.field',
      '"name" is string?',
    ],
    [
      'a filter that is no condition',
      view({ from: events.where((p) => p.n as never) }),
      'MR_DEFINITION_TYPE',
      'spend.from',
      'must be a bool, not int32',
    ],
    [
      'a fraction beside an integer',
      feature((p) =>
        sum((p as never as { n: { plus(x: number): never } }).n.plus(1.5)).over(rolling('1h')),
      ),
      'MR_DEFINITION_TYPE',
      'spend.features.f',
      '1.5 is a fraction beside an int32',
    ],
    [
      'two views of one name',
      { ...view({}), other: (view({ ttl: '1d' }) as { view: unknown }).view },
      'MR_DEFINITION_DUPLICATE',
      'spend',
      'two views named "spend"',
    ],
    [
      'a service of an unknown feature',
      {
        ...view({}),
        s: featureService('s', { features: [{ view: view({}).view as never, features: ['m'] }] }),
      },
      'MR_DEFINITION_UNKNOWN_FIELD',
      's.features.spend:m',
      'has no feature "m"; did you mean "n"?',
    ],
    [
      'a zod type that has no field type',
      {
        s: stream('z', {
          schema: define.fromZod(z.object({ at: z.date(), x: z.set(z.string()) })) as never,
          eventTime: { field: 'at' as never },
        }),
      },
      'MR_DEFINITION_TYPE',
      'z.schema.x',
      'zod\'s "set" at x has no field type',
    ],
  ])('%s', (...[, module, code, path, message]) => {
    const errors = buildPlan([module]).problems.filter(
      (p) => p.severity === 'error' && p.path === path,
    );
    expect(errors.map((p) => p.code)).toContain(code);
    expect(errors.map((p) => p.message).join('\n')).toContain(message);
  });

  it('are all reported at once', () => {
    const module = view({
      ttl: 'soon',
      features: (p: Record<string, never>) => ({
        a: count(),
        b: sum((p as never as { amuont: never }).amuont).over(rolling('1h')),
        c: count().over(hopping('1h', { every: '7m' })),
      }),
    });
    const errors = buildPlan([module]).problems.filter((p) => p.severity === 'error');
    expect(errors.map((p) => p.path).sort()).toEqual([
      'spend.features.a',
      'spend.features.b',
      'spend.features.c.window',
      'spend.ttl',
    ]);
  });

  it('warn of ties that would be late and of large state', () => {
    const zero = stream('events', { schema: events.schema, eventTime: { field: 'at' } });
    const { problems } = buildPlan([
      view({
        from: zero,
        emit: 'watermark',
        features: () => ({ n: count().over(rolling('30d')) }),
      }),
    ]);
    expect(problems.map((p) => [p.severity, p.code])).toEqual([
      ['warning', 'MR_DEFINITION_STATE_SIZE'],
      ['warning', 'MR_DEFINITION_LATENESS'],
    ]);
  });
});

describe('the shop', () => {
  it('has no problems and is frozen to the bottom', () => {
    const { plan, problems } = buildPlan([shop]);
    expect(problems).toEqual([]);
    const isFrozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    expect(isFrozen(plan)).toBe(true);
    expect(plan.views[0]?.features.map((f) => f.uid)[0]).toBe('view:user_spend/feature:spend_1h');
  });
});
