// The plan of the loader: of each view that Flink computes, a stream of its groups' rows and a view with
// the newest row of each group, packed. So a job of the engine keeps them: by as_of, then in order of
// arrival, whatever comes twice or late. Its names are the views' own.
import { viewFingerprint } from '../../../plan/fingerprint.ts';
import type { FeatureNode, Plan, StreamNode, ViewNode } from '../../../plan/plan.ts';
import { featureUid, streamUid } from '../../../plan/uids.ts';
import type { Field } from '../../../kernel/types/field-type.ts';
import type { LoadedGroup } from './loaded-groups.ts';

/** A view that Flink computes, with its groups. */
export interface LoadedView {
  readonly view: ViewNode;
  readonly groups: readonly LoadedGroup[];
}

/** Name of the stream of all groups' rows of a view. */
export function groupsStream(view: string): string {
  return `flink_rows_${view}`;
}

/** The loader's plan for some views of a plan. */
export function loaderPlan(plan: Plan, loaded: readonly LoadedView[]): Plan {
  return {
    kind: 'plan',
    version: 1,
    entities: plan.entities,
    streams: loaded.map((one) => streamNode(plan, one)),
    views: loaded.map(viewNode),
    services: [],
  };
}

/** Key parts, as_of, then a column of packed rows for each group. */
export function streamFields(plan: Plan, { view, groups }: LoadedView): readonly Field[] {
  return [
    ...view.key.map(({ type, nullable }, i): Field => ({ name: keyField(i), type, nullable })),
    { name: timeField(plan, view), type: { kind: 'timestamp' }, nullable: false },
    ...groups.map(
      ({ column }): Field => ({ name: column, type: { kind: 'bytes' }, nullable: true }),
    ),
  ];
}

function keyField(index: number): string {
  return `key_${index}`;
}

/** Rows of the store are those of a definition: when that changes, so does the loader's plan. */
function timeField(plan: Plan, view: ViewNode): string {
  return `as_of_${viewFingerprint(plan, view).slice(0, 12)}`;
}

function streamNode(plan: Plan, loaded: LoadedView): StreamNode {
  const { view } = loaded;
  const name = groupsStream(view.name);
  return {
    kind: 'stream',
    name,
    uid: streamUid(name),
    fields: streamFields(plan, loaded),
    eventTime: {
      field: timeField(plan, view),
      outOfOrdernessMs: 0,
      idleTimeoutMs: 1000,
      maxAheadMs: null,
      maxDriftMs: null,
    },
    idField: null,
    description: null,
  };
}

function viewNode({ view, groups }: LoadedView): ViewNode {
  return {
    kind: 'view',
    name: view.name,
    uid: view.uid,
    entity: view.entity,
    key: view.key.map(({ name, type, nullable }, i) => ({
      name,
      type,
      nullable,
      value: { kind: 'column', name: keyField(i), type, nullable },
    })),
    from: { kind: 'scan', stream: groupsStream(view.name) },
    features: groups.map((group) => newestRow(view, group)),
    derived: [],
    emit: 'arrival',
    decayMs: null,
    ttlMs: view.ttlMs,
    freshnessMs: view.freshnessMs,
    owner: view.owner,
    description: null,
    tags: [],
    // Topics of groups that are new are read from their beginning.
    upgrade: { renamed: [], added: 'empty', retyped: [] },
  };
}

function newestRow(view: ViewNode, { column }: LoadedGroup): FeatureNode {
  return {
    kind: 'feature',
    name: column,
    uid: featureUid(view.name, column),
    type: { kind: 'bytes' },
    nullable: true,
    aggregate: {
      kind: 'aggregate',
      fn: 'last',
      input: { kind: 'column', name: column, type: { kind: 'bytes' }, nullable: true },
      where: null,
      distinct: false,
      limit: null,
      quantile: null,
    },
    window: { kind: 'lifetime' },
  };
}
