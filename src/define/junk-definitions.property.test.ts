// Whatever is given as options, loading and building a definition never throws.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as millrace from '../index.ts';

const { buildPlan, t } = millrace;
const untyped = millrace as unknown as Readonly<
  Record<
    'entity' | 'stream' | 'featureView' | 'onDemandView' | 'featureService',
    (...args: unknown[]) => unknown
  >
>;

const sound = {
  key: { k: t.string() },
  schema: { k: t.string(), ts: t.timestamp() },
  eventTime: { field: 'ts' },
};
const user = untyped.entity('user', { key: sound.key });
const events = untyped.stream('events', sound);

const view = untyped.featureView('view', { entity: user, from: events, features: () => ({}) });

const junk = fc.anything({ withBigInt: true, withMap: true, withNullPrototype: true });
const returned = junk.map((value) => () => value);
const options = (names: readonly string[], values: object): fc.Arbitrary<unknown> =>
  fc.oneof(
    junk,
    fc
      .record(Object.fromEntries(names.map((name) => [name, fc.oneof(junk, returned)])), {
        requiredKeys: [],
      })
      .map((given) => ({ ...values, ...given })),
  );

const definition = fc.oneof(
  fc.tuple(fc.constant('entity' as const), options(['key', 'description'], sound)),
  fc.tuple(fc.constant('stream' as const), options(['schema', 'eventTime', 'id'], sound)),
  fc.tuple(
    fc.constant('featureView' as const),
    options(['entity', 'from', 'keyBy', 'features', 'derive', 'ttl', 'emit', 'decay', 'tags'], {
      entity: user,
      from: events,
      features: () => ({}),
    }),
  ),
  fc.tuple(
    fc.constant('onDemandView' as const),
    options(['request', 'from', 'features', 'tags'], {
      request: { x: t.float64() },
      from: { view },
      features: () => ({}),
    }),
  ),
  fc.tuple(fc.constant('featureService' as const), options(['features', 'owner'], {})),
);

describe('a definition of junk', () => {
  it('is a list of problems, never an exception', () => {
    fc.assert(
      fc.property(definition, fc.oneof(fc.constant('d'), junk), ([kind, given], name) => {
        const { problems } = buildPlan([{ d: untyped[kind](name, given) }]);
        for (const problem of problems) expect(problem.message).toEqual(expect.any(String));
      }),
      { numRuns: 500 },
    );
  });
});
