// What is different between the view that rows were served by and the view of today, in the words of
// the definitions.
import { formatDuration } from '../../kernel/duration.ts';
import { formatType } from '../../kernel/types/field-type.ts';
import { viewFingerprint } from '../../plan/fingerprint.ts';
import { type Plan, predicatesOf, streamOf, type ViewNode } from '../../plan/plan.ts';
import { formatExpression } from '../../plan/printing/format-expression.ts';
import { formatFeature } from '../../plan/printing/format-feature.ts';

/** A view as it was when rows were served. */
export interface FormerView {
  readonly plan: Plan;
  readonly view: ViewNode;
}

/** True when both compute the same. */
export function isSameView(former: FormerView, plan: Plan, view: ViewNode): boolean {
  return viewFingerprint(former.plan, former.view) === viewFingerprint(plan, view);
}

/** How a feature changed, as in `was sum(amount) over rolling 1h, is … `; empty when it did not. */
export function featureChange(
  former: FormerView,
  plan: Plan,
  view: ViewNode,
  name: string,
): string {
  const notes = [...sharedChanges(former, plan, view)];
  const [was, is] = [textOf(former.view, name), textOf(view, name)];
  if (was === null && is !== null) notes.unshift('is new');
  else if (was !== null && is === null) notes.unshift('is no longer defined');
  else if (was !== is) notes.unshift(`was ${was}, is ${is}`);
  return notes.join('; ');
}

function textOf({ features, derived }: ViewNode, name: string): string | null {
  const feature = features.find((other) => other.name === name);
  if (feature !== undefined) return formatFeature(feature);
  const made = derived.find((other) => other.name === name);
  return made === undefined ? null : formatExpression(made.value);
}

/** Changes that concern every feature of the view. */
function sharedChanges(former: FormerView, plan: Plan, view: ViewNode): readonly string[] {
  const before = streamOf(former.plan, former.view);
  const after = streamOf(plan, view);
  const pairs: readonly (readonly [string, string, string])[] = [
    ['the stream', before.name, after.name],
    ['the filter', filterText(former.view), filterText(view)],
    ['the key', keyText(former.view), keyText(view)],
    ['emit', former.view.emit, view.emit],
    ['decay', decayText(former.view), decayText(view)],
    ['the event time', before.eventTime.field, after.eventTime.field],
    ['the id', before.idField ?? 'none', after.idField ?? 'none'],
  ];
  return pairs
    .filter(([, was, is]) => was !== is)
    .map(([what, was, is]) => `${what} was ${was}, is ${is}`);
}

function filterText(view: ViewNode): string {
  return predicatesOf(view).map(formatExpression).join(' and ') || 'none';
}

function keyText({ key }: ViewNode): string {
  return key
    .map(({ name, type, value }) => `${name} ${formatType(type)} = ${formatExpression(value)}`)
    .join(', ');
}

function decayText({ decayMs }: ViewNode): string {
  if (decayMs === 'default') return 'the default';
  return decayMs === null ? 'never' : formatDuration(decayMs);
}
