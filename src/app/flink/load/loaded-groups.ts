// The upsert topics of a view: one for each window group, and what a row of it looks like. The deployed
// job and whoever loads its rows take the topic's name from here.
import { createHash } from 'node:crypto';
import { windowGroups } from '../../../flink/window-group.ts';
import { type Field, type FieldType, formatField } from '../../../kernel/types/field-type.ts';
import type { ViewNode } from '../../../plan/plan.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';

/** A window group as its rows are loaded. */
export interface LoadedGroup {
  /** `rolling_1h` */
  readonly name: string;
  readonly topic: string;
  /** Features of the group, in the order in which they are packed. */
  readonly features: readonly Field[];
  /** Where they stand in the view's row. */
  readonly positions: readonly number[];
  /**
   * Names the rows of this shape in the loader's state. When features of the group change, the name does
   * too: what was kept of the old shape is dropped, and the topic is read again.
   */
  readonly column: string;
}

type Deployed = Pick<ResolvedProject, 'project' | 'env'>;

/** The topic with the newest row of each key of one window group. */
export function upsertTopic({ project, env }: Deployed, view: string, group: string): string {
  return `millrace.${project}.${env}.${view}.${group}`;
}

/** In the order of the compiler. Whatever is derived is not loaded but computed. */
export function loadedGroups(deployed: Deployed, view: ViewNode): readonly LoadedGroup[] {
  return windowGroups(view, []).map(({ name, features }) => {
    const fields = features.map(({ name: feature, type, nullable }) => ({
      name: feature,
      type,
      nullable,
    }));
    const shape = [...view.key, ...fields].map(formatField).join();
    const hash = createHash('sha256').update(shape).digest('hex').slice(0, 8);
    return {
      name,
      topic: upsertTopic(deployed, view.name, name),
      features: fields,
      positions: features.map(({ name: feature }) =>
        view.features.findIndex((one) => one.name === feature),
      ),
      column: `${name}_${hash}`,
    };
  });
}

/** Names of the times in a row of an upsert topic. */
export const rowTimes = { eventTime: 'event_time', asOf: 'as_of' } as const;

/**
 * A row of the topic as its JSON is read: key, times, features. Features may all be missing: rows that an
 * older deployment wrote know others.
 */
export function topicFields(
  view: ViewNode,
  group: Pick<LoadedGroup, 'features'>,
): readonly Field[] {
  const instant: FieldType = { kind: 'timestamp' };
  return [
    ...view.key.map(({ name, type, nullable }) => ({ name, type: writtenType(type), nullable })),
    { name: rowTimes.eventTime, type: instant, nullable: true },
    { name: rowTimes.asOf, type: instant, nullable: false },
    ...group.features.map(({ name, type }) => ({ name, type: writtenType(type), nullable: true })),
  ];
}

/** Flink has no JSON type: such a value is a text with JSON in it, and its bytes are the same. */
function writtenType(type: FieldType): FieldType {
  return type.kind === 'json' ? { kind: 'string' } : type;
}
