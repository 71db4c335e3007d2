// What changes in features that are computed when they are read. They have no state, so any change is
// possible; it is listed because answers change with the next deployment of the server.
import { formatField } from '../../kernel/types/field-type.ts';
import { formatExpression } from '../printing/format-expression.ts';
import type { OnDemandFeatureNode, OnDemandViewNode } from '../plan.ts';

export interface OnDemandComparison {
  readonly view: string;
  /** `same`, or what is different of the whole view. */
  readonly note: string;
  /** Features that are new, gone, or computed otherwise. */
  readonly features: readonly { readonly feature: string; readonly note: string }[];
}

/** One entry per view of either plan. */
export function compareOnDemand(
  older: readonly OnDemandViewNode[],
  newer: readonly OnDemandViewNode[],
): readonly OnDemandComparison[] {
  const gone = older.filter(({ name }) => !newer.some((view) => view.name === name));
  return [
    ...newer.map((view) => {
      const before = older.find(({ name }) => name === view.name);
      return before === undefined
        ? { view: view.name, note: 'is new', features: [] }
        : compareViews(before, view);
    }),
    ...gone.map(({ name }) => ({ view: name, note: 'is no longer defined', features: [] })),
  ];
}

function compareViews(before: OnDemandViewNode, after: OnDemandViewNode): OnDemandComparison {
  const requestOf = ({ request }: OnDemandViewNode): string =>
    request.map(formatField).join(', ') || 'nothing';
  const features = [
    ...after.features.flatMap((is) => featureNote(before, is)),
    ...before.features
      .filter(({ name }) => !after.features.some((is) => is.name === name))
      .map(({ name }) => ({ feature: name, note: 'is no longer defined' })),
  ];
  const isSameRequest = requestOf(before) === requestOf(after);
  const note = isSameRequest
    ? features.length === 0
      ? 'same'
      : 'computed otherwise'
    : `asked for ${requestOf(before)}, from now on for ${requestOf(after)}`;
  return { view: after.name, note, features };
}

function featureNote(
  before: OnDemandViewNode,
  is: OnDemandFeatureNode,
): readonly { readonly feature: string; readonly note: string }[] {
  const was = before.features.find(({ name }) => name === is.name);
  if (was === undefined) return [{ feature: is.name, note: 'is new' }];
  const [oldText, newText] = [textOf(was), textOf(is)];
  return oldText === newText
    ? []
    : [{ feature: is.name, note: `was ${oldText}, from now on ${newText}` }];
}

function textOf({ name, type, nullable, value }: OnDemandFeatureNode): string {
  return `${formatField({ name, type, nullable })} = ${formatExpression(value)}`;
}
