// Definitions → plan. Everything that was written wrong is collected with its place; the plan that
// comes back beside errors is only good for showing. Nothing here throws.
import type { Problem } from '../kernel/errors/millrace-error.ts';
import { freezeDeep } from '../plan/freeze.ts';
import type { OnDemandViewNode, Plan, ViewNode } from '../plan/plan.ts';
import { collectingReporter } from '../plan/reporter.ts';
import { validatePlan } from '../plan/validate.ts';
import { buildOnDemand } from './build/build-on-demand.ts';
import { buildService } from './build/build-service.ts';
import { buildEntity, buildStream } from './build/build-stream.ts';
import { buildView } from './build/build-view.ts';
import { collectDefinitions } from './build/collect-definitions.ts';
import { failAll, type Scope } from './build/scope.ts';
import { checkUserAggregates } from './build/user-aggregates.ts';

/** A plan and what is wrong with it. */
export interface BuiltPlan {
  readonly plan: Plan;
  /** Errors and warnings; with an error among them the plan must not run. */
  readonly problems: readonly Problem[];
}

/**
 * Builds the plan of every definition that modules export, and of what those use. It does no I/O
 * and never throws: every problem is in `problems`, with its path, code and fix.
 */
export function buildPlan(modules: readonly Readonly<Record<string, unknown>>[]): BuiltPlan {
  const problems: Problem[] = [];
  const scope: Scope = { path: '', report: collectingReporter(problems) };
  const found = collectDefinitions(modules, scope);
  const views = found.views
    .map((view) => buildView(view, scope))
    .filter((view): view is ViewNode => view !== null);
  const onDemand = found.onDemand
    .map((view) => buildOnDemand(view, views, scope))
    .filter((view): view is OnDemandViewNode => view !== null);
  const plan: Plan = freezeDeep({
    kind: 'plan',
    version: 1,
    entities: found.entities.map((entity) => buildEntity(entity, scope)),
    streams: found.streams.map((stream) => buildStream(stream, scope)),
    views,
    services: found.services.map((service) => buildService(service, { views, onDemand }, scope)),
    ...(onDemand.length === 0 ? {} : { onDemand }),
  });
  checkUserAggregates(plan, scope.report);
  const usedProblems = new Set(found.views.flatMap(({ from }) => from?.problems ?? []));
  for (const { name, problems: sentences } of found.exportedStreams) {
    const unused = sentences.filter((sentence) => !usedProblems.has(sentence));
    failAll({ ...scope, path: `${name}.where` }, unused);
  }
  return { plan, problems: [...problems, ...furtherProblems(plan, problems)] };
}

/**
 * What validation adds: neither what follows from a problem further in, nor what is wrong inside
 * something that is missing altogether.
 */
function furtherProblems(plan: Plan, known: readonly Problem[]): readonly Problem[] {
  const hides = (said: Problem, path: string): boolean =>
    said.path === path ||
    said.path.startsWith(`${path}.`) ||
    (said.code === 'MR_DEFINITION_INVALID' && path.startsWith(`${said.path}.`));
  return validatePlan(plan).filter(({ path }) => !known.some((said) => hides(said, path)));
}
