// Aggregates: what is kept of the records in a window. Rules for nulls, empty windows and ties
// are those of docs/semantics.md; result types come from `aggregateResult`.
import {
  type FieldType,
  formatType,
  isNumericType,
  isOrderedType,
  sameType,
} from '../kernel/types/field-type.ts';
import type { Expression } from './expression.ts';
import type { UserAggregateNode } from './user-aggregate.ts';

export const aggregateNames = [
  'count',
  'countBy',
  'countDistinct',
  'sum',
  'avg',
  'min',
  'max',
  'first',
  'last',
  'firstN',
  'lastN',
  'stddevPop',
  'stddevSamp',
  'varPop',
  'varSamp',
  'quantile',
  'approxDistinct',
  'topK',
  'ewma',
  'user',
] as const;

export type AggregateName = (typeof aggregateNames)[number];

/** One aggregate of one feature. Rows for which `where` is not true do not reach it. */
export interface AggregateNode {
  readonly kind: 'aggregate';
  readonly fn: AggregateName;
  /** Null only for `count()`, which counts rows. Null values of the input are ignored by every aggregate. */
  readonly input: Expression | null;
  readonly where: Expression | null;
  /** `sum` only: each distinct value counts once. */
  readonly distinct: boolean;
  /** firstN, lastN, topK: how many. countBy: how many keys at the most. */
  readonly limit: number | null;
  /** quantile: between 0 and 1. */
  readonly quantile: number | null;
  /** ewma only, and always there: after this long a value counts half. */
  readonly halfLifeMs?: number;
  /** user only, and always there: the aggregate that a user wrote. */
  readonly user?: UserAggregateNode;
}

const count: FieldType = { kind: 'count' };
const float64: FieldType = { kind: 'float64' };

/** The type and nullability of an aggregate's value; a sentence when the input does not fit. */
export function aggregateResult(
  fn: AggregateName,
  input: FieldType | null,
  user?: UserAggregateNode,
): { readonly type: FieldType; readonly nullable: boolean } | string {
  if (fn === 'count') return { type: count, nullable: false };
  if (input === null) return `${fn} needs an input`;
  switch (fn) {
    case 'user':
      return userResult(input, user);
    case 'countDistinct':
    case 'approxDistinct':
      return { type: count, nullable: false };
    case 'countBy':
      return input.kind === 'list' || input.kind === 'map' || input.kind === 'struct'
        ? `countBy cannot count by ${formatType(input)}`
        : { type: { kind: 'map', value: count }, nullable: false };
    case 'sum':
      return sumType(input);
    case 'avg':
    case 'stddevPop':
    case 'stddevSamp':
    case 'varPop':
    case 'varSamp':
    case 'quantile':
    case 'ewma':
      return isNumericType(input)
        ? { type: float64, nullable: true }
        : `${fn} needs a number, not ${formatType(input)}`;
    case 'min':
    case 'max':
      return isOrderedType(input)
        ? { type: input, nullable: true }
        : `${fn} needs a type with an order, not ${formatType(input)}`;
    case 'topK':
      return isOrderedType(input)
        ? { type: { kind: 'list', item: input }, nullable: false }
        : `${fn} needs a type with an order, not ${formatType(input)}`;
    case 'first':
    case 'last':
      return { type: input, nullable: true };
    case 'firstN':
    case 'lastN':
      return { type: { kind: 'list', item: input }, nullable: false };
  }
}

function userResult(
  input: FieldType,
  user: UserAggregateNode | undefined,
): { type: FieldType; nullable: boolean } | string {
  if (user === undefined) return 'the aggregate of a user has to say what it is';
  return sameType(input, user.takes)
    ? { type: user.returns, nullable: true }
    : `${user.name} takes ${formatType(user.takes)}, not ${formatType(input)}`;
}

function sumType(input: FieldType): { type: FieldType; nullable: boolean } | string {
  switch (input.kind) {
    case 'int32':
    case 'int64':
    case 'count':
      return { type: { kind: 'int64' }, nullable: true };
    case 'float32':
    case 'float64':
      return { type: float64, nullable: true };
    case 'decimal':
      return { type: { kind: 'decimal', precision: 38, scale: input.scale }, nullable: true };
    default:
      return `sum needs a number, not ${formatType(input)}`;
  }
}
