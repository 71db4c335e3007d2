// Functions of expressions that read better before their argument.
import type {
  AnyExpr,
  Either,
  ExprOf,
  NullOf,
  NumericExpr,
  NumericKind,
  TimestampExpr,
} from '../expression.ts';
import { call, ExpressionBuilder, toExpression } from '../expression-builder.ts';

type Int32<N extends boolean> = NumericExpr<'int32', number, N>;

function timePart(
  fn: 'minuteOfHour' | 'hourOfDay' | 'dayOfWeek' | 'dayOfMonth' | 'monthOfYear' | 'year',
) {
  return <N extends boolean>(time: TimestampExpr<N>): Int32<N> =>
    call(fn, [time]) as unknown as Int32<N>;
}

type TimePart = <N extends boolean>(time: TimestampExpr<N>) => Int32<N>;

/** 0 to 59, UTC. */
export const minuteOfHour: TimePart = timePart('minuteOfHour');
/** 0 to 23, UTC. */
export const hourOfDay: TimePart = timePart('hourOfDay');
/** 1 (Monday) to 7 (Sunday), UTC. */
export const dayOfWeek: TimePart = timePart('dayOfWeek');
/** 1 to 31, UTC. */
export const dayOfMonth: TimePart = timePart('dayOfMonth');
/** 1 to 12, UTC. */
export const monthOfYear: TimePart = timePart('monthOfYear');
/** The year, UTC. */
export const year: TimePart = timePart('year');

type OrderedKind = NumericKind | 'string' | 'timestamp' | 'date';
type AnyNull<O extends readonly unknown[]> = true extends NullOf<O[number]> ? true : false;

/** The smallest argument; null if any is null. */
export function least<
  K extends OrderedKind,
  V,
  N extends boolean,
  O extends readonly (AnyExpr<K, V> | V)[],
>(first: AnyExpr<K, V, N>, ...others: O): ExprOf<K, V, Either<N, AnyNull<O>>> {
  return call('least', [first, ...others]) as unknown as ExprOf<K, V, Either<N, AnyNull<O>>>;
}

/** The greatest argument; null if any is null. */
export function greatest<
  K extends OrderedKind,
  V,
  N extends boolean,
  O extends readonly (AnyExpr<K, V> | V)[],
>(first: AnyExpr<K, V, N>, ...others: O): ExprOf<K, V, Either<N, AnyNull<O>>> {
  return call('greatest', [first, ...others]) as unknown as ExprOf<K, V, Either<N, AnyNull<O>>>;
}

type LiteralExpr<V> = V extends number
  ? ExprOf<'float64', number, false>
  : V extends bigint
    ? ExprOf<'int64', bigint, false>
    : V extends boolean
      ? ExprOf<'bool', boolean, false>
      : ExprOf<'string', string, false>;

/** A constant as an expression: a number is a float64, a bigint an int64. */
export function lit<V extends number | bigint | boolean | string>(value: V): LiteralExpr<V> {
  const expression: ExpressionBuilder = toExpression(value);
  return expression as unknown as LiteralExpr<V>;
}
