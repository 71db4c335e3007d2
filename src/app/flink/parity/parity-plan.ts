// The plan that is compared: each window of a view by itself, as Flink computes it, with a count of its
// records where a row stands for a window. That count tells on both sides how many were taken, and so
// how many were late, in whatever way Flink's operator dropped them.
import type { FeatureNode, Plan, StreamNode, ViewNode } from '../../../plan/plan.ts';
import type { WindowGroup } from '../../../flink/window-group.ts';
import { windowGroups } from '../../../flink/window-group.ts';
import type { ComparedColumn } from './compare-rows.ts';

/** One window of a view. */
export interface ParityCase {
  readonly view: ViewNode;
  readonly group: WindowGroup;
  /** Name of the feature that counts a window's records; null: each record has a row. */
  readonly count: string | null;
  readonly columns: readonly ComparedColumn[];
}

/** The plan with the counts; ties by arrival, as Flink has them. */
export function parityPlan(plan: Plan): Plan {
  return {
    ...plan,
    streams: plan.streams.map((stream): StreamNode => ({ ...stream, idField: null })),
    views: plan.views.map(withCounts),
  };
}

function withCounts(view: ViewNode): ViewNode {
  const groups = windowGroups(view, []);
  const counts = groups.filter(({ family }) => family === 'ending').map((group) => countOf(group));
  return {
    ...view,
    features: [...view.features, ...counts],
    // What is derived from several windows is computed from merged rows, by the engine's own code.
    derived: groups.flatMap(({ derived }) => derived),
  };
}

function countName({ name }: WindowGroup): string {
  return `records__${name}`;
}

function countOf(group: WindowGroup): FeatureNode {
  const name = countName(group);
  return {
    kind: 'feature',
    name,
    uid: name,
    type: { kind: 'count' },
    nullable: false,
    aggregate: {
      kind: 'aggregate',
      fn: 'count',
      input: null,
      where: null,
      distinct: false,
      limit: null,
      quantile: null,
    },
    window: group.window,
  };
}

/** The windows of a view of the plan that `parityPlan` gave. */
export function parityCases(view: ViewNode): readonly ParityCase[] {
  return windowGroups(view, []).map((group) => ({
    view,
    group,
    count: group.family === 'ending' ? countName(group) : null,
    columns: columnsOf(view, group),
  }));
}

const running = /^(sum|avg|stddev|var)/;
const spread = /^(stddev|var)/;
const root = /^stddev/;

function columnsOf(view: ViewNode, group: WindowGroup): readonly ComparedColumn[] {
  const isOf = ({ aggregate, type }: FeatureNode, names: RegExp): boolean =>
    type.kind === 'float64' && names.test(aggregate.fn);
  const isOver = group.family === 'over';
  const identity = { isIdentity: true, isSpread: false, isRoot: false, isRunning: false };
  return [
    ...view.key.map(({ name, type }) => ({ name, type, ...identity })),
    { name: 'as_of', type: { kind: 'timestamp' }, ...identity },
    ...group.features.map((feature) => ({
      name: feature.name,
      type: feature.type,
      isIdentity: false,
      isSpread: isOf(feature, spread),
      isRoot: isOf(feature, root),
      isRunning: isOver && isOf(feature, running),
    })),
    // What is derived has no more digits than what it is derived from.
    ...group.derived.map(({ name, type }) => ({
      name,
      type,
      isIdentity: false,
      isSpread: group.features.some((feature) => isOf(feature, spread)),
      isRoot: false,
      isRunning: isOver && group.features.some((feature) => isOf(feature, running)),
    })),
  ];
}
