// The feature views of the recorded Feast project as a plan: last value per key, since ever. How a
// feature is computed does not matter here; its type, key and ttl do.
import type { Field, FieldType } from '../../src/kernel/types/field-type.ts';
import type { ColumnExpression, Expression } from '../../src/plan/expression.ts';
import type {
  FeatureNode,
  OnDemandViewNode,
  Plan,
  ServiceNode,
  ViewNode,
} from '../../src/plan/plan.ts';

type Kinds = Readonly<Record<string, FieldType>>;

const scalar = (kind: 'bool' | 'int32' | 'int64' | 'float32' | 'float64'): FieldType => ({ kind });
const string: FieldType = { kind: 'string' };
const timestamp: FieldType = { kind: 'timestamp' };
const list = (item: FieldType): FieldType => ({ kind: 'list', item });
const int64 = scalar('int64');
const float64 = scalar('float64');

const userKey: Field = { name: 'user_id', type: string, nullable: false };
const itemKey: Field = { name: 'item_id', type: int64, nullable: false };
const hourMs = 3_600_000;

function lastValue(view: string, name: string, type: FieldType): FeatureNode {
  return {
    kind: 'feature',
    name,
    uid: `${view}.${name}`,
    type,
    nullable: true,
    aggregate: {
      kind: 'aggregate',
      fn: 'last',
      input: { kind: 'column', name, type, nullable: true },
      where: null,
      distinct: false,
      limit: null,
      quantile: null,
    },
    window: { kind: 'lifetime' },
  };
}

interface ViewParts {
  readonly name: string;
  readonly entity: string;
  readonly key: readonly Field[];
  readonly ttlMs: number | null;
  readonly features: Kinds;
}

function view({ name, entity, key, ttlMs, features }: ViewParts): ViewNode {
  return {
    kind: 'view',
    name,
    uid: name,
    entity,
    key: key.map(({ name: part, type, nullable }) => ({
      name: part,
      type,
      nullable,
      value: { kind: 'column', name: part, type, nullable },
    })),
    from: { kind: 'scan', stream: 'events' },
    features: Object.entries(features).map(([feature, type]) => lastValue(name, feature, type)),
    derived: [],
    emit: 'arrival',
    decayMs: null,
    ttlMs,
    freshnessMs: null,
    owner: null,
    description: null,
    tags: [],
  };
}

function service(name: string, features: Readonly<Record<string, readonly string[]>>): ServiceNode {
  return {
    kind: 'service',
    name,
    features: Object.entries(features).flatMap(([viewName, names]) =>
      names.map((feature) => ({ view: viewName, feature })),
    ),
    owner: null,
    description: null,
  };
}

const bonus: Field = { name: 'bonus', type: float64, nullable: false };
const spend: ColumnExpression = {
  kind: 'column',
  name: 'user_stats.spend',
  type: float64,
  nullable: true,
};
const number = (value: number): Expression => ({
  kind: 'literal',
  value,
  type: float64,
  nullable: false,
});
const whole = (value: bigint): Expression => ({
  kind: 'literal',
  value,
  type: int64,
  nullable: false,
});

/** As the Python of `defs.py`: `spend + bonus`, and whether the spend is above 100. */
const userDerived: OnDemandViewNode = {
  kind: 'onDemandView',
  name: 'user_derived',
  uid: 'on-demand:user_derived',
  request: [bonus],
  from: ['user_stats'],
  features: [
    {
      kind: 'onDemandFeature',
      name: 'spend_plus_bonus',
      type: float64,
      nullable: true,
      value: {
        kind: 'call',
        fn: 'plus',
        args: [spend, { kind: 'column', ...bonus }],
        type: float64,
        nullable: true,
      },
    },
    {
      kind: 'onDemandFeature',
      name: 'is_big',
      type: int64,
      nullable: false,
      value: {
        kind: 'case',
        branches: [
          {
            when: {
              kind: 'call',
              fn: 'gt',
              args: [spend, number(100)],
              type: { kind: 'bool' },
              nullable: true,
            },
            then: whole(1n),
          },
        ],
        otherwise: whole(0n),
        type: int64,
        nullable: false,
      },
    },
  ],
  owner: null,
  description: null,
  tags: [],
};

const pages: Kinds = { last_page: string, session_len: int64 };

/** The definitions of `test/fixtures/feast/repo/defs.py` that are served. */
export const goldensPlan: Plan = {
  kind: 'plan',
  version: 1,
  entities: [
    { kind: 'entity', name: 'user', key: [userKey], description: null },
    { kind: 'entity', name: 'item', key: [itemKey], description: null },
    { kind: 'entity', name: 'user_and_item', key: [userKey, itemKey], description: null },
  ],
  streams: [],
  views: [
    view({
      name: 'user_stats',
      entity: 'user',
      key: [userKey],
      ttlMs: hourMs,
      features: {
        clicks: int64,
        spend: float64,
        country: string,
        is_premium: scalar('bool'),
        recent_items: list(int64),
        last_seen: timestamp,
      },
    }),
    view({
      name: 'item_stats',
      entity: 'item',
      key: [itemKey],
      ttlMs: null,
      features: {
        price: float64,
        views: int64,
        title: string,
        in_stock: scalar('bool'),
        tag_ids: list(int64),
        listed_at: timestamp,
        rank32: scalar('int32'),
        ratio32: scalar('float32'),
        blob: { kind: 'bytes' },
        names: list(string),
        embed: list(float64),
        flags: list(scalar('bool')),
        stamps: list(timestamp),
      },
    }),
    view({
      name: 'user_item',
      entity: 'user_and_item',
      key: [userKey, itemKey],
      ttlMs: 30 * 24 * hourMs,
      features: { score: float64, n: int64, label: string },
    }),
    view({
      name: 'user_push',
      entity: 'user',
      key: [userKey],
      ttlMs: 24 * hourMs,
      features: pages,
    }),
    view({
      name: 'user_stream',
      entity: 'user',
      key: [userKey],
      ttlMs: 24 * hourMs,
      features: pages,
    }),
  ],
  onDemand: [userDerived],
  services: [
    service('svc_user', {
      user_stats: ['clicks', 'spend'],
      user_push: ['last_page', 'session_len'],
    }),
    service('svc_odfv', { user_stats: ['spend'], user_derived: ['spend_plus_bonus', 'is_big'] }),
    service('svc_mixed', {
      user_stats: ['clicks', 'country'],
      item_stats: ['price', 'views'],
      user_item: ['score', 'n', 'label'],
    }),
  ],
};
