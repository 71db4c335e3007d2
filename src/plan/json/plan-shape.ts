// The shape of a plan in JSON: which fields each node has. It follows the interfaces of plan.ts
// field by field; types of expressions and references between nodes are checked by `validatePlan`.
import { aggregateNames } from '../aggregate.ts';
import { functionTable } from '../functions.ts';
import {
  anyValue,
  flag,
  listOf,
  milliseconds,
  nullable,
  number,
  objectOf,
  oneOf,
  type Shape,
  taggedUnion,
  text,
} from './shape.ts';

const scalarKinds = [
  'bool',
  'int32',
  'int64',
  'count',
  'float32',
  'float64',
  'string',
  'bytes',
  'timestamp',
  'date',
  'json',
];

const fieldType: Shape = taggedUnion(() => ({
  ...Object.fromEntries(scalarKinds.map((kind) => [kind, {}])),
  decimal: { precision: number, scale: number },
  list: { item: fieldType },
  map: { value: fieldType },
  struct: { fields: listOf(field) },
}));

const typed = { type: fieldType, nullable: flag };
const field: Shape = objectOf({ name: text, ...typed }, { default: anyValue });

const expression: Shape = taggedUnion(() => ({
  column: { name: text, ...typed },
  literal: { value: anyValue, ...typed },
  call: { fn: oneOf(...Object.keys(functionTable)), args: listOf(expression), ...typed },
  case: {
    branches: listOf(objectOf({ when: expression, then: expression })),
    otherwise: expression,
    ...typed,
  },
}));

const served = oneOf('complete', 'open');
const boundaries = { offsetMs: milliseconds, allowedLatenessMs: milliseconds };

const window: Shape = taggedUnion(() => ({
  rolling: { sizeMs: milliseconds, resolutionMs: nullable(milliseconds) },
  rollingRows: { rows: number },
  lifetime: {},
  tumbling: { sizeMs: milliseconds, serve: served, ...boundaries },
  hopping: { sizeMs: milliseconds, everyMs: milliseconds, serve: served, ...boundaries },
  cumulate: { sizeMs: milliseconds, stepMs: milliseconds, ...boundaries },
  session: { gapMs: milliseconds },
}));

const aggregate: Shape = objectOf(
  {
    kind: oneOf('aggregate'),
    fn: oneOf(...aggregateNames),
    input: nullable(expression),
    where: nullable(expression),
    distinct: flag,
    limit: nullable(number),
    quantile: nullable(number),
  },
  {
    halfLifeMs: milliseconds,
    user: objectOf({
      name: text,
      version: number,
      takes: fieldType,
      state: listOf(field),
      returns: fieldType,
    }),
  },
);

const relation: Shape = taggedUnion(() => ({
  scan: { stream: text },
  filter: { input: relation, predicate: expression },
}));

const entity: Shape = objectOf({
  kind: oneOf('entity'),
  name: text,
  key: listOf(field),
  description: nullable(text),
});

const stream: Shape = objectOf(
  {
    kind: oneOf('stream'),
    name: text,
    uid: text,
    fields: listOf(field),
    eventTime: objectOf({
      field: text,
      outOfOrdernessMs: milliseconds,
      idleTimeoutMs: nullable(milliseconds),
      maxAheadMs: nullable(milliseconds),
      maxDriftMs: nullable(milliseconds),
    }),
    idField: nullable(text),
    description: nullable(text),
  },
  { rowsOf: text },
);

const feature: Shape = objectOf({
  kind: oneOf('feature'),
  name: text,
  uid: text,
  ...typed,
  aggregate,
  window,
});

const upgrade: Shape = objectOf({
  renamed: listOf(objectOf({ feature: text, from: text })),
  added: nullable(oneOf('empty')),
  retyped: listOf(objectOf({ feature: text, from: fieldType, by: expression })),
});

const view: Shape = objectOf(
  {
    kind: oneOf('view'),
    name: text,
    uid: text,
    entity: text,
    key: listOf(objectOf({ name: text, ...typed, value: expression })),
    from: relation,
    features: listOf(feature),
    derived: listOf(objectOf({ kind: oneOf('derived'), name: text, ...typed, value: expression })),
    emit: oneOf('arrival', 'watermark'),
    decayMs: (value, path) => (value === 'default' ? null : nullable(milliseconds)(value, path)),
    ttlMs: nullable(milliseconds),
    freshnessMs: nullable(milliseconds),
    owner: nullable(text),
    description: nullable(text),
    tags: listOf(text),
  },
  { upgrade, on: oneOf('flink', 'engine') },
);

const service: Shape = objectOf({
  kind: oneOf('service'),
  name: text,
  features: listOf(objectOf({ view: text, feature: text })),
  owner: nullable(text),
  description: nullable(text),
});

const onDemandView: Shape = objectOf({
  kind: oneOf('onDemandView'),
  name: text,
  uid: text,
  request: listOf(field),
  from: listOf(text),
  features: listOf(
    objectOf({ kind: oneOf('onDemandFeature'), name: text, ...typed, value: expression }),
  ),
  owner: nullable(text),
  description: nullable(text),
  tags: listOf(text),
});

/** A whole plan of version 1. */
export const planShape: Shape = objectOf(
  {
    kind: oneOf('plan'),
    version: oneOf(1),
    entities: listOf(entity),
    streams: listOf(stream),
    views: listOf(view),
    services: listOf(service),
  },
  { onDemand: listOf(onDemandView) },
);
