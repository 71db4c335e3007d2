// From a plan to what a job runs: per stream in use one source task, and the views that read it.
// Filters stay inside the views: the watermark follows the unfiltered stream.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { type Plan, type StreamNode, streamOf, type ViewNode } from '../../plan/plan.ts';

/** One stream and the views that are computed from it. */
export interface SourceStage {
  readonly stream: StreamNode;
  readonly views: readonly ViewNode[];
}

/** The stages of the named views (all by default), in the plan's order. Throws MR_UNKNOWN_VIEW. */
export function lowerPlan(plan: Plan, viewNames?: readonly string[]): readonly SourceStage[] {
  for (const name of viewNames ?? []) {
    if (!plan.views.some((view) => view.name === name)) throw unknownView(plan, name);
  }
  const views = plan.views.filter((view) => viewNames?.includes(view.name) ?? true);
  return plan.streams
    .map((stream) => ({
      stream,
      views: views.filter((view) => streamOf(plan, view).name === stream.name),
    }))
    .filter((stage) => stage.views.length > 0);
}

function unknownView(plan: Plan, name: string): MillraceError {
  const names = plan.views.map((view) => view.name);
  return new MillraceError('MR_UNKNOWN_VIEW', `there is no feature view "${name}"`, {
    fix: suggestName(name, names),
  });
}
