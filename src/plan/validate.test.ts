// What may come from hand-written JSON: each change of a sound plan is one problem with its place.
import { describe, expect, it } from 'vitest';
import * as shop from '../../examples/shop/features/shop.ts';
import { buildPlan } from '../index.ts';
import { planFromJson, planToJson } from './plan-json.ts';

type Node = { [name: string]: Node } & { [index: number]: Node };

const sound = planToJson(buildPlan([shop]).plan);

/** Problems of the shop's plan after a change; `sound` itself has none. */
function problemsAfter(change: (plan: Node, view: Node, stream: Node) => void): string {
  const plan = JSON.parse(sound) as Node;
  change(plan, plan['views']?.[0] as Node, plan['streams']?.[0] as Node);
  try {
    planFromJson(JSON.stringify(plan));
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
}

function set(node: Node | undefined, values: object): void {
  Object.assign(node as object, values);
}

describe('a plan that was changed', () => {
  it.each<[string, (plan: Node, view: Node, stream: Node) => void, string, string]>([
    ['nothing', () => {}, 'none', ''],
    [
      'no entity',
      (p) => set(p, { entities: [] }),
      'user_spend.entity',
      'there is no entity "user"',
    ],
    ['no stream', (p) => set(p, { streams: [] }), 'user_spend.from', 'no stream "purchases"'],
    [
      'no key',
      (_, v) => set(v, { key: [] }),
      'user_spend.key',
      'entity "user" has (user_id string)',
    ],
    [
      'another type of the key',
      (p) => set(p['entities']?.[0]?.['key']?.[0], { type: { kind: 'float64' } }),
      'user.key.user_id',
      'a float64 cannot be a key',
    ],
    [
      'two streams of a name',
      (p, _, s) => set(p, { streams: [s, s] }),
      'purchases',
      'two streams named "purchases"',
    ],
    [
      'a shared uid',
      (_, v) => set(v['features']?.[1], { uid: 'view:user_spend/feature:spend_1h' }),
      'spend_1h',
      'spend_1h and purchases_1h have the same uid',
    ],
    [
      'two fields of a name',
      (_, __, s) => set(s['fields']?.[1], { name: 'event_id' }),
      'purchases.schema.event_id',
      'two fields named "event_id"',
    ],
    ['an unknown id', (_, __, s) => set(s, { idField: 'id' }), 'purchases.id', 'no field "id"'],
    [
      'an id of a number',
      (_, __, s) => set(s, { idField: 'amount' }),
      'purchases.id',
      'cannot be an id',
    ],
    [
      'time before now',
      (_, __, s) => set(s['eventTime'], { outOfOrdernessMs: -1 }),
      'purchases.eventTime.outOfOrderness',
      'must not be below 0',
    ],
    [
      'a default of another type',
      (_, __, s) => set(s['fields']?.[2], { default: 'much' }),
      'purchases.schema.amount',
      'the default much is no float64',
    ],
    [
      'a literal of another type',
      (_, v) => set(v['from']?.['predicate']?.['args']?.[1], { value: 'zero' }),
      'user_spend.from',
      'string zero is no float64',
    ],
    [
      'a condition that is a constant',
      (_, v) => set(v['from'], { predicate: constant('bool', true) }),
      'user_spend.from',
      'the condition is always true',
    ],
    [
      'a condition of a number',
      (_, v) => set(v['from'], { predicate: constant('float64', 1) }),
      'user_spend.from',
      'must be a bool, not float64',
    ],
    [
      'one argument too many',
      (_, v) => set(v['from']?.['predicate'], { fn: 'isNull' }),
      'user_spend.from',
      'isNull takes 1, not 2',
    ],
    [
      'a column of another type',
      (_, v) => set(v['features']?.[0]?.['aggregate']?.['input'], { type: { kind: 'int64' } }),
      'user_spend.features.spend_1h',
      '"amount" is float64, but is declared int64',
    ],
    [
      'a feature of another type',
      (_, v) => set(v['features']?.[0], { nullable: false }),
      'user_spend.features.spend_1h',
      'is declared spend_1h float64, but is spend_1h float64?',
    ],
    [
      'a derived feature of another type',
      (_, v) => set(v['derived']?.[0], { type: { kind: 'string' } }),
      'user_spend.derive.share_big',
      'but is share_big float64',
    ],
    [
      'a sum with a limit',
      (_, v) => set(v['features']?.[0]?.['aggregate'], { limit: 5 }),
      'user_spend.features.spend_1h',
      'sum has no limit',
    ],
    [
      'a distinct max',
      (_, v) => set(v['features']?.[2]?.['aggregate'], { distinct: true }),
      'user_spend.features.max_24h',
      'max cannot be distinct',
    ],
    [
      'lateness before the end',
      (_, v) => set(v['features']?.[3]?.['window'], { allowedLatenessMs: -1 }),
      'user_spend.features.spend_5m.window',
      'must not be below 0',
    ],
    ['a ttl before now', (_, v) => set(v, { ttlMs: -1 }), 'user_spend.ttl', 'longer than 0'],
  ])('to %s', (...[, change, path, message]) => {
    const text = problemsAfter(change);
    expect(text).toContain(path);
    expect(text).toContain(message);
  });

  it.each<[string, (plan: Node, view: Node, stream: Node) => void, string]>([
    [
      'a view of one field',
      (p) => set(p, { views: [{}] }),
      'views[0].kind must be "view", not missing',
    ],
    ['an unknown field', (_, v) => set(v, { color: 'red' }), 'views[0].color is not known here'],
    [
      'an unknown window',
      (_, v) => set(v['features']?.[0]?.['window'], { kind: 'sliding' }),
      'views[0].features[0].window.kind must be one of rolling,',
    ],
    [
      'a fraction of a millisecond',
      (_, v) => set(v['features']?.[0]?.['window'], { sizeMs: 0.5 }),
      'window.sizeMs must be a whole number of milliseconds, not 0.5',
    ],
    ['another emit', (_, v) => set(v, { emit: 'often' }), 'views[0].emit must be "arrival" or'],
    ['a table', (_, __, s) => set(s, { kind: 'table' }), 'streams[0].kind must be "stream"'],
    ['a value of no kind', (_, v) => set(v, { owner: { $what: 1 } }), 'is not a value of a plan'],
  ])('to %s is no plan at all', (...[, change, message]) => {
    expect(problemsAfter(change)).toMatch(/^this is no plan: /);
    expect(problemsAfter(change)).toContain(message);
  });
});

function constant(kind: string, value: unknown): object {
  return { kind: 'literal', value, type: { kind }, nullable: false };
}
