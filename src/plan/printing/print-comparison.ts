// What becomes of state under another definition, as text for people.
import type { OnDemandComparison } from '../upgrade/compare-on-demand.ts';
import type { PlanComparison, StateFate, ViewComparison } from '../upgrade/compare-plans.ts';

const words: Record<StateFate, string> = {
  kept: 'kept',
  changed: 'kept, other rules from now on',
  migrated: 'migrated',
  empty: 'starts empty',
  dropped: 'dropped',
  refused: 'REFUSED',
};

/** A block per view and a verdict, without a line break at the end. */
export function printComparison(comparison: PlanComparison): string {
  const blocks = comparison.views.map((view) => viewLines(view).join('\n'));
  const onDemand = comparison.onDemand.map((view) => onDemandLines(view).join('\n'));
  return [...blocks, ...onDemand, verdict(comparison)].join('\n\n');
}

function viewLines({ view, fate, note, features }: ViewComparison): string[] {
  const width = Math.max(0, ...features.map(({ feature }) => feature.length));
  return [
    described(`view ${view}`, fate, note),
    ...features.map((f) => described(`  ${f.feature.padEnd(width)} `, f.fate, f.note)),
  ];
}

function onDemandLines({ view, note, features }: OnDemandComparison): string[] {
  const width = Math.max(0, ...features.map(({ feature }) => feature.length));
  return [
    `on-demand view ${view}: ${note}`,
    ...features.map((f) => `  ${f.feature.padEnd(width)}  ${f.note}`),
  ];
}

function described(what: string, fate: StateFate, note: string): string {
  const said = note === '' ? words[fate] : `${words[fate]}: ${note}`;
  return what.startsWith(' ') ? `${what} ${said}` : `${what}: ${said}`;
}

function verdict({ isRestorable, isSame }: PlanComparison): string {
  if (!isRestorable) return 'The state cannot go on under this definition.';
  return isSame
    ? 'The state goes on as it is.'
    : 'The state goes on; it is rewritten when the job starts.';
}
