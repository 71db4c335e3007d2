// From a plan to what a job runs: per stream in use one source task, and the views that read it.
// Filters stay inside the views: the watermark follows the unfiltered stream. Streams of other views'
// rows have no source and come last, each behind the view that gives it.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { type Plan, type StreamNode, streamOf, type ViewNode } from '../../plan/plan.ts';
import { viewRead } from '../../plan/rows-stream.ts';

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
    .filter((stage) => stage.views.length > 0)
    .map((stage) => ({ stage, depth: depthOf(plan, stage.stream) }))
    .sort((a, b) => a.depth - b.depth)
    .map(({ stage }) => stage);
}

/** Whether rows of views are handed on to other views. */
export function isChained(stages: readonly SourceStage[]): boolean {
  return stages.some(({ stream }) => stream.rowsOf !== undefined);
}

/** How many views lie between a stream and records from outside. */
function depthOf(plan: Plan, stream: StreamNode): number {
  if (stream.rowsOf === undefined) return 0;
  const view = plan.views.find(({ name }) => name === stream.rowsOf);
  if (view === undefined) throw new Error(`plan has no view "${stream.rowsOf}"`);
  let depth = 1;
  for (let at = viewRead(plan, view); at !== null; at = viewRead(plan, at)) depth += 1;
  return depth;
}

function unknownView(plan: Plan, name: string): MillraceError {
  const names = plan.views.map((view) => view.name);
  return new MillraceError('MR_UNKNOWN_VIEW', `there is no feature view "${name}"`, {
    fix: suggestName(name, names),
  });
}
