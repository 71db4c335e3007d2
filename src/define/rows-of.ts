// The rows of a feature view as a stream that other views read. Which fields they have follows from the
// view, so its callbacks are called here too; what is wrong with them is said where the view is built.
import type { Field } from '../kernel/types/field-type.ts';
import { collectingReporter } from '../plan/reporter.ts';
import { rowFields, rowsId, rowsOutOfOrdernessMs, rowsStreamName } from '../plan/rows-stream.ts';
import { buildView } from './build/build-view.ts';
import { isView } from './build/collect-definitions.ts';
import { show } from './build/scope.ts';
import type { Entity } from './entity.ts';
import type { ExprOf } from './expression.ts';
import type { FeatureView, ViewExprsOf } from './feature-view.ts';
import { makeStream, type Stream } from './stream.ts';
import { makeType, type SchemaShape, type TypeBuilder } from './type-builder.ts';

type BuilderOf<E> =
  E extends ExprOf<infer K, infer V, infer N> ? TypeBuilder<K & TypeBuilder['kind'], V, N> : never;

type KeyShape<V> = V extends { readonly entity: Entity<infer Key> } ? Key : never;

type Instant = TypeBuilder<'timestamp', number, false>;

/** The fields of a view's rows: its key, `event_time`, `as_of`, its features. */
export type RowsShape<V> = Flat<
  KeyShape<V> & { readonly event_time: Instant; readonly as_of: Instant } & {
    readonly [Name in keyof ViewExprsOf<V>]: BuilderOf<ViewExprsOf<V>[Name]>;
  }
>;

/** One object of a few: a shape has no other fields than these. */
type Flat<T> = { readonly [Name in keyof T]: T[Name] };

/** The rows of a view as a stream. */
export type RowsStream<V> = RowsShape<V> extends infer S extends SchemaShape ? Stream<S> : never;

/** One stream for a view, whoever asks: streams of one name have to be the same. */
const streams = new WeakMap<object, Stream>();

/**
 * The rows of a view as a stream, for another view to aggregate or derive over.
 *
 * Shape: the key's fields, `event_time`, `as_of`, features and derived features of each row. Time and
 * order: `as_of` is the event time, rows of one instant are in the order of a key of one part; a row for each record of rolling, rows and lifetime windows, or for
 * each window that held a record. The view needs `emit: 'watermark'`. Guarantee: each row counts once;
 * on one engine within its checkpoints, from Flink through a topic that is written in transactions.
 */
export function rowsOf<V extends FeatureView>(view: V): RowsStream<V> {
  const made = (isView(view) ? streams.get(view) : undefined) ?? makeRows(view);
  if (isView(view)) streams.set(view, made);
  return made as unknown as RowsStream<V>;
}

function makeRows(view: FeatureView): Stream {
  if (!isView(view)) {
    const problem = `rowsOf needs a feature view, not ${show(view)}`;
    return makeStream({ name: 'rows', options: optionsOf([], null), problems: [problem] });
  }
  const ignored = { path: view.name, report: collectingReporter([]) };
  const node = buildView(view, ignored);
  return makeStream({
    name: rowsStreamName(view.name),
    options: node === null ? optionsOf([], null) : optionsOf(rowFields(node), rowsId(node)),
    rowsOf: view,
  });
}

function optionsOf(fields: readonly Field[], id: string | null): Stream['options'] {
  const schema: SchemaShape = Object.fromEntries(
    fields.map(({ name, type, nullable }) => [name, makeType({ type, isNullable: nullable })]),
  );
  const eventTime = {
    field: 'as_of' as never,
    outOfOrderness: `${rowsOutOfOrdernessMs}ms` as const,
    maxAhead: 'off' as const,
  };
  return { schema, eventTime, ...(id === null ? {} : { id }) };
}
