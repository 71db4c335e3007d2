// What a server can be asked for, by name: stored views, views computed at each read, services, join
// keys. Made once per server.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { Plan, ServiceNode } from '../../plan/plan.ts';
import { createServedOnDemand, type ServedOnDemand } from './on-demand-view.ts';
import { createServedView, type ServedView } from './served-view.ts';

export interface ServedCatalogue {
  readonly views: ReadonlyMap<string, ServedView>;
  /** Views that are computed at each read, by name. */
  readonly onDemand: ReadonlyMap<string, ServedOnDemand>;
  readonly services: ReadonlyMap<string, ServiceNode>;
  /** Join keys of all entities by name, with their types. */
  readonly joinKeys: ReadonlyMap<string, Field>;
  /** Entities with one join key: their names may stand for it. */
  readonly joinKeyOfEntity: ReadonlyMap<string, string>;
}

export function createServedCatalogue(plan: Plan): ServedCatalogue {
  const joinKeys = new Map<string, Field>();
  const joinKeyOfEntity = new Map<string, string>();
  for (const { name, key } of plan.entities) {
    for (const field of key) if (!joinKeys.has(field.name)) joinKeys.set(field.name, field);
    const [only] = key;
    if (only !== undefined && key.length === 1) joinKeyOfEntity.set(name, only.name);
  }
  const views = new Map(plan.views.map((view) => [view.name, createServedView(view)]));
  const onDemand = (plan.onDemand ?? []).map((node) => createServedOnDemand(plan, node, views));
  return {
    views,
    onDemand: new Map(onDemand.map((view) => [view.name, view])),
    services: new Map(plan.services.map((service) => [service.name, service])),
    joinKeys,
    joinKeyOfEntity,
  };
}

/** Names of all views, for suggestions. */
export function namesOfViews({ views, onDemand }: ServedCatalogue): readonly string[] {
  return [...views.keys(), ...onDemand.keys()];
}

/** The view of that name; MR_UNKNOWN_VIEW when there is none. */
export function viewNamed(catalogue: ServedCatalogue, name: string): ServedView {
  const view = catalogue.views.get(name);
  if (view !== undefined) return view;
  throw new MillraceError('MR_UNKNOWN_VIEW', `there is no view "${name}"`, {
    context: { path: name },
    fix: suggestName(name, namesOfViews(catalogue)),
  });
}

/** The on-demand view of that name; MR_UNKNOWN_VIEW when there is none. */
export function onDemandNamed(catalogue: ServedCatalogue, name: string): ServedOnDemand {
  const view = catalogue.onDemand.get(name);
  if (view !== undefined) return view;
  throw new MillraceError('MR_UNKNOWN_VIEW', `there is no on-demand view "${name}"`, {
    context: { path: name },
    fix: suggestName(name, [...catalogue.onDemand.keys()]),
  });
}
