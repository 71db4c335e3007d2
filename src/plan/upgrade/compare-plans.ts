// What becomes of the state of an older plan under a newer one, feature by feature, before anything
// runs. Logic may change, state may not do so silently: what cannot be kept has to be asked for.
import { formatDuration } from '../../kernel/duration.ts';
import { type FieldType, formatType, sameType } from '../../kernel/types/field-type.ts';
import { formatAggregate, formatWindow } from '../printing/format-feature.ts';
import { formatExpression } from '../printing/format-expression.ts';
import {
  type FeatureNode,
  type Plan,
  predicatesOf,
  type StreamNode,
  streamOf,
  type ViewNode,
} from '../plan.ts';
import { windowKey } from '../window.ts';
import { compareOnDemand, type OnDemandComparison } from './compare-on-demand.ts';
import type { UpgradeNode } from './upgrade-node.ts';

/**
 * `kept`: as it is. `changed`: kept, though it was computed by other rules. `migrated`: kept, its
 * values become others. `empty`: starts without a past. `dropped`: gone. `refused`: cannot go on.
 */
export type StateFate = 'kept' | 'changed' | 'migrated' | 'empty' | 'dropped' | 'refused';

export interface FeatureComparison {
  readonly feature: string;
  /** Name in the older plan; null when it was not there. */
  readonly from: string | null;
  readonly fate: StateFate;
  /** Why; empty for `kept` under the same name. */
  readonly note: string;
}

export interface ViewComparison {
  readonly view: string;
  /** Of the state that no single feature owns: key, order, emission. */
  readonly fate: StateFate;
  readonly note: string;
  readonly features: readonly FeatureComparison[];
}

export interface PlanComparison {
  readonly views: readonly ViewComparison[];
  /** What answers will be computed otherwise; nothing of it is kept, so nothing is refused. */
  readonly onDemand: readonly OnDemandComparison[];
  /** False when some state would be refused. */
  readonly isRestorable: boolean;
  /** True when every image can be read as it is. */
  readonly isSame: boolean;
}

/** Compares the plan that made a state with the plan that is to go on with it. */
export function comparePlans(older: Plan, newer: Plan): PlanComparison {
  const known = new Map(older.views.map((view) => [view.name, view]));
  const views: ViewComparison[] = newer.views.map((view) => {
    const before = known.get(view.name);
    return before === undefined ? newView(view) : compareViews(older, before, newer, view);
  });
  for (const { name } of older.views) {
    if (newer.views.some((view) => view.name === name)) continue;
    views.push({ view: name, fate: 'dropped', note: 'is no longer defined', features: [] });
  }
  const fates = views.flatMap(({ fate, features }) => [fate, ...features.map((f) => f.fate)]);
  return {
    views,
    onDemand: compareOnDemand(older.onDemand ?? [], newer.onDemand ?? []),
    isRestorable: !fates.includes('refused'),
    isSame: fates.every((fate) => fate === 'kept' || fate === 'changed'),
  };
}

function newView(view: ViewNode): ViewComparison {
  return { view: view.name, fate: 'empty', note: 'is new', features: [] };
}

function compareViews(older: Plan, before: ViewNode, newer: Plan, after: ViewNode): ViewComparison {
  const refusal = refusalOf(older, before, newer, after);
  if (refusal !== null) {
    return { view: after.name, fate: 'refused', note: refusal, features: [] };
  }
  const upgrade = after.upgrade ?? noUpgrade;
  const taken = new Set<string>();
  const features = after.features.map((feature) => {
    const was = formerOf(before, feature, upgrade);
    if (was !== undefined) taken.add(was.name);
    return compareFeatures(was, feature, upgrade);
  });
  for (const { name } of before.features) {
    if (taken.has(name)) continue;
    features.push({ feature: name, from: name, fate: 'dropped', note: 'is no longer defined' });
  }
  const note = logicNote(before, after);
  return { view: after.name, fate: note === '' ? 'kept' : 'changed', note, features };
}

/** A state that knows the new name already is past the renaming. */
function formerOf(
  { features }: ViewNode,
  { name }: FeatureNode,
  { renamed }: UpgradeNode,
): FeatureNode | undefined {
  const from = renamed.find(({ feature }) => feature === name)?.from;
  return (
    features.find((feature) => feature.name === name) ??
    features.find((feature) => feature.name === from)
  );
}

const noUpgrade: UpgradeNode = { renamed: [], added: null, retyped: [] };

/** Why nothing of the view's state can be used; null when it can. */
function refusalOf(older: Plan, before: ViewNode, newer: Plan, after: ViewNode): string | null {
  const keyOf = (view: ViewNode): string =>
    view.key.map(({ name, type }) => `${name} ${formatType(type)}`).join(', ');
  if (keyOf(before) !== keyOf(after)) {
    return `its key was (${keyOf(before)}) and is (${keyOf(after)}): give the view another name`;
  }
  if (before.emit !== after.emit) {
    return `it was computed with emit '${before.emit}' and is to go on with '${after.emit}'`;
  }
  return streamRefusal(streamOf(older, before), streamOf(newer, after));
}

function streamRefusal(before: StreamNode, after: StreamNode): string | null {
  if (before.name !== after.name) {
    return `it read stream "${before.name}" and is to read "${after.name}"`;
  }
  const idOf = ({ idField }: StreamNode): string => idField ?? 'arrival';
  if (before.idField !== after.idField) {
    return `ties were broken by ${idOf(before)} and are to be broken by ${idOf(after)}`;
  }
  return null;
}

/** What changed in the rules that all features of the view share; empty when nothing did. */
function logicNote(before: ViewNode, after: ViewNode): string {
  const filterOf = (view: ViewNode): string =>
    predicatesOf(view).map(formatExpression).join(' and ') || 'no filter';
  const notes: string[] = [];
  if (filterOf(before) !== filterOf(after)) {
    notes.push(`records were filtered by ${filterOf(before)}, from now on by ${filterOf(after)}`);
  }
  if (before.decayMs !== after.decayMs) {
    notes.push(`values shrank every ${decayText(before)}, from now on every ${decayText(after)}`);
  }
  return notes.join('; ');
}

function decayText({ decayMs }: ViewNode): string {
  if (decayMs === 'default') return 'default step';
  return decayMs === null ? 'never' : formatDuration(decayMs);
}

function compareFeatures(
  was: FeatureNode | undefined,
  is: FeatureNode,
  { added, retyped }: UpgradeNode,
): FeatureComparison {
  const { name } = is;
  if (was === undefined) return newFeature(is, null, 'is new', added);
  const renamed = was.name === name ? '' : `was called "${was.name}"`;
  const rule = shapeDifference(was, is);
  if (rule !== null) return newFeature(is, was.name, joined(renamed, rule), added);
  const [oldType, newType] = [keptType(was), keptType(is)];
  if (oldType !== null && newType !== null && !sameType(oldType, newType)) {
    return retypedFeature(was, is, retyped);
  }
  const [oldText, newText] = [formatAggregate(was.aggregate), formatAggregate(is.aggregate)];
  if (oldText === newText) return { feature: name, from: was.name, fate: 'kept', note: renamed };
  const note = joined(renamed, `what it kept was ${oldText}, from now on ${newText}`);
  return { feature: name, from: was.name, fate: 'changed', note };
}

/** What makes the kept state useless for the feature; null when nothing does. */
function shapeDifference(was: FeatureNode, is: FeatureNode): string | null {
  const windows = [formatWindow(was.window), formatWindow(is.window)];
  if (windowKey(was.window) !== windowKey(is.window)) {
    return `its window was ${windows[0]} and is ${windows[1]}`;
  }
  const shapes = [was, is].map(
    ({ aggregate: { fn, distinct, limit, quantile, halfLifeMs, user } }) =>
      JSON.stringify([fn, distinct, limit, quantile, halfLifeMs, user]),
  );
  if (shapes[0] === shapes[1]) return null;
  return `it was ${formatAggregate(was.aggregate)} and is ${formatAggregate(is.aggregate)}`;
}

function keptType({ aggregate }: FeatureNode): FieldType | null {
  return aggregate.input?.type ?? null;
}

function retypedFeature(
  was: FeatureNode,
  is: FeatureNode,
  retyped: UpgradeNode['retyped'],
): FeatureComparison {
  const [from, to] = [keptType(was), keptType(is)].map((type) =>
    type === null ? 'rows' : formatType(type),
  );
  const place = { feature: is.name, from: was.name };
  const change = `it kept ${from} and is to keep ${to}`;
  const rule = retyped.find(({ feature }) => feature === is.name);
  if (rule === undefined) {
    const fix = `say how values change: upgrade: { retyped: { ${is.name}: { from, by } } }`;
    return { ...place, fate: 'refused', note: `${change}: ${fix}` };
  }
  if (formatType(rule.from) !== from) {
    const note = `${change}, but its migration is from ${formatType(rule.from)}`;
    return { ...place, fate: 'refused', note };
  }
  return { ...place, fate: 'migrated', note: `${change}: ${formatExpression(rule.by)}` };
}

function newFeature(
  { name: feature }: FeatureNode,
  from: string | null,
  why: string,
  added: UpgradeNode['added'],
): FeatureComparison {
  if (added === 'empty') return { feature, from, fate: 'empty', note: why };
  const note = `${why}: let it start empty (upgrade: { added: 'empty' }), or start over`;
  return { feature, from, fate: 'refused', note };
}

function joined(...notes: readonly string[]): string {
  return notes.filter((note) => note !== '').join('; ');
}
