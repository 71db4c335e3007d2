// Feature services as written → their nodes. Which features a view has is known once it is built.
import { featureFields, type OnDemandViewNode } from '../../plan/plan.ts';
import type { ServiceNode, ViewNode } from '../../plan/plan.ts';
import { readOptions } from './build-stream.ts';
import { isOnDemand, isView } from './collect-definitions.ts';
import type { FeatureService, FeatureServiceOptions } from '../feature-service.ts';
import { fail, inside, readText, type Scope, show } from './scope.ts';

type Reference = ServiceNode['features'][number];

/** Views of a plan with their features, whoever computes them and when. */
export interface KnownViews {
  readonly views: readonly ViewNode[];
  readonly onDemand: readonly OnDemandViewNode[];
}

const serviceOptions: Record<keyof FeatureServiceOptions, true> = {
  features: true,
  owner: true,
  description: true,
};

export function buildService(
  service: FeatureService,
  views: KnownViews,
  parent: Scope,
): ServiceNode {
  const scope = { ...parent, path: service.name };
  const options = readOptions(scope, service.options, serviceOptions);
  const given = options['features'];
  const at = inside(scope, 'features');
  if (!Array.isArray(given)) {
    fail(at, 'MR_DEFINITION_INVALID', `${show(given)} is not a list of views`, 'features: [view]');
  }
  const parts: readonly unknown[] = Array.isArray(given) ? given : [];
  return {
    kind: 'service',
    name: service.name,
    features: parts.flatMap((part) => references(part, views, at)),
    owner: readText(inside(scope, 'owner'), options['owner']),
    description: readText(inside(scope, 'description'), options['description']),
  };
}

function references(part: unknown, known: KnownViews, scope: Scope): readonly Reference[] {
  if (isView(part)) {
    const node = known.views.find(({ name }) => name === part.name);
    const features = node === undefined ? [] : featureFields(node);
    return features.map((feature) => ({ view: part.name, feature: feature.name }));
  }
  if (isOnDemand(part)) {
    const node = known.onDemand.find(({ name }) => name === part.name);
    return (node?.features ?? []).map(({ name }) => ({ view: part.name, feature: name }));
  }
  if (isSelection(part)) {
    return part.features.map((feature) => ({ view: part.view.name, feature: String(feature) }));
  }
  const fix = "give the view itself, or select(view, 'feature')";
  fail(scope, 'MR_DEFINITION_INVALID', `${show(part)} is not a view`, fix);
  return [];
}

function isSelection(
  part: unknown,
): part is { readonly view: { readonly name: string }; readonly features: readonly unknown[] } {
  return (
    typeof part === 'object' &&
    part !== null &&
    'view' in part &&
    (isView(part.view) || isOnDemand(part.view)) &&
    'features' in part &&
    Array.isArray(part.features)
  );
}
