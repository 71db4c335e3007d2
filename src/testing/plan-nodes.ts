// Plans written node by node, for tests that vary them by program. People write definitions.
import type { Field, FieldType, Value } from '../kernel/types/field-type.ts';
import { type AggregateName, type AggregateNode, aggregateResult } from '../plan/aggregate.ts';
import type { CallExpression, ColumnExpression, Expression } from '../plan/expression.ts';
import { type FunctionName, functionSpec, isCallNullable } from '../plan/functions.ts';
import type {
  DerivedNode,
  EventTimeNode,
  FeatureNode,
  Plan,
  RelationNode,
  StreamNode,
  ViewNode,
} from '../plan/plan.ts';
import type { WindowNode } from '../plan/window.ts';

export function columnNode(field: Field): ColumnExpression {
  return { kind: 'column', name: field.name, type: field.type, nullable: field.nullable };
}

export function literalNode(value: Value, type: FieldType): Expression {
  return { kind: 'literal', value, type, nullable: value === null };
}

/** A call with the type that the function's rule gives; throws TypeError when arguments do not fit. */
export function callNode(fn: FunctionName, ...args: readonly Expression[]): CallExpression {
  const type = functionSpec(fn).resultType(args.map((arg) => arg.type));
  if (typeof type === 'string') throw new TypeError(`${fn}: ${type}`);
  const nullable = isCallNullable(
    fn,
    args.map((arg) => arg.nullable),
  );
  return { kind: 'call', fn, args, type, nullable };
}

export interface FeatureParts extends Partial<Omit<AggregateNode, 'kind' | 'fn'>> {
  readonly fn: AggregateName;
  readonly window: WindowNode;
}

export function featureNode(name: string, parts: FeatureParts): FeatureNode {
  const { window, fn, ...options } = parts;
  const input = options.input ?? null;
  const result = aggregateResult(fn, input?.type ?? null, options.user);
  if (typeof result === 'string') throw new TypeError(`${name}: ${result}`);
  const aggregate: AggregateNode = {
    kind: 'aggregate',
    fn,
    input,
    where: options.where ?? null,
    distinct: options.distinct ?? false,
    limit: options.limit ?? null,
    quantile: options.quantile ?? null,
    ...(options.halfLifeMs === undefined ? {} : { halfLifeMs: options.halfLifeMs }),
    ...(options.user === undefined ? {} : { user: options.user }),
  };
  return { kind: 'feature', name, uid: `view.${name}`, ...result, aggregate, window };
}

export interface SingleViewParts {
  readonly fields: readonly Field[];
  readonly eventTime: Partial<EventTimeNode> & Pick<EventTimeNode, 'field'>;
  readonly idField?: string | null;
  /** Names of the fields that are the key. */
  readonly key: readonly string[];
  readonly predicate?: Expression | null;
  readonly features: readonly FeatureNode[];
  readonly derived?: readonly DerivedNode[];
  readonly emit?: ViewNode['emit'];
  readonly decayMs?: ViewNode['decayMs'];
}

/** A plan with one stream (`events`), one entity and one view (`view`). */
export function singleViewPlan(parts: SingleViewParts): Plan {
  const key = parts.key.map((name) => fieldNamed(parts.fields, name));
  const scan: RelationNode = { kind: 'scan', stream: 'events' };
  const view: ViewNode = {
    kind: 'view',
    name: 'view',
    uid: 'view',
    entity: 'entity',
    key: key.map((field) => ({ ...pick(field), value: columnNode(field) })),
    from: parts.predicate ? { kind: 'filter', input: scan, predicate: parts.predicate } : scan,
    features: parts.features,
    derived: parts.derived ?? [],
    emit: parts.emit ?? 'arrival',
    decayMs: parts.decayMs === undefined ? 'default' : parts.decayMs,
    ttlMs: null,
    freshnessMs: null,
    owner: null,
    description: null,
    tags: [],
  };
  return {
    kind: 'plan',
    version: 1,
    entities: [{ kind: 'entity', name: 'entity', key: key.map(pick), description: null }],
    streams: [streamNode(parts)],
    views: [view],
    services: [],
  };
}

function streamNode(parts: SingleViewParts): StreamNode {
  return {
    kind: 'stream',
    name: 'events',
    uid: 'events',
    fields: parts.fields,
    eventTime: {
      outOfOrdernessMs: 0,
      idleTimeoutMs: null,
      maxAheadMs: null,
      maxDriftMs: null,
      ...parts.eventTime,
    },
    idField: parts.idField ?? null,
    description: null,
  };
}

function pick({ name, type, nullable }: Field): Field {
  return { name, type, nullable };
}

function fieldNamed(fields: readonly Field[], name: string): Field {
  const field = fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new TypeError(`no field "${name}"`);
  return field;
}
