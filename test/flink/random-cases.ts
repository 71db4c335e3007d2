// Random views with random events, from a seed: what Flink refuses is left out of them. Each has a
// stream of its own, so that many run as one job.
import fc from 'fast-check';
import { parityTables } from '../../src/app/flink/parity/flink-side.ts';
import { lineOf, type ParityEvents } from '../../src/app/flink/parity/parity-events.ts';
import { toJsonText } from '../../src/app/json-text.ts';
import { compileFlink } from '../../src/flink/compile-flink.ts';
import { columnsOf } from '../../src/plan/expression.ts';
import type { FeatureNode, Plan, RelationNode, ViewNode } from '../../src/plan/plan.ts';
import { anyCase, type RandomCase } from '../../src/testing/arbitraries/cases.ts';

export interface RandomView {
  readonly seed: number;
  readonly plan: Plan;
  readonly events: ParityEvents;
}

const rowCountMax = 120;

/** The view of a seed; null when Flink computes none of its features. */
export function randomView(seed: number): RandomView | null {
  const arbitrary = anyCase({ emit: 'watermark', decayMs: null, rowCountMax });
  const [drawn] = fc.sample(arbitrary, { seed, numRuns: 1 });
  if (drawn === undefined) throw new TypeError('nothing was drawn');
  if (isElsewhere(drawn)) return null;
  const plan = named(drawn.plan, seed);
  const [view] = plan.views;
  const [stream] = plan.streams;
  if (view === undefined || stream === undefined) throw new TypeError('a case has a view');
  const features = view.features.filter((feature) => isComputed(plan, view, feature));
  if (features.length === 0) return null;
  const names = new Set(features.map(({ name }) => name));
  const derived = view.derived.filter(({ value }) =>
    [...columnsOf(value)].every((name) => names.has(name)),
  );
  const own: Plan = { ...plan, views: [{ ...view, features, derived }] };
  return { seed, plan: own, events: eventsOf(own, drawn) };
}

/** Views of seeds from `from` on. */
export function randomViews(from: number, count: number): readonly RandomView[] {
  const found: RandomView[] = [];
  for (let seed = from; found.length < count; seed++) {
    const view = randomView(seed);
    if (view !== null) found.push(view);
  }
  return found;
}

/** Many views as one plan, with the events of each. */
export function joined(views: readonly RandomView[]): {
  readonly plan: Plan;
  readonly events: ReadonlyMap<string, ParityEvents>;
} {
  const [first] = views;
  if (first === undefined) throw new TypeError('there are no views');
  return {
    plan: {
      ...first.plan,
      streams: views.flatMap(({ plan }) => plan.streams),
      views: views.flatMap(({ plan }) => plan.views),
    },
    events: new Map(views.map(({ events }) => [events.stream.name, events])),
  };
}

/**
 * By design: Flink's watermarks of files begin in 1970, and its order of texts is that of UTF-16 or of
 * UTF-8, by where a text comes from.
 */
function isElsewhere({ plan, steps }: RandomCase): boolean {
  const isEarly = steps.some((step) => step.kind === 'row' && Number(step.row['ts']) < 0);
  return isEarly || toJsonText(plan.views).includes('\u{ffee}');
}

function named(plan: Plan, seed: number): Plan {
  const stream = `events_${seed}`;
  const renamed = (node: RelationNode): RelationNode =>
    node.kind === 'scan' ? { ...node, stream } : { ...node, input: renamed(node.input) };
  return {
    ...plan,
    streams: plan.streams.map((node) => ({ ...node, name: stream, uid: stream, idField: null })),
    views: plan.views.map((view) => ({
      ...view,
      name: `view_${seed}`,
      uid: `view_${seed}`,
      from: renamed(view.from),
    })),
  };
}

function isComputed(plan: Plan, view: ViewNode, feature: FeatureNode): boolean {
  const own: Plan = { ...plan, views: [{ ...view, features: [feature], derived: [] }] };
  const tables = parityTables(own, '/', new Map());
  return compileFlink({ plan: own, tables }).refusals.length === 0;
}

function eventsOf({ streams: [stream] }: Plan, { steps, splitCount }: RandomCase): ParityEvents {
  if (stream === undefined) throw new TypeError('a case has a stream');
  const records = steps.flatMap((step) =>
    step.kind === 'row'
      ? [{ split: step.split, line: lineOf(stream, step.row), row: step.row }]
      : [],
  );
  return { stream, records, splitCount, instants: 'ms' };
}
