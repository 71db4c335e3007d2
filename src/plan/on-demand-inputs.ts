// What features computed at read time may read, and what they do read. A stored feature is the column
// `view.feature` (names have no dots, so nothing collides) and always nullable: a key may be unknown.
import type { Field } from '../kernel/types/field-type.ts';
import { columnsOf } from './expression.ts';
import { featureFields, type OnDemandViewNode, type Plan, type ViewNode } from './plan.ts';

/** A stored feature that is read. */
export interface StoredInput {
  readonly view: string;
  readonly feature: string;
}

/** The column of a stored feature in expressions of on-demand views. */
export function storedColumn(view: string, feature: string): string {
  return `${view}.${feature}`;
}

/** The features of a view as columns of on-demand views. */
export function storedFields(view: ViewNode): readonly Field[] {
  return featureFields(view).map(({ name, type }) => ({
    name: storedColumn(view.name, name),
    type,
    nullable: true,
  }));
}

/** Everything that the view's expressions may read: the request, then features of its views. */
export function onDemandInputs(plan: Plan, node: OnDemandViewNode): readonly Field[] {
  const views = plan.views.filter(({ name }) => node.from.includes(name));
  return [...node.request, ...views.flatMap(storedFields)];
}

/** Join keys of the views that are read, in the order of the plan's views. */
export function onDemandKey(plan: Plan, node: OnDemandViewNode): readonly Field[] {
  const byName = new Map<string, Field>();
  for (const { view } of inputsRead(node).stored) {
    const key = plan.views.find(({ name }) => name === view)?.key ?? [];
    for (const { name, type, nullable } of key) byName.set(name, { name, type, nullable });
  }
  return [...byName.values()];
}

/** What these features of the view read: columns of the request, and stored features. */
export function inputsRead(
  node: OnDemandViewNode,
  features: readonly string[] = node.features.map(({ name }) => name),
): { readonly request: readonly Field[]; readonly stored: readonly StoredInput[] } {
  const columns = new Set<string>();
  for (const { name, value } of node.features) {
    if (features.includes(name)) columnsOf(value, columns);
  }
  const stored = [...columns].flatMap((column) => {
    const [view, feature] = column.split('.');
    return view !== undefined && feature !== undefined ? [{ view, feature }] : [];
  });
  return { request: node.request.filter(({ name }) => columns.has(name)), stored };
}
