// The rows of a view as a stream: its name, its fields, which views read which. A plan's chains have
// no cycles (validation), so views can be put into an order in which each comes behind what it reads.
import type { Field } from '../kernel/types/field-type.ts';
import { featureFields, type Plan, streamOf, type ViewNode } from './plan.ts';

const instant = { type: { kind: 'timestamp' }, nullable: false } as const;

/** Two underscores: no stream that somebody wrote is named so. */
export function rowsStreamName(view: string): string {
  return `${view}__rows`;
}

/** What a row of the view has: its key, its times, its features. */
export function rowFields(view: ViewNode): readonly Field[] {
  const key = view.key.map(({ name, type, nullable }) => ({ name, type, nullable }));
  const times = ['event_time', 'as_of'].map((name) => ({ name, ...instant }));
  return [...key, ...times, ...featureFields(view)];
}

/** Rows come in order of `as_of`, and those of one instant belong together. */
export const rowsOutOfOrdernessMs = 1;

/** What orders rows of one instant, whoever gives them: a key of one part. Others go by arrival. */
export function rowsId({ key }: Pick<ViewNode, 'key'>): string | null {
  const [part, ...others] = key;
  if (part === undefined || others.length > 0) return null;
  return idKinds.includes(part.type.kind) ? part.name : null;
}

const idKinds: readonly string[] = ['string', 'int32', 'int64', 'timestamp'];

/** The view whose rows a view reads; null when it reads records. */
export function viewRead(plan: Plan, view: ViewNode): ViewNode | null {
  const { rowsOf } = streamOf(plan, view);
  return plan.views.find(({ name }) => name === rowsOf) ?? null;
}

/** Names of views whose rows another view reads. */
export function viewsRead(plan: Plan): ReadonlySet<string> {
  const used = plan.views.map((view) => streamOf(plan, view).rowsOf);
  return new Set(used.filter((name) => name !== undefined));
}
