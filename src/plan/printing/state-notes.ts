// What a view must remember per key, said before anything runs. Counts of slots are upper bounds;
// bytes of records depend on the data and are not guessed here.
import { formatDuration } from '../../kernel/duration.ts';
import type { FeatureNode, ViewNode } from '../plan.ts';
import { type WindowNode, windowKey } from '../window.ts';

/** One line per thing that is kept for a key, the record buffer first. */
export function stateNotes(view: ViewNode): readonly string[] {
  const byWindow = new Map<string, FeatureNode[]>();
  for (const feature of view.features) {
    const key = windowKey(feature.window);
    byWindow.set(key, [...(byWindow.get(key) ?? []), feature]);
  }
  const notes = recordNotes(view.features);
  for (const features of byWindow.values()) {
    const [first] = features;
    const note = first === undefined ? null : windowNote(first.window);
    if (note !== null) notes.push(`${note} for ${features.map((f) => f.name).join(', ')}`);
  }
  return [...notes, ...view.features.flatMap(unboundedNote)];
}

/** Exact rolling windows share one buffer of records, as long as the longest of them. */
function recordNotes(features: readonly FeatureNode[]): string[] {
  const exact = features.filter(({ window }) => isExactRolling(window));
  const longestMs = Math.max(0, ...exact.map(({ window }) => sizeOf(window)));
  const rows = features.map(({ window }) => (window.kind === 'rollingRows' ? window.rows : 0));
  const mostRows = Math.max(0, ...rows);
  const notes: string[] = [];
  if (exact.length > 0) {
    const sharers = exact.length === 1 ? '' : `, shared by ${exact.length} features`;
    notes.push(`the records of the last ${formatDuration(longestMs)}${sharers}`);
  }
  if (mostRows > 0) notes.push(`the last ${mostRows} records`);
  return notes;
}

function isExactRolling(window: WindowNode): boolean {
  return window.kind === 'rolling' && window.resolutionMs === null;
}

function sizeOf(window: WindowNode): number {
  return window.kind === 'rolling' ? window.sizeMs : 0;
}

/** What one window keeps beside the records; null when that is nothing. */
function windowNote(window: WindowNode): string | null {
  switch (window.kind) {
    case 'rolling':
      return window.resolutionMs === null
        ? null
        : `up to ${slotCount(window.sizeMs, window.resolutionMs)} slots`;
    case 'rollingRows':
      return null;
    case 'lifetime':
      return 'one accumulator';
    case 'tumbling':
      return 'the open and the last window';
    case 'hopping':
      return `${Math.ceil(window.sizeMs / window.everyMs)} panes and the open ones`;
    case 'cumulate':
      return `${Math.ceil(window.sizeMs / window.stepMs)} panes`;
    case 'session':
      return 'the open sessions and the last one';
  }
}

/** How many slots a rolling window with a resolution can hold at once. */
export function slotCount(sizeMs: number, resolutionMs: number): number {
  return Math.ceil(sizeMs / resolutionMs) + 1;
}

function unboundedNote({ name, aggregate, window }: FeatureNode): readonly string[] {
  if (window.kind !== 'lifetime') return [];
  if (aggregate.fn !== 'countDistinct' && !aggregate.distinct) return [];
  return [`every distinct value, for ever, for ${name}: nothing bounds it`];
}
