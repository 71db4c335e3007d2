// On-demand views as written → their nodes. Aliases of views end here: the plan has their names.
import type { OnDemandFeatureNode, OnDemandViewNode, ViewNode } from '../../plan/plan.ts';
import { featureFields } from '../../plan/plan.ts';
import { storedColumn } from '../../plan/on-demand-inputs.ts';
import { onDemandUid } from '../../plan/uids.ts';
import { toExpression } from '../expression-builder.ts';
import { fieldsProxy } from '../expressions/fields-proxy.ts';
import type { OnDemandView, OnDemandViewOptions, SourceViews } from '../on-demand-view.ts';
import type { SchemaShape } from '../type-builder.ts';
import { readFields, readOptions } from './build-stream.ts';
import { callFor, readTags } from './build-view.ts';
import { isView } from './collect-definitions.ts';
import { fail, failAll, inside, readText, type Scope, show } from './scope.ts';

const onDemandOptions: Record<keyof OnDemandViewOptions<SchemaShape, SourceViews, unknown>, true> =
  { request: true, from: true, features: true, owner: true, description: true, tags: true };

/** The view's node; null, and a problem, when it says of no feature how it is computed. */
export function buildOnDemand(
  view: OnDemandView,
  views: readonly ViewNode[],
  parent: Scope,
): OnDemandViewNode | null {
  const scope = { ...parent, path: view.name };
  const options = readOptions(scope, view.options, onDemandOptions);
  const { features } = options;
  if (typeof features !== 'function') {
    const message = '"features" must be (request, stored) => ({ … })';
    fail(inside(scope, 'features'), 'MR_DEFINITION_INVALID', message);
    return null;
  }
  const request = readFields(
    inside(scope, 'request'),
    options['request'] ?? {},
    'request: { amount: t.float64() }',
  );
  const sources = readSources(inside(scope, 'from'), options['from']);
  const stored = Object.fromEntries(
    sources.map(([alias, name]) => [alias, storedProxy(name, views)]),
  );
  const at = inside(scope, 'features');
  const written = callFor(at, () =>
    features(fieldsProxy(request, `the request of "${view.name}"`), Object.freeze(stored)),
  );
  return {
    kind: 'onDemandView',
    name: view.name,
    uid: onDemandUid(view.name),
    request,
    from: [...new Set(sources.map(([, name]) => name))],
    features: Object.entries(written).map(([name, value]) => buildComputed(name, value, at)),
    owner: readText(inside(scope, 'owner'), options['owner']),
    description: readText(inside(scope, 'description'), options['description']),
    tags: readTags(inside(scope, 'tags'), options['tags']),
  };
}

/** Aliases with the names of their views. */
function readSources(scope: Scope, from: unknown): readonly (readonly [string, string])[] {
  if (from === undefined) return [];
  if (typeof from !== 'object' || from === null || Array.isArray(from)) {
    const fix = 'from: { userSpend }';
    fail(scope, 'MR_DEFINITION_INVALID', `${show(from)} is no object of feature views`, fix);
    return [];
  }
  return Object.entries(from).flatMap(([alias, view]: [string, unknown]) => {
    if (isView(view)) return [[alias, view.name] as const];
    const fix = 'give a view made by featureView(…)';
    fail(inside(scope, alias), 'MR_DEFINITION_INVALID', `${show(view)} is not a feature view`, fix);
    return [];
  });
}

/** The features of a view as expressions; any of them may be null. */
function storedProxy(name: string, views: readonly ViewNode[]): unknown {
  const view = views.find((candidate) => candidate.name === name);
  const fields = view === undefined ? [] : featureFields(view);
  const nullable = fields.map((field) => ({ ...field, nullable: true }));
  return fieldsProxy(nullable, `view "${name}"`, (feature) => storedColumn(name, feature));
}

function buildComputed(name: string, value: unknown, scope: Scope): OnDemandFeatureNode {
  const { node, problems } = toExpression(value);
  failAll(inside(scope, name), problems);
  return {
    kind: 'onDemandFeature',
    name,
    type: node.type,
    nullable: node.nullable,
    value: node,
  };
}
