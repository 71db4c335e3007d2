// Typed proxies of expressions. At run time one class builds plan nodes and remembers what did
// not fit; the interfaces below only decide which methods an editor offers for which kind.
import type { Expression } from '../plan/expression.ts';

declare const nullability: unique symbol;

/** Kinds of numbers. */
export type NumericKind = 'int32' | 'int64' | 'count' | 'float32' | 'float64' | 'decimal';

/** Any expression of a row: `K` is the kind of its value, `V` the JavaScript value, `N` nullable. */
export interface AnyExpr<K extends string = string, V = unknown, N extends boolean = boolean> {
  readonly [nullability]?: N;
  readonly kind: K;
  /** The plan's node. */
  readonly node: Expression;
  /** What did not fit when it was built, for `check`. */
  readonly problems: readonly string[];
  /** Never occurs at run time: carries the value's type. */
  readonly sample?: V;
}

export type Either<A extends boolean, B extends boolean> = A extends false
  ? B extends false
    ? false
    : true
  : true;
export type NullOf<E> =
  E extends AnyExpr<string, unknown, infer N> ? N : E extends null ? true : false;
/** Plain values beside an expression of kind K. */
type Literal<K, V> = K extends 'int64'
  ? bigint | number
  : K extends 'decimal'
    ? string | number | bigint
    : V;
type Operand<K, V> = AnyExpr<string, unknown, boolean> | Literal<K, V>;
type NumberOperand = AnyExpr<NumericKind, unknown, boolean> | number | bigint;

/** What every expression can do. */
export interface BaseExpr<K extends string, V, N extends boolean> extends AnyExpr<K, V, N> {
  /** a = b; null when either is null. */
  eq<O extends Operand<K, V>>(other: O): BoolExpr<Either<N, NullOf<O>>>;
  /** a ≠ b; null when either is null. */
  ne<O extends Operand<K, V>>(other: O): BoolExpr<Either<N, NullOf<O>>>;
  /** a is one of these literals. */
  in(values: readonly Literal<K, V>[]): BoolExpr<N>;
  /** Whether it is null; never null itself. */
  isNull(): BoolExpr<false>;
  /** Whether it is not null; never null itself. */
  isNotNull(): BoolExpr<false>;
  /** The first that is not null. */
  coalesce<O extends Operand<K, V>>(other: O): ExprOf<K, V, N extends true ? NullOf<O> : false>;
}

/** Kinds with an order. */
export interface OrderedExpr<K extends string, V, N extends boolean> extends BaseExpr<K, V, N> {
  gt<O extends Operand<K, V>>(other: O): BoolExpr<Either<N, NullOf<O>>>;
  gte<O extends Operand<K, V>>(other: O): BoolExpr<Either<N, NullOf<O>>>;
  lt<O extends Operand<K, V>>(other: O): BoolExpr<Either<N, NullOf<O>>>;
  lte<O extends Operand<K, V>>(other: O): BoolExpr<Either<N, NullOf<O>>>;
}

type KindOf<O> =
  O extends AnyExpr<infer K extends NumericKind> ? K : O extends bigint ? 'int64' : 'literal';
type Common<A extends NumericKind, B> = B extends 'literal'
  ? A extends 'float32'
    ? 'float64'
    : A
  : 'float64' extends A | B
    ? 'float64'
    : 'float32' extends A | B
      ? 'float64'
      : 'decimal' extends A | B
        ? 'decimal'
        : 'int64' extends A | B
          ? 'int64'
          : 'count' extends A | B
            ? 'count'
            : 'int32';
type NumberValue<K> = K extends 'int64' ? bigint : K extends 'decimal' ? string : number;
type NumberOf<K extends NumericKind, N extends boolean> = NumericExpr<K, NumberValue<K>, N>;
type Arithmetic<K extends NumericKind, N extends boolean> = <O extends NumberOperand>(
  other: O,
) => NumberOf<Common<K, KindOf<O>>, Either<N, NullOf<O>>>;

/**
 * Numbers. A plain number takes the kind of the expression beside it. A fraction beside an integer is
 * fine in comparisons and `div`; where the result would be that integer, `check` asks for `.toFloat()`.
 */
export interface NumericExpr<K extends NumericKind, V, N extends boolean>
  extends OrderedExpr<K, V, N> {
  readonly plus: Arithmetic<K, N>;
  readonly minus: Arithmetic<K, N>;
  readonly times: Arithmetic<K, N>;
  /** IEEE division as float64: x / 0 is ±∞ or NaN. */
  div<O extends NumberOperand>(other: O): NumberOf<'float64', Either<N, NullOf<O>>>;
  /** Remainder with the sign of a; null when b is 0. */
  mod<O extends NumberOperand>(other: O): NumberOf<Common<K, KindOf<O>>, true>;
  neg(): NumericExpr<K, V, N>;
  abs(): NumericExpr<K, V, N>;
  floor(): NumberOf<K extends 'int32' | 'int64' | 'count' ? K : 'float64', N>;
  ceil(): NumberOf<K extends 'int32' | 'int64' | 'count' ? K : 'float64', N>;
  round(): NumberOf<K extends 'int32' | 'int64' | 'count' ? K : 'float64', N>;
  sqrt(): NumberOf<'float64', N>;
  ln(): NumberOf<'float64', N>;
  exp(): NumberOf<'float64', N>;
  pow<O extends NumberOperand>(other: O): NumberOf<'float64', Either<N, NullOf<O>>>;
  toFloat(): NumberOf<'float64', N>;
}

/** Text. Order is that of the UTF-8 bytes. */
export interface StringExpr<N extends boolean> extends OrderedExpr<'string', string, N> {
  lower(): StringExpr<N>;
  upper(): StringExpr<N>;
  trim(): StringExpr<N>;
  /** Number of code points. */
  length(): NumberOf<'int32', N>;
  concat<O extends AnyExpr<'string', string, boolean> | string>(
    other: O,
  ): StringExpr<Either<N, NullOf<O>>>;
  /** `length` code points from `start`, which counts from 1. */
  substring(start: number, length: number): StringExpr<N>;
  startsWith<O extends AnyExpr<'string', string, boolean> | string>(
    other: O,
  ): BoolExpr<Either<N, NullOf<O>>>;
  endsWith<O extends AnyExpr<'string', string, boolean> | string>(
    other: O,
  ): BoolExpr<Either<N, NullOf<O>>>;
  contains<O extends AnyExpr<'string', string, boolean> | string>(
    other: O,
  ): BoolExpr<Either<N, NullOf<O>>>;
}

/** Conditions are three-valued, as in SQL. */
export interface BoolExpr<N extends boolean> extends BaseExpr<'bool', boolean, N> {
  and<O extends AnyExpr<'bool', boolean, boolean> | boolean>(
    other: O,
  ): BoolExpr<Either<N, NullOf<O>>>;
  or<O extends AnyExpr<'bool', boolean, boolean> | boolean>(
    other: O,
  ): BoolExpr<Either<N, NullOf<O>>>;
  not(): BoolExpr<N>;
}

/** Instants: epoch milliseconds, UTC. */
export interface TimestampExpr<N extends boolean> extends OrderedExpr<'timestamp', number, N> {
  /** Milliseconds as a number to compute with. */
  epochMs(): NumberOf<'float64', N>;
}

/** The expression type of a kind. */
export type ExprOf<K extends string, V, N extends boolean> = K extends NumericKind
  ? NumericExpr<K, V, N>
  : K extends 'string'
    ? StringExpr<N>
    : K extends 'bool'
      ? BoolExpr<N>
      : K extends 'timestamp'
        ? TimestampExpr<N>
        : K extends 'date'
          ? OrderedExpr<K, V, N>
          : BaseExpr<K, V, N>;
