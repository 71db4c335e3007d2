// Where a job of Flink logs the rows of a view: each window's in a folder of its own, with the features
// of that window. Nothing in them says when a record arrived.
import { windowGroups } from '../../flink/window-group.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { ViewNode } from '../../plan/plan.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { flinkLogName } from './file-tables.ts';
import { placementOf } from './hybrid/placement.ts';

/** Names of the logs of a view that Flink computes; null when the engine does. */
export type FlinkLogs = (view: ViewNode) => readonly string[] | null;

export function flinkLogs(project: ResolvedProject): FlinkLogs {
  const { flinkPlan } = placementOf(project);
  const names = new Set(flinkPlan.views.map(({ name }) => name));
  return (view) =>
    names.has(view.name)
      ? windowGroups(view, []).map((group) => flinkLogName(view.name, group.name))
      : null;
}

/** Throws MR_CONFIG_INVALID for a view whose log does not say when its records arrived. */
export function refuseFlinkArrivals(logs: FlinkLogs, views: readonly ViewNode[]): void {
  const view = views.find((candidate) => logs(candidate) !== null);
  if (view === undefined) return;
  const message = `the log of view "${view.name}" is Flink's, which does not say when records arrived`;
  throw new MillraceError('MR_CONFIG_INVALID', message, {
    context: { path: view.name },
    fix: 'leave --as-known-at out, or train with --mode recompute and --arrival-field',
  });
}
