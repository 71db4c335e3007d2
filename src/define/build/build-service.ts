// Feature services as written → their nodes. Which features a view has is known once it is built.
import type { ServiceNode, ViewNode } from '../../plan/plan.ts';
import { readOptions } from './build-stream.ts';
import { isView } from './collect-definitions.ts';
import type { FeatureService, FeatureServiceOptions } from '../feature-service.ts';
import { fail, inside, readText, type Scope, show } from './scope.ts';

type Reference = ServiceNode['features'][number];

const serviceOptions: Record<keyof FeatureServiceOptions, true> = {
  features: true,
  owner: true,
  description: true,
};

export function buildService(
  service: FeatureService,
  views: readonly ViewNode[],
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

function references(part: unknown, views: readonly ViewNode[], scope: Scope): readonly Reference[] {
  if (isView(part)) {
    const node = views.find(({ name }) => name === part.name);
    const features = [...(node?.features ?? []), ...(node?.derived ?? [])];
    return features.map((feature) => ({ view: part.name, feature: feature.name }));
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
    isView(part.view) &&
    'features' in part &&
    Array.isArray(part.features)
  );
}
