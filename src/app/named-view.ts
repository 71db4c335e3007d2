// Views and their keys by name, as callers give them: what is wrong is named with the nearest right one.
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import { suggestName } from '../kernel/nearest-name.ts';
import { onDemandKey } from '../plan/on-demand-inputs.ts';
import type { OnDemandViewNode, Plan, ViewNode } from '../plan/plan.ts';

/** The view with stored rows of that name; throws MR_UNKNOWN_VIEW. */
export function namedView({ views, onDemand = [] }: Plan, name: string): ViewNode {
  const view = views.find((candidate) => candidate.name === name);
  if (view !== undefined) return view;
  if (onDemand.some((candidate) => candidate.name === name)) {
    const message = `view "${name}" is computed when it is read: there are no rows of it`;
    throw new MillraceError('MR_UNKNOWN_VIEW', message, {
      fix: 'name a feature view that it reads; read it itself with app.store.get or millrace get',
    });
  }
  const names = [...views, ...onDemand].map((candidate) => candidate.name);
  throw new MillraceError('MR_UNKNOWN_VIEW', `there is no view "${name}"`, {
    fix: suggestName(name, names),
  });
}

/** The on-demand view of that name; undefined when the name is no such one. */
export function namedOnDemand({ onDemand }: Plan, name: string): OnDemandViewNode | undefined {
  return onDemand?.find((candidate) => candidate.name === name);
}

/** Throws MR_UNKNOWN_KEY for what is no join key of the view, stored or computed. */
export function checkKeyNames(
  plan: Plan,
  view: string,
  key: Readonly<Record<string, unknown>>,
): void {
  const onDemand = namedOnDemand(plan, view);
  const fields = onDemand === undefined ? namedView(plan, view).key : onDemandKey(plan, onDemand);
  const names = fields.map(({ name }) => name);
  const wrong = Object.keys(key).find((name) => !names.includes(name));
  if (wrong === undefined) return;
  throw new MillraceError('MR_UNKNOWN_KEY', `${view} has no key "${wrong}"`, {
    context: { path: view },
    fix: suggestName(wrong, names),
  });
}
