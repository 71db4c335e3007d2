// The views of a client as its requests need them, from their definitions.
import { buildPlan } from '../define/build-plan.ts';
import { MillraceError, ProblemsError } from '../kernel/errors/millrace-error.ts';
import { suggestName } from '../kernel/nearest-name.ts';
import type { Field } from '../kernel/types/field-type.ts';
import { onDemandKey } from '../plan/on-demand-inputs.ts';
import { type Plan, featureFields } from '../plan/plan.ts';
import type { ClientView } from './client-types.ts';

export interface KnownView {
  readonly name: string;
  /** Columns of a request: join keys, and what a computed view wants besides. */
  readonly columns: readonly Field[];
  readonly features: readonly Field[];
}

/** By name. Throws ProblemsError for definitions that are wrong. */
export function knownViews(
  views: Readonly<Record<string, ClientView>>,
): ReadonlyMap<string, KnownView> {
  const { plan, problems } = buildPlan([views]);
  if (problems.some(({ severity }) => severity === 'error')) throw new ProblemsError(problems);
  return new Map([...storedViews(plan), ...computedViews(plan)].map((view) => [view.name, view]));
}

function storedViews(plan: Plan): readonly KnownView[] {
  return plan.views.map((view) => ({
    name: view.name,
    columns: view.key.map(({ name, type, nullable }) => ({ name, type, nullable })),
    features: featureFields(view),
  }));
}

function computedViews(plan: Plan): readonly KnownView[] {
  return (plan.onDemand ?? []).map((view) => ({
    name: view.name,
    columns: [...onDemandKey(plan, view), ...view.request],
    features: view.features.map(({ name, type }) => ({ name, type, nullable: true })),
  }));
}

/** Throws MR_CLIENT_VIEW for a view that the client was not made with. */
export function knownView(views: ReadonlyMap<string, KnownView>, name: string): KnownView {
  const view = views.get(name);
  if (view !== undefined) return view;
  throw new MillraceError('MR_CLIENT_VIEW', `this client was not made with view "${name}"`, {
    context: { path: name },
    fix: `add it to createClient(url, { views }); ${suggestName(name, [...views.keys()])}`,
  });
}
