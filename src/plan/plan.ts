// The plan: frozen, tagged, engine-neutral nodes. It is the only thing that the engine, the
// oracle and the Flink compiler share. It survives JSON unchanged (`plan-json.ts`).
import type { Field, FieldType } from '../kernel/types/field-type.ts';
import type { AggregateNode } from './aggregate.ts';
import type { Expression } from './expression.ts';
import type { UpgradeNode } from './upgrade/upgrade-node.ts';
import type { WindowNode } from './window.ts';

/** What a project computes, as frozen data: the same for every engine. */
export interface Plan {
  readonly kind: 'plan';
  readonly version: 1;
  readonly entities: readonly EntityNode[];
  readonly streams: readonly StreamNode[];
  readonly views: readonly ViewNode[];
  readonly services: readonly ServiceNode[];
  /** Features computed when they are read; absent when there are none. */
  readonly onDemand?: readonly OnDemandViewNode[];
}

export interface EntityNode {
  readonly kind: 'entity';
  readonly name: string;
  /** Join keys in the order they were written; empty for one global group. */
  readonly key: readonly Field[];
  readonly description: string | null;
}

/** A named stream of records: what arrives, not from where. */
export interface StreamNode {
  readonly kind: 'stream';
  readonly name: string;
  readonly uid: string;
  readonly fields: readonly Field[];
  readonly eventTime: EventTimeNode;
  /** Field that breaks ties of equal event time; null when there is none. */
  readonly idField: string | null;
  readonly description: string | null;
  /** The view whose rows these are; absent for streams that come from outside. */
  readonly rowsOf?: string;
}

/** What can compute a view. */
export type EngineName = 'flink' | 'engine';

export interface EventTimeNode {
  readonly field: string;
  /** Watermark = greatest event time − this. */
  readonly outOfOrdernessMs: number;
  /** A split without records for this long leaves the minimum; null = never. */
  readonly idleTimeoutMs: number | null;
  /** A record further past its arrival than this is a dead letter; null = off. */
  readonly maxAheadMs: number | null;
  /** A split further ahead of the slowest than this waits; null = off. */
  readonly maxDriftMs: number | null;
}

/** What a view reads: a stream, filtered. The watermark follows the unfiltered stream. */
export type RelationNode = ScanNode | FilterNode;

export interface ScanNode {
  readonly kind: 'scan';
  readonly stream: string;
}

export interface FilterNode {
  readonly kind: 'filter';
  readonly input: RelationNode;
  readonly predicate: Expression;
}

export type EmitMode = 'arrival' | 'watermark';

export interface ViewNode {
  readonly kind: 'view';
  readonly name: string;
  readonly uid: string;
  readonly entity: string;
  /** One per join key of the entity, in its order. */
  readonly key: readonly KeyPartNode[];
  readonly from: RelationNode;
  readonly features: readonly FeatureNode[];
  readonly derived: readonly DerivedNode[];
  readonly emit: EmitMode;
  /** Rolling values are re-emitted no later than this after records leave; null = never. `'default'` = window/60, at least 1 s, with arrival; never with watermark. */
  readonly decayMs: number | null | 'default';
  readonly ttlMs: number | null;
  readonly freshnessMs: number | null;
  readonly owner: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  /** What becomes of state of an older definition; no part of what is computed. */
  readonly upgrade?: UpgradeNode;
  /** Where it has to be computed; absent: where it can. No part of what is computed. */
  readonly on?: EngineName;
}

export interface KeyPartNode {
  readonly name: string;
  readonly type: FieldType;
  readonly nullable: boolean;
  readonly value: Expression;
}

export interface FeatureNode {
  readonly kind: 'feature';
  readonly name: string;
  readonly uid: string;
  readonly type: FieldType;
  readonly nullable: boolean;
  readonly aggregate: AggregateNode;
  readonly window: WindowNode;
}

/** A feature computed from the view's other features; columns of `value` are feature names. */
export interface DerivedNode {
  readonly kind: 'derived';
  readonly name: string;
  readonly type: FieldType;
  readonly nullable: boolean;
  readonly value: Expression;
}

/** A named list of features of several views, as a model reads them. */
export interface ServiceNode {
  readonly kind: 'service';
  readonly name: string;
  readonly features: readonly { readonly view: string; readonly feature: string }[];
  readonly owner: string | null;
  readonly description: string | null;
}

/**
 * Features that nobody stores: computed at read time from what the request brings and from stored
 * features of the same read, and for training sets from label columns and joined features.
 */
export interface OnDemandViewNode {
  readonly kind: 'onDemandView';
  readonly name: string;
  readonly uid: string;
  /** What the request brings, as columns of these names. */
  readonly request: readonly Field[];
  /** Names of the views whose features it may read, as columns `view.feature`. */
  readonly from: readonly string[];
  readonly features: readonly OnDemandFeatureNode[];
  readonly owner: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
}

export interface OnDemandFeatureNode {
  readonly kind: 'onDemandFeature';
  readonly name: string;
  readonly type: FieldType;
  readonly nullable: boolean;
  readonly value: Expression;
}

/** Features and derived features of a view, in the order in which they are stored and served. */
export function featureFields(view: ViewNode): readonly Field[] {
  return [...view.features, ...view.derived].map(({ name, type, nullable }) => ({
    name,
    type,
    nullable,
  }));
}

/** The stream at the bottom of a view. */
export function streamOf(plan: Plan, view: ViewNode): StreamNode {
  let node = view.from;
  while (node.kind === 'filter') node = node.input;
  const name = node.stream;
  const stream = plan.streams.find((s) => s.name === name);
  if (stream === undefined) throw new Error(`plan has no stream "${name}"`);
  return stream;
}

/** The filters between the stream and the view, outermost last. */
export function predicatesOf(view: ViewNode): readonly Expression[] {
  const predicates: Expression[] = [];
  for (let node = view.from; node.kind === 'filter'; node = node.input)
    predicates.unshift(node.predicate);
  return predicates;
}
