// Feature views as written → their nodes. Callbacks are called here, and only here.
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type {
  DerivedNode,
  EmitMode,
  EngineName,
  FeatureNode,
  KeyPartNode,
  RelationNode,
  ViewNode,
} from '../../plan/plan.ts';
import { viewUid } from '../../plan/uids.ts';
import { buildFeature } from './build-feature.ts';
import { readOptions } from './build-stream.ts';
import { buildUpgrade } from './build-upgrade.ts';
import { isEntity, isStream } from './collect-definitions.ts';
import { attempt } from '../expressions/condition.ts';
import { ExpressionBuilder, toExpression } from '../expression-builder.ts';
import type { FeatureView, FeatureViewOptions } from '../feature-view.ts';
import { fieldsProxy, unknownFieldMark } from '../expressions/fields-proxy.ts';
import { fail, failAll, inside, readDuration, readText, type Scope, show } from './scope.ts';
import { fieldExprs, type Stream } from '../stream.ts';
import { fieldsOf, type SchemaShape } from '../type-builder.ts';

type Values = Readonly<Record<string, unknown>>;

const viewOptions: Record<
  keyof FeatureViewOptions<SchemaShape, SchemaShape, unknown, unknown> | 'on',
  true
> = {
  entity: true,
  from: true,
  keyBy: true,
  features: true,
  derive: true,
  ttl: true,
  freshness: true,
  emit: true,
  decay: true,
  owner: true,
  description: true,
  tags: true,
  upgrade: true,
  on: true,
};

/** The view's node; null, and a problem, when there is too little to build one. */
export function buildView(view: FeatureView, parent: Scope): ViewNode | null {
  const scope = { ...parent, path: view.name };
  const options = readOptions(scope, view.options, viewOptions);
  if (!hasParts(view, scope)) return null;
  failAll(inside(scope, 'from'), view.from.problems);
  const features = buildFeatures(view, inside(scope, 'features'));
  const upgrade = buildUpgrade(inside(scope, 'upgrade'), options['upgrade']);
  const on = readEngine(inside(scope, 'on'), options['on']);
  return {
    kind: 'view',
    name: view.name,
    uid: viewUid(view.name),
    entity: view.entity.name,
    key: buildKey(view, scope),
    from: buildRelation(view.from),
    features,
    derived: buildDerived(view, features, inside(scope, 'derive')),
    emit: readEmit(inside(scope, 'emit'), options['emit']),
    decayMs: readDecay(inside(scope, 'decay'), options['decay']),
    ttlMs: readDuration(inside(scope, 'ttl'), options['ttl']),
    freshnessMs: readDuration(inside(scope, 'freshness'), options['freshness']),
    owner: readText(inside(scope, 'owner'), options['owner']),
    description: readText(inside(scope, 'description'), options['description']),
    tags: readTags(inside(scope, 'tags'), options['tags']),
    ...(upgrade === undefined ? {} : { upgrade }),
    ...(on === undefined ? {} : { on }),
  };
}

function hasParts({ entity, from, options }: FeatureView, scope: Scope): boolean {
  const needed = [
    ['entity', isEntity(entity), "an entity: entity('user', { key: … })"],
    ['from', isStream(from), 'a stream, or stream.where(…)'],
    ['features', typeof options?.features === 'function', '(p) => ({ … })'],
  ] as const;
  for (const [name, isThere, wanted] of needed) {
    if (isThere) continue;
    fail(inside(scope, name), 'MR_DEFINITION_INVALID', `"${name}" must be ${wanted}`);
  }
  return needed.every(([, isThere]) => isThere);
}

function buildRelation(stream: Stream): RelationNode {
  let node: RelationNode = { kind: 'scan', stream: stream.name };
  for (const predicate of stream.predicates) node = { kind: 'filter', input: node, predicate };
  return node;
}

/** What a callback returns, by name; nothing, and a problem, when it throws or returns no object. */
export function callFor(scope: Scope, call: () => unknown): Values {
  const { value, problem } = attempt(call);
  if (problem !== null) {
    fail(scope, 'MR_DEFINITION_INVALID', `the callback threw: ${problem}`);
  } else if (typeof value !== 'object' || value === null || value instanceof ExpressionBuilder) {
    const message = `the callback returned ${show(value)}`;
    fail(scope, 'MR_DEFINITION_INVALID', message, 'return an object: (p) => ({ name: … })');
  } else return value as Values;
  return {};
}

function buildFeatures(view: FeatureView, scope: Scope): readonly FeatureNode[] {
  const fields = fieldExprs(view.from.name, view.from.schema);
  const written = callFor(scope, () => view.options.features(fields));
  return Object.entries(written).flatMap(([name, value]) =>
    buildFeature(view.name, name, value, inside(scope, name)),
  );
}

function buildDerived(
  view: FeatureView,
  features: readonly FeatureNode[],
  scope: Scope,
): readonly DerivedNode[] {
  const { derive } = view.options;
  if (derive === undefined) return [];
  const owner = `the features of view "${view.name}"`;
  const written = callFor(scope, () => derive(fieldsProxy(features, owner)));
  return Object.entries(written).map(([name, value]) => {
    const { node, problems } = toExpression(value);
    failAll(inside(scope, name), problems);
    return { kind: 'derived', name, type: node.type, nullable: node.nullable, value: node };
  });
}

function buildKey(view: FeatureView, scope: Scope): readonly KeyPartNode[] {
  const fields = fieldExprs(view.from.name, view.from.schema);
  const { keyBy } = view.options;
  const parts = fieldsOf(view.entity.key);
  if (keyBy === undefined) {
    return parts.map((part) => buildKeyPart(view, part, fields, inside(scope, 'key')));
  }
  const given = callFor(inside(scope, 'keyBy'), () => keyBy(fields));
  const names = parts.map((part) => part.name);
  for (const name of Object.keys(given).filter((key) => !names.includes(key))) {
    const message = `entity "${view.entity.name}" has no key "${name}"; ${suggestName(name, names)}`;
    fail(inside(inside(scope, 'keyBy'), name), 'MR_DEFINITION_KEY', message);
  }
  return parts.map((part) => buildKeyPart(view, part, given, inside(scope, 'key')));
}

function buildKeyPart(view: FeatureView, part: Field, given: Values, scope: Scope): KeyPartNode {
  const at = inside(scope, part.name);
  const { name, type, nullable } = part;
  if (!(name in given)) {
    const isMapped = view.options.keyBy !== undefined;
    const message = isMapped
      ? `keyBy gives no "${name}"`
      : `stream "${view.from.name}" has no field "${name}"`;
    const fix = `say which field it is: keyBy: (p) => ({ ${name}: p.… })`;
    const key = `, which is a key of entity "${view.entity.name}"`;
    fail(at, 'MR_DEFINITION_KEY', message + key, isMapped ? fix : `add the field, or ${fix}`);
    return { name, type, nullable, value: { kind: 'literal', value: null, type, nullable: true } };
  }
  const expression = toExpression(given[name], type);
  const isUnknown = expression.problems.some((p) => p.startsWith(unknownFieldMark));
  if (isUnknown) for (const p of expression.problems) fail(at, 'MR_DEFINITION_KEY', p);
  else failAll(at, expression.problems);
  return { name, type, nullable, value: expression.node };
}

function readEmit(scope: Scope, emit: unknown): EmitMode {
  if (emit === undefined || emit === 'arrival' || emit === 'watermark') return emit ?? 'arrival';
  const message = `emit must be 'arrival' or 'watermark', not ${show(emit)}`;
  fail(scope, 'MR_DEFINITION_INVALID', message);
  return 'arrival';
}

function readEngine(scope: Scope, on: unknown): EngineName | undefined {
  if (on === undefined || on === 'flink' || on === 'engine') return on;
  fail(scope, 'MR_DEFINITION_INVALID', `.on(…) takes 'flink' or 'engine', not ${show(on)}`);
  return undefined;
}

/** Text of a decay option; `'default'` when there is none. */
export function readDecay(scope: Scope, decay: unknown): ViewNode['decayMs'] {
  if (decay === 'never') return null;
  return readDuration(scope, decay) ?? 'default';
}

/** A list of texts; empty, and a problem, when it is something else. */
export function readTags(scope: Scope, tags: unknown): readonly string[] {
  if (tags === undefined) return [];
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return [...tags];
  fail(scope, 'MR_DEFINITION_INVALID', `${show(tags)} is not a list of texts`, "tags: ['fraud']");
  return [];
}
