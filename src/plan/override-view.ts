// What an environment may change of a view: when its vectors appear, never what they are.
import { freezeDeep } from './freeze.ts';
import type { Plan, ViewNode } from './plan.ts';

export type EmissionOverride = Partial<Pick<ViewNode, 'emit' | 'decayMs'>>;

/** The plan with another emission for one view; a view that does not exist changes nothing. */
export function overrideView(plan: Plan, viewName: string, override: EmissionOverride): Plan {
  const views = plan.views.map((view) =>
    view.name === viewName ? { ...view, ...override } : view,
  );
  return freezeDeep({ ...plan, views });
}
