// Aggregates that users write. What the plan says of one is data: its name, its version and the types
// of what it takes, keeps and gives. Its functions are no data: they are bound to that node beside the
// plan, wherever the plan goes in one process. A plan that was read from JSON has none until it is linked.
import type { Field, FieldType, Value } from '../kernel/types/field-type.ts';

/** Part of `AggregateNode` of a user's aggregate; features of one aggregate share one node. */
export interface UserAggregateNode {
  readonly name: string;
  /** Raised by its author when kept states mean something else from now on. */
  readonly version: number;
  readonly takes: FieldType;
  /** Fields of its state, in the order in which they are written. */
  readonly state: readonly Field[];
  readonly returns: FieldType;
}

/** A state, by the names of its fields. */
export type AggregateState = Record<string, Value>;

/** The functions of one aggregate. What they give is not trusted: whoever calls them checks it. */
export interface AggregateCode {
  create(): unknown;
  /** Gives the state, or changes the one that it got and gives nothing. */
  add(state: AggregateState, value: Value, eventTimeMs: number): unknown;
  /** As `add`; `from` must stay as it is. */
  merge(into: AggregateState, from: AggregateState): unknown;
  result(state: AggregateState): unknown;
  /** URL of the module that exports the aggregate, for other threads; null when it is unknown. */
  readonly module: string | null;
  /** Each function's name and text, to look for what it should not use. */
  readonly texts: readonly (readonly [name: string, text: string])[];
}

/** Of a plan: where its aggregates are. */
interface WithAggregates {
  readonly views: readonly {
    readonly features: readonly { readonly aggregate: { readonly user?: UserAggregateNode } }[];
  }[];
}

const codes = new WeakMap<UserAggregateNode, AggregateCode>();

/** Remembers the functions of a node. */
export function bindCode(node: UserAggregateNode, code: AggregateCode): void {
  codes.set(node, code);
}

/** The functions of a node; null in a plan that nobody linked. */
export function codeOf(node: UserAggregateNode): AggregateCode | null {
  return codes.get(node) ?? null;
}

/** The aggregates of a plan that users wrote, each once; two nodes of one name are two. */
export function userAggregates(plan: WithAggregates): readonly UserAggregateNode[] {
  const nodes = plan.views.flatMap(({ features }) =>
    features.flatMap(({ aggregate }) => aggregate.user ?? []),
  );
  return [...new Set(nodes)];
}

/** Gives the nodes of a plan the functions of equal nodes: same name, version and types. */
export function linkAggregates(plan: WithAggregates, known: readonly UserAggregateNode[]): void {
  for (const node of userAggregates(plan)) {
    const code = known.filter((other) => isSameAggregate(node, other)).map(codeOf)[0];
    if (code) bindCode(node, code);
  }
}

/** Whether states of one are states of the other. */
export function isSameAggregate(a: UserAggregateNode, b: UserAggregateNode): boolean {
  const textOf = ({ name, version, takes, state, returns }: UserAggregateNode): string =>
    JSON.stringify([name, version, takes, state, returns]);
  return textOf(a) === textOf(b);
}
