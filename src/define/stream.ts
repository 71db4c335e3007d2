// Streams: records that arrive, with the time at which they happened. A stream names no broker and
// no file: an environment of the configuration binds it.
import type { Duration, DurationOr } from '../kernel/duration.ts';
import type { Expression } from '../plan/expression.ts';
import { conditionOf } from './expressions/condition.ts';
import type { AnyExpr, ExprOf } from './expression.ts';
import { fieldsProxy } from './expressions/fields-proxy.ts';
import { fieldsOf, type RowOfShape, type SchemaShape, type TypeBuilder } from './type-builder.ts';

/** The fields of a record as expressions. */
export type FieldExprs<S extends SchemaShape> = {
  readonly [F in keyof S]: S[F] extends TypeBuilder<infer K, infer V, infer N>
    ? ExprOf<K, V, N>
    : never;
};

/** When a record happened, and how far records may be out of order. */
export interface EventTimeOptions<S extends SchemaShape> {
  /** A field of type timestamp that is never null. */
  readonly field: TimestampFieldOf<S>;
  /** How late records may be without being late: the watermark is the greatest time minus this. Default '0s'. */
  readonly outOfOrderness?: Duration;
  /** A split without records for this long does not hold the others back. Default: never. */
  readonly idleTimeout?: Duration;
  /** A record further past the wall clock than this is a dead letter. Default '1h'; 'off' for generated data. */
  readonly maxAhead?: DurationOr<'off'>;
  /** A split further ahead of the slowest than this waits. Default: it does not wait. */
  readonly maxDrift?: Duration;
}

type TimestampFieldOf<S extends SchemaShape> = {
  [F in keyof S]: S[F] extends TypeBuilder<'timestamp', number, false> ? F : never;
}[keyof S] &
  string;

/** Options of `stream`. */
export interface StreamOptions<S extends SchemaShape> {
  readonly schema: S;
  readonly eventTime: EventTimeOptions<NoInfer<S>>;
  /** Field that breaks ties of equal event time, and does nothing else. */
  readonly id?: NoInfer<keyof S & string>;
  readonly description?: string;
}

/** Records of one schema, possibly filtered. */
export interface Stream<S extends SchemaShape = SchemaShape> {
  readonly definition: 'stream';
  readonly name: string;
  readonly schema: S;
  readonly options: StreamOptions<SchemaShape>;
  /** Conditions that a record must meet, in the order of `where`. */
  readonly predicates: readonly Expression[];
  readonly problems: readonly string[];
  /** The view whose rows these are; absent for records from outside. */
  readonly rowsOf?: { readonly name: string };
  /** The records for which the condition is true (not null). The watermark still follows all of them. */
  where(condition: (fields: FieldExprs<S>) => AnyExpr<'bool'>): Stream<S>;
}

/** The record of a stream: field name to value. */
export type RowOf<T> = T extends Stream<infer S> ? RowOfShape<S> : never;

/** Declares a stream: its schema, which field is the event time, how far records may be out of order. */
export function stream<const S extends SchemaShape>(
  name: string,
  options: StreamOptions<S>,
): Stream<S> {
  return makeStream({ name, options });
}

/** What a stream is made of. */
interface StreamParts<S extends SchemaShape> {
  readonly name: string;
  readonly options: StreamOptions<S>;
  readonly predicates?: readonly Expression[];
  readonly problems?: readonly string[];
  readonly rowsOf?: { readonly name: string };
}

/** A stream, also one that no user wrote. */
export function makeStream<S extends SchemaShape>(parts: StreamParts<S>): Stream<S> {
  const { name, options, predicates = [], problems = [], rowsOf } = parts;
  return Object.freeze({
    definition: 'stream' as const,
    name,
    schema: options?.schema,
    options: options as unknown as StreamOptions<SchemaShape>,
    predicates,
    problems,
    ...(rowsOf === undefined ? {} : { rowsOf }),
    where(condition: (fields: FieldExprs<S>) => AnyExpr<'bool'>) {
      const built = conditionOf(() => condition(fieldExprs(name, options?.schema)));
      return makeStream({
        ...parts,
        predicates: [...predicates, built.node],
        problems: [...problems, ...built.problems],
      });
    },
  });
}

/** The fields of a stream as typed expressions. */
export function fieldExprs<S extends SchemaShape>(streamName: string, schema: S): FieldExprs<S> {
  return fieldsProxy<FieldExprs<S>>(fieldsOf(schema), `stream "${streamName}"`);
}
