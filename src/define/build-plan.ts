// Definitions → plan. Everything that was written wrong is collected with its place; the plan that
// comes back beside problems is only good for showing.
import type { ErrorCode } from '../kernel/errors/catalogue.ts';
import type { Problem } from '../kernel/errors/millrace-error.ts';
import { suggestName } from '../kernel/nearest-name.ts';
import { aggregateResult } from '../plan/aggregate.ts';
import { freezeDeep } from '../plan/freeze.ts';
import type {
  DerivedNode,
  EntityNode,
  FeatureNode,
  KeyPartNode,
  Plan,
  RelationNode,
  ServiceNode,
  StreamNode,
  ViewNode,
} from '../plan/plan.ts';
import { featureUid, streamUid, viewUid } from '../plan/uids.ts';
import { validatePlan } from '../plan/validate.ts';
import type { Feature } from './aggregate.ts';
import type { Entity } from './entity.ts';
import {
  ExpressionBuilder,
  fieldsProxy,
  toExpression,
  unknownFieldMark,
} from './expression-builder.ts';
import type { FeatureService } from './feature-service.ts';
import type { FeatureView } from './feature-view.ts';
import { readDuration, type ProblemSink } from './read-duration.ts';
import { readWindow } from './read-window.ts';
import { fieldExprs, type Stream } from './stream.ts';
import { fieldsOf, type SchemaShape } from './type-builder.ts';

export interface BuiltPlan {
  readonly plan: Plan;
  /** Errors and warnings; with an error among them the plan must not run. */
  readonly problems: readonly Problem[];
}

type Definition = Entity | Stream | FeatureView | FeatureService;

/** Builds and validates the plan of every definition that the modules export (and of what those use). */
export function buildPlan(modules: readonly Readonly<Record<string, unknown>>[]): BuiltPlan {
  const problems: Problem[] = [];
  const found = collectDefinitions(modules, problems);
  const plan: Plan = freezeDeep({
    kind: 'plan',
    version: 1,
    entities: found.entities.map(buildEntity),
    streams: found.streams.map((s) => buildStream(s, problems)),
    views: found.views.map((v) => buildView(v, problems)),
    services: found.services.map((s) => buildService(s)),
  });
  const known = new Set(problems.map((p) => p.path));
  const more = validatePlan(plan).filter((p) => !known.has(p.path));
  return { plan, problems: [...problems, ...more] };
}

interface Collected {
  readonly entities: readonly Entity[];
  readonly streams: readonly Stream[];
  readonly views: readonly FeatureView[];
  readonly services: readonly FeatureService[];
}

function isDefinition(value: unknown): value is Definition {
  return typeof value === 'object' && value !== null && 'definition' in value && 'name' in value;
}

function collectDefinitions(
  modules: readonly Readonly<Record<string, unknown>>[],
  problems: Problem[],
): Collected {
  const exported = modules.flatMap((module) => Object.values(module)).filter(isDefinition);
  const services = exported.filter((d) => d.definition === 'service');
  const served = services.flatMap((s) => s.features.map((f) => ('view' in f ? f.view : f)));
  const views = [...exported.filter((d) => d.definition === 'view'), ...served];
  const streams = [
    ...views.map((v) => v.from),
    ...exported.filter((d) => d.definition === 'stream'),
  ];
  const entities = [
    ...views.map((v) => v.entity),
    ...exported.filter((d) => d.definition === 'entity'),
  ];
  return {
    entities: uniqueByName(entities, problems, (d) => d.key),
    streams: uniqueByName(streams, problems, (d) => d.options),
    views: uniqueByName(views, problems, (d) => d.options),
    services: uniqueByName(services, problems, (d) => d.features),
  };
}

/** One definition per name; two different ones of a name are a problem. `identity` is what makes two the same. */
function uniqueByName<D extends Definition>(
  definitions: readonly D[],
  problems: Problem[],
  identity: (definition: D) => unknown,
): D[] {
  const byName = new Map<string, D>();
  for (const definition of definitions) {
    const other = byName.get(definition.name);
    if (other === undefined) byName.set(definition.name, definition);
    else if (identity(other) !== identity(definition)) {
      problems.push({
        severity: 'error',
        code: 'MR_DEFINITION_DUPLICATE',
        path: definition.name,
        message: `there are two ${definition.definition === 'entity' ? 'entities' : `${definition.definition}s`} named "${definition.name}"`,
        fix: 'rename one of them',
      });
    }
  }
  return [...byName.values()];
}

function buildEntity(entity: Entity): EntityNode {
  return {
    kind: 'entity',
    name: entity.name,
    key: fieldsOf(entity.key),
    description: entity.description,
  };
}

function sink(problems: Problem[], path: string, code: ErrorCode): ProblemSink {
  return (message, fix) =>
    problems.push({
      severity: 'error',
      code,
      path,
      message,
      ...(fix === undefined ? {} : { fix }),
    });
}

function addExpressionProblems(
  problems: Problem[],
  path: string,
  sentences: readonly string[],
): void {
  for (const sentence of new Set(sentences)) {
    const code = sentence.startsWith(unknownFieldMark)
      ? 'MR_DEFINITION_UNKNOWN_FIELD'
      : 'MR_DEFINITION_TYPE';
    sink(problems, path, code)(sentence);
  }
}

function buildStream(stream: Stream, problems: Problem[]): StreamNode {
  const { eventTime, id, description } = stream.options;
  const duration = (name: string, text: string | undefined): number | null =>
    text === undefined
      ? null
      : readDuration(
          text,
          sink(problems, `${stream.name}.eventTime.${name}`, 'MR_DEFINITION_DURATION'),
        );
  addSchemaProblems(stream.name, stream.schema, problems);
  return {
    kind: 'stream',
    name: stream.name,
    uid: streamUid(stream.name),
    fields: fieldsOf(stream.schema),
    eventTime: {
      field: eventTime.field,
      outOfOrdernessMs: duration('outOfOrderness', eventTime.outOfOrderness) ?? 0,
      idleTimeoutMs: duration('idleTimeout', eventTime.idleTimeout),
      maxAheadMs:
        eventTime.maxAhead === 'off' ? null : duration('maxAhead', eventTime.maxAhead ?? '1h'),
      maxDriftMs: duration('maxDrift', eventTime.maxDrift),
    },
    idField: id ?? null,
    description: description ?? null,
  };
}

function addSchemaProblems(streamName: string, schema: SchemaShape, problems: Problem[]): void {
  for (const [name, type] of Object.entries(schema)) {
    if (type.problem !== null)
      sink(problems, `${streamName}.schema.${name}`, 'MR_DEFINITION_TYPE')(type.problem);
  }
}

function buildView(view: FeatureView, problems: Problem[]): ViewNode {
  const { options, name } = view;
  const fields = fieldExprs(view.from.name, view.from.schema);
  addExpressionProblems(problems, `${name}.from`, view.from.problems);
  const features = Object.entries(options.features(fields)).flatMap(([featureName, value]) =>
    buildFeature(name, featureName, value, problems),
  );
  const duration = (option: string, text: string | undefined): number | null =>
    text === undefined
      ? null
      : readDuration(text, sink(problems, `${name}.${option}`, 'MR_DEFINITION_DURATION'));
  return {
    kind: 'view',
    name,
    uid: viewUid(name),
    entity: view.entity.name,
    key: buildKey(view, problems),
    from: buildRelation(view.from),
    features,
    derived: buildDerived(view, features, problems),
    emit: options.emit ?? 'arrival',
    decayMs:
      options.decay === undefined
        ? 'default'
        : options.decay === 'never'
          ? null
          : (duration('decay', options.decay) ?? 'default'),
    ttlMs: duration('ttl', options.ttl),
    freshnessMs: duration('freshness', options.freshness),
    owner: options.owner ?? null,
    description: options.description ?? null,
    tags: options.tags ?? [],
  };
}

function buildRelation(stream: Stream): RelationNode {
  let node: RelationNode = { kind: 'scan', stream: stream.name };
  for (const predicate of stream.predicates) node = { kind: 'filter', input: node, predicate };
  return node;
}

function buildKey(view: FeatureView, problems: Problem[]): readonly KeyPartNode[] {
  const fields = fieldExprs(view.from.name, view.from.schema);
  const given = view.options.keyBy?.(fields) ?? (fields as Readonly<Record<string, unknown>>);
  const keyFields = fieldsOf(view.entity.key);
  for (const name of Object.keys(view.options.keyBy === undefined ? {} : given)) {
    if (name in view.entity.key) continue;
    const hint = suggestName(
      name,
      keyFields.map((f) => f.name),
    );
    sink(
      problems,
      `${view.name}.keyBy.${name}`,
      'MR_DEFINITION_KEY',
    )(`entity "${view.entity.name}" has no key "${name}"; ${hint}`);
  }
  return keyFields.map((field) => {
    const expression = toExpression(given[field.name] ?? null);
    const path = `${view.name}.key.${field.name}`;
    const missing = expression.problems.some((p) => p.startsWith(unknownFieldMark));
    if (missing) {
      sink(
        problems,
        path,
        'MR_DEFINITION_KEY',
      )(
        `stream "${view.from.name}" has no field "${field.name}", which is a key of entity "${view.entity.name}"`,
        `add the field to the stream or say which one it is: keyBy: (p) => ({ ${field.name}: p.… })`,
      );
    } else addExpressionProblems(problems, path, expression.problems);
    return { name: field.name, type: field.type, nullable: field.nullable, value: expression.node };
  });
}

function isFeature(value: unknown): value is Feature {
  return typeof value === 'object' && value !== null && 'isFeature' in value;
}

function buildFeature(
  view: string,
  name: string,
  value: unknown,
  problems: Problem[],
): readonly FeatureNode[] {
  const path = `${view}.features.${name}`;
  if (!isFeature(value)) {
    const isOpen = typeof value === 'object' && value !== null && 'over' in value;
    sink(
      problems,
      path,
      'MR_DEFINITION_WINDOW',
    )(
      isOpen ? 'the aggregate has no window' : 'this is no aggregate over a window',
      "end it with .over(…), for example .over(rolling('1h'))",
    );
    return [];
  }
  addExpressionProblems(problems, path, value.problems);
  const result = aggregateResult(value.aggregate.fn, value.aggregate.input?.type ?? null);
  if (typeof result === 'string') sink(problems, path, 'MR_DEFINITION_TYPE')(result);
  const window = readWindow(value.window, (message, code, fix) =>
    sink(problems, `${path}.window`, code)(message, fix),
  );
  const { type, nullable } =
    typeof result === 'string' ? ({ type: { kind: 'float64' }, nullable: true } as const) : result;
  return [
    {
      kind: 'feature',
      name,
      uid: featureUid(view, name),
      type,
      nullable,
      aggregate: value.aggregate,
      window,
    },
  ];
}

function buildDerived(
  view: FeatureView,
  features: readonly FeatureNode[],
  problems: Problem[],
): readonly DerivedNode[] {
  if (view.options.derive === undefined) return [];
  const derived = view.options.derive(fieldsProxy(features, `the features of view "${view.name}"`));
  return Object.entries(derived).map(([name, value]) => {
    const path = `${view.name}.derive.${name}`;
    const expression = value instanceof ExpressionBuilder ? value : toExpression(value as never);
    addExpressionProblems(problems, path, expression.problems);
    const { type, nullable } = expression.node;
    return { kind: 'derived', name, type, nullable, value: expression.node };
  });
}

function buildService(service: FeatureService): ServiceNode {
  const features = service.features.flatMap((selection) => {
    if ('view' in selection)
      return selection.features.map((feature) => ({ view: selection.view.name, feature }));
    return featureNames(selection).map((feature) => ({ view: selection.name, feature }));
  });
  return {
    kind: 'service',
    name: service.name,
    features,
    owner: service.owner,
    description: service.description,
  };
}

function featureNames(view: FeatureView): readonly string[] {
  const ignored: Problem[] = [];
  const node = buildView(view, ignored);
  return [...node.features, ...node.derived].map((f) => f.name);
}
