// Features of a view by the query that computes them: one per window, because Flink takes one OVER
// window in a SELECT, and so that each window judges lateness by itself, as the plan says. Groups
// keep their names when features come and go.
import { formatDuration } from '../kernel/duration.ts';
import { columnsOf } from '../plan/expression.ts';
import type { DerivedNode, FeatureNode, ViewNode } from '../plan/plan.ts';
import { type WindowKind, type WindowNode, windowKey } from '../plan/window.ts';
import type { ViewSinks } from './flink-tables.ts';
import { type Refusal, refusalsAt } from './refusal.ts';
import type { WindowFamily } from './sql-aggregate.ts';

/** The features of a view over one window, and what is derived from them alone. */
export interface WindowGroup {
  /** `rolling_1h`. */
  readonly name: string;
  readonly family: WindowFamily;
  readonly window: WindowNode;
  readonly features: readonly FeatureNode[];
  readonly derived: readonly DerivedNode[];
}

const families: Readonly<Record<WindowKind, WindowFamily>> = {
  rolling: 'over',
  rollingRows: 'over',
  lifetime: 'over',
  tumbling: 'ending',
  hopping: 'ending',
  cumulate: 'ending',
  session: 'ending',
};

/**
 * In the order in which their first features were written. What is derived from several windows is in
 * none: whoever merges the groups' rows into an online store computes it. Nobody does for other sinks.
 */
export function windowGroups(
  view: ViewNode,
  refusals: Refusal[],
  sinks?: ViewSinks,
): readonly WindowGroup[] {
  const byWindow = Map.groupBy(view.features, ({ window }) => windowKey(window));
  const groups = [...byWindow.values()].map((features) => groupOf(features));
  const groupByFeature = new Map(
    groups.flatMap((group) => group.features.map(({ name }) => [name, group] as const)),
  );
  for (const derived of view.derived) {
    const used = [...columnsOf(derived.value)].map((name) => groupByFeature.get(name));
    const [first = groups[0], ...others] = new Set(used);
    if (others.length === 0) first?.derived.push(derived);
    else refuseUnmerged(`${view.name}.derive.${derived.name}`, refusals, sinks);
  }
  return groups;
}

/** Only rows of an online store are merged; those of an output or a feature log are one window's. */
function refuseUnmerged(path: string, refusals: Refusal[], sinks: ViewSinks | undefined): void {
  const isMerged = sinks?.online != null;
  const others = [...(sinks?.output ? ['output'] : []), ...(sinks?.log ? ['feature log'] : [])];
  if (isMerged && others.length === 0) return;
  const where = isMerged ? `, and rows of its ${others.join(' and its ')} are not merged` : '';
  refusalsAt(path, refusals).refuse(
    `it is derived from features over different windows, which Flink computes in queries of their own${where}`,
    isMerged
      ? `leave its ${others.join(' and its ')} out (the online store has it), or derive it from one window`
      : 'bind an online store, for which rows are merged; or derive it from features over one window, ' +
          'or compute it when it is read, in an on-demand view',
  );
}

type OpenGroup = WindowGroup & { readonly derived: DerivedNode[] };

function groupOf(features: readonly FeatureNode[]): OpenGroup {
  const [first] = features;
  if (first === undefined) throw new TypeError('a group has a feature');
  const { window } = first;
  return { name: nameOf(window), family: families[window.kind], window, features, derived: [] };
}

type WindowNames = {
  readonly [K in WindowKind]: (window: Extract<WindowNode, { kind: K }>) => readonly string[];
};

const namesOf: WindowNames = {
  rolling: ({ sizeMs, resolutionMs }) => [
    'rolling',
    formatDuration(sizeMs),
    ...(resolutionMs === null ? [] : ['by', formatDuration(resolutionMs)]),
  ],
  rollingRows: ({ rows }) => ['rolling', String(rows), 'rows'],
  lifetime: () => ['lifetime'],
  tumbling: (window) => ['tumbling', formatDuration(window.sizeMs), ...boundary(window)],
  hopping: (window) => [
    'hopping',
    formatDuration(window.sizeMs),
    formatDuration(window.everyMs),
    ...boundary(window),
  ],
  cumulate: (window) => [
    'cumulate',
    formatDuration(window.sizeMs),
    formatDuration(window.stepMs),
    ...boundary(window),
  ],
  session: ({ gapMs }) => ['session', formatDuration(gapMs)],
};

function nameOf(window: WindowNode): string {
  const parts = namesOf[window.kind] as (window: WindowNode) => readonly string[];
  return parts(window).join('_');
}

function boundary(window: {
  readonly offsetMs: number;
  readonly allowedLatenessMs: number;
  readonly serve?: string;
}): readonly string[] {
  const { offsetMs, allowedLatenessMs, serve } = window;
  const sign = offsetMs < 0 ? ['minus'] : [];
  return [
    ...(offsetMs === 0 ? [] : ['offset', ...sign, formatDuration(Math.abs(offsetMs))]),
    ...(allowedLatenessMs === 0 ? [] : ['late', formatDuration(allowedLatenessMs)]),
    ...(serve === 'open' ? ['open'] : []),
  ];
}
