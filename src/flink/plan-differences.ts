// What Flink computes right but gives out otherwise than the engine would: said by `check`, not
// refused. The value of a feature at an instant is the same; when a row appears is not.
import { formatDuration } from '../kernel/duration.ts';
import { type Plan, streamOf, type ViewNode } from '../plan/plan.ts';

/** A difference between the engine and Flink, at a place of the plan. */
export interface PlanDifference {
  readonly path: string;
  readonly difference: string;
}

export function planDifferences(plan: Plan): readonly PlanDifference[] {
  return plan.views.flatMap((view) => [...freshness(plan, view), ...ties(plan, view)]);
}

function freshness(plan: Plan, view: ViewNode): readonly PlanDifference[] {
  if (view.emit === 'watermark' && (view.decayMs === null || view.decayMs === 'default')) return [];
  const { outOfOrdernessMs } = streamOf(plan, view).eventTime;
  const later = formatDuration(outOfOrdernessMs);
  const difference =
    `Flink gives rows out at the watermark, ${later} of event time after their records, ` +
    'and values of rolling windows do not shrink while no record arrives';
  return [{ path: `${view.name}.emit`, difference }];
}

/** Flink knows no field that breaks ties. */
function ties(plan: Plan, view: ViewNode): readonly PlanDifference[] {
  const { idField } = streamOf(plan, view);
  if (idField === null) return [];
  return view.features
    .filter(
      ({ aggregate, window }) =>
        aggregate.fn === 'first' || aggregate.fn === 'last' || window.kind === 'rollingRows',
    )
    .map(({ name }) => ({
      path: `${view.name}.features.${name}`,
      difference: `records of equal event time are taken in order of arrival, not by ${idField}`,
    }));
}
