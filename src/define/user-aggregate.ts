// Aggregates that users write: a state with a schema, and four functions over it. Declaring one changes
// nothing; the functions go to the plan with the features that use them. What is wrong is found when
// the plan is built.
import { pathToFileURL } from 'node:url';
import type { Field, TypeKind } from '../kernel/types/field-type.ts';
import {
  type AggregateCode,
  type AggregateState,
  bindCode,
  type UserAggregateNode,
} from '../plan/user-aggregate.ts';
import { type Aggregate, overUser } from './aggregate.ts';
import { callerModule } from './caller-module.ts';
import type { AnyExpr } from './expression.ts';
import {
  fieldsOf,
  isTypeBuilder,
  type SchemaShape,
  type TypeBuilder,
  type ValueOf,
} from './type-builder.ts';

/** A state of an aggregate: the fields of its schema, which may be changed in place. */
export type StateOf<S extends SchemaShape> = { -readonly [Name in keyof S]: ValueOf<S[Name]> };

const functionNames = ['create', 'add', 'merge', 'result'] as const;

/** Options of `aggregate`. */
export interface UserAggregateOptions<
  S extends SchemaShape,
  TK extends TypeKind,
  TV,
  RK extends TypeKind,
  RV,
> {
  /** The type of the values that it takes, one per record. Records without a value are left out. */
  readonly takes: TypeBuilder<TK, TV, boolean>;
  /** The fields of its state: what checkpoints hold of it. */
  readonly schema: S;
  /** The type of its value, which can always be null. */
  readonly returns: TypeBuilder<RK, RV, boolean>;
  /** The state of no records. Merging it with another state changes nothing. */
  readonly create: () => StateOf<S>;
  /** Takes a value in: gives the new state, or changes the one that it got. `eventTime`: epoch ms. */
  readonly add: (state: StateOf<S>, value: TV, eventTime: number) => StateOf<S> | void;
  /** The state of the records of both, in any order and grouping. `from` must not be changed. */
  readonly merge: (into: StateOf<S>, from: StateOf<S>) => StateOf<S> | void;
  /** The value; null where there is none. NaN is an error. */
  readonly result: (state: StateOf<S>) => RV | null;
  /** Raise it when kept states mean something else from now on. Default: 1. */
  readonly version?: number;
  /** `import.meta.url` of the module that exports it; default: the module that calls `aggregate`. */
  readonly module?: string;
}

/** The sentence that an editor shows when the expression is of another type. */
type Takes<E, TK extends TypeKind> =
  E extends AnyExpr<infer K>
    ? K extends TK
      ? E
      : `this aggregate takes a ${TK}, and this expression is a ${K}`
    : never;

/** An aggregate of a user: called with an expression it is what `sum(p.amount)` is. */
export interface UserAggregate<
  TK extends TypeKind = TypeKind,
  RK extends TypeKind = TypeKind,
  RV = unknown,
> {
  <E extends AnyExpr>(value: Takes<E, TK> & E): Aggregate<RK, RV, true>;
  readonly definition: 'aggregate';
  /** As the plan knows it. */
  readonly node: UserAggregateNode;
  readonly code: AggregateCode;
}

/**
 * Declares an aggregate of your own, in TypeScript:
 * `export const spread = aggregate('spread', {…})`, then `spread(p.amount).over(rolling('1h'))`.
 *
 * - **Shape**: values of type `takes` → a state with the fields of `schema` → a value of type `returns`.
 *   Nulls are skipped. Works over every window, with `.where(…)`, emitted on arrival or by watermark.
 * - **Order**: windows add records in the order of event time where they keep them, and else in the order
 *   of arrival; they merge parts in any order. So `merge` must be associative and commutative, `create()`
 *   neutral, and adding a record the same as merging the state of it alone. The functions must not read
 *   the clock, chance or anything outside: else values differ after a restart.
 * - **Guarantee**: as for every aggregate: exactly-once state, the same value in training sets.
 *   Functions get copies; what one of them keeps of a state or changes elsewhere is lost.
 * - **State growth**: a state per pane, slot, session or key; a rolling window without a resolution keeps
 *   its records and adds all of them anew for each row: give windows with many records a resolution.
 * - **Where it runs**: engine only; Flink refuses the view. With a parallelism above 1 worker threads
 *   import the module that declares it, so it must be exported from there.
 * - **Errors**: MR_DATA_AGGREGATE_THROWN, MR_DATA_AGGREGATE_VALUE for a record that fails, which is a dead
 *   letter and changes no feature; MR_DEFINITION_AGGREGATE where the definition is wrong.
 * - **Example**: examples/aggregates/features.ts
 */
export function aggregate<
  const S extends SchemaShape,
  TK extends TypeKind,
  TV,
  RK extends TypeKind,
  RV,
>(name: string, options: UserAggregateOptions<S, TK, TV, RK, RV>): UserAggregate<TK, RK, RV> {
  const module = options?.module ?? callerModule(new Error().stack ?? '', 1);
  const problems = problemsOf(name, options);
  const node: UserAggregateNode = {
    name,
    version: options?.version ?? 1,
    takes: options?.takes?.type ?? { kind: 'float64' },
    state: fieldsOf(options?.schema).map(plainField),
    returns: options?.returns?.type ?? { kind: 'float64' },
  };
  const code = codeFrom(options, module === null ? null : urlOf(module));
  bindCode(node, code);
  const call = (value: unknown): Aggregate<RK, RV, true> => overUser(node, value, problems);
  return Object.freeze(Object.assign(call, { definition: 'aggregate' as const, node, code }));
}

function plainField({ name, type, nullable }: Field): Field {
  return { name, type, nullable };
}

function urlOf(module: string): string {
  if (/^[a-z]{2,}:/.test(module)) return module;
  // Some runners show a URL in a stack as a path.
  const [path = '', query] = module.split('?', 2);
  return `${pathToFileURL(path).href}${query === undefined ? '' : `?${query}`}`;
}

/** The engine speaks of any state; the functions know theirs. */
function codeFrom<S extends SchemaShape, TK extends TypeKind, TV, RK extends TypeKind, RV>(
  options: UserAggregateOptions<S, TK, TV, RK, RV>,
  module: string | null,
): AggregateCode {
  const state = (given: AggregateState): StateOf<S> => given as StateOf<S>;
  return {
    create: () => options.create(),
    add: (into, value, eventTimeMs) => options.add(state(into), value as TV, eventTimeMs),
    merge: (into, from) => options.merge(state(into), state(from)),
    result: (of) => options.result(state(of)),
    module,
    texts: functionNames.map((name) => [name, String(options?.[name])]),
  };
}

const typeNames = ['takes', 'returns'] as const;

function problemsOf(name: unknown, options: object | undefined): readonly string[] {
  const given = (options ?? {}) as Readonly<Record<string, unknown>>;
  const problems: string[] = [];
  if (typeof name !== 'string' || !/^[A-Za-z_]\w*$/.test(name)) {
    problems.push('the name of an aggregate is a word, as in aggregate("spread", …)');
  }
  for (const wanted of functionNames) {
    if (typeof given[wanted] === 'function') continue;
    problems.push(`aggregate "${String(name)}" needs the function ${wanted}`);
  }
  for (const wanted of typeNames) {
    if (isTypeBuilder(given[wanted])) continue;
    problems.push(`aggregate "${String(name)}" needs ${wanted}: a type, such as t.float64()`);
  }
  return problems;
}
