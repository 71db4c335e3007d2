// Feature views: features of one entity, computed together from one stream.
import type { Duration, DurationOr } from '../kernel/duration.ts';
import type { EmitMode, EngineName } from '../plan/plan.ts';
import type { Aggregate, Feature } from './aggregate.ts';
import type { Entity } from './entity.ts';
import type { AnyExpr, ExprOf } from './expression.ts';
import type { FeatureMigration } from './migrate.ts';
import type { FieldExprs, Stream } from './stream.ts';
import type { SchemaShape } from './type-builder.ts';

type FeatureShape = Readonly<Record<string, Feature>>;
type DerivedShape = Readonly<Record<string, AnyExpr>>;

/** Turns what is not a finished feature into the sentence that an editor shows. */
type FinishedFeatures<F> = {
  readonly [Name in keyof F]: F[Name] extends Feature
    ? F[Name]
    : F[Name] extends Aggregate<infer _K, infer _V, infer _N>
      ? `feature "${Name & string}" has no window: end it with .over(…)`
      : `feature "${Name & string}" is no aggregate: use sum(…), count(), … and .over(…)`;
};

/** The same for derived features. */
type FinishedDerived<D> = {
  readonly [Name in keyof D]: D[Name] extends AnyExpr
    ? D[Name]
    : NoExpression<`derived feature "${Name & string}" is no expression: compute it from f.…`>;
};

/** Carries a sentence: a plain value is never one of these. */
interface NoExpression<Sentence extends string> {
  readonly problem: Sentence;
}

/** The sentence that an editor shows when the key of a record is not where it is looked for. */
interface KeyBy<_Sentence extends string> {
  readonly keyBy: unknown;
}

/** Keys of the entity that the stream has no field for, or one of another type. */
type MissingKeys<Key, S> = {
  [Name in keyof Key]: Name extends keyof S
    ? KindOf<S[Name]> extends KindOf<Key[Name]>
      ? never
      : `${Name & string} is ${KindOf<Key[Name]>} in the entity and ${KindOf<S[Name]>} in the stream`
    : `${Name & string} is a key of the entity and no field of the stream`;
}[keyof Key] &
  string;
type KindOf<B> = B extends { readonly kind: infer K extends string } ? K : never;

/** Without fields of the same names, `keyBy` has to say what the key is. */
type KeyIsThere<Key, S> = [MissingKeys<Key, S>] extends [never]
  ? unknown
  : KeyBy<`${MissingKeys<Key, S>}: say what it is with keyBy`>;

/** Features as expressions, for `derive`. */
export type FeatureExprs<F> = {
  readonly [Name in keyof F]: F[Name] extends Feature<infer K, infer V, infer N>
    ? ExprOf<K, V, N>
    : never;
};

type FeatureValue<T> =
  T extends Feature<string, infer V, infer N> ? (N extends true ? V | null : V) : never;
type DerivedValue<T> =
  T extends AnyExpr<string, infer V, infer N> ? (N extends true ? V | null : V) : never;

/** Values of a view's features and derived features, by name. */
export type ViewValues<F, D> = { readonly [Name in keyof F]: FeatureValue<F[Name]> } & {
  readonly [Name in keyof D]: DerivedValue<D[Name]>;
};

type KeyExprs<Key extends SchemaShape> = { readonly [Name in keyof Key]: AnyExpr };

/** Options of `featureView`. */
export interface FeatureViewOptions<Key extends SchemaShape, S extends SchemaShape, F, D> {
  readonly entity: Entity<Key>;
  readonly from: Stream<S>;
  /** The key of a record. Default: the fields of the same names. */
  readonly keyBy?: (fields: FieldExprs<S>) => KeyExprs<NoInfer<Key>>;
  readonly features: (fields: FieldExprs<S>) => F & FinishedFeatures<F>;
  /** Features computed from this view's other features. */
  readonly derive?: (features: FeatureExprs<F>) => D & FinishedDerived<D>;
  /** A value whose last event is older than this is OUTSIDE_MAX_AGE. Default: never. */
  readonly ttl?: Duration;
  /** How soon an event must be servable: what monitoring checks. */
  readonly freshness?: Duration;
  /** `arrival` (default): each record updates its key at once. `watermark`: in event-time order, one row per record. */
  readonly emit?: EmitMode;
  /** Rolling values are re-emitted at most this long after records left. Default: window / 60 with arrival, never with watermark. */
  readonly decay?: DurationOr<'never'>;
  readonly owner?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  /** How state of an older definition of this view goes on. Default: only what has not changed does. */
  readonly upgrade?: ViewUpgrade;
}

/** What becomes of kept state when a definition changes; `millrace plan --diff` shows it. */
export interface ViewUpgrade {
  /** New name of a feature → its name before. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Features that the state does not know start empty. Default: the state is refused. */
  readonly added?: 'empty';
  /** Features whose input has another type: how a value that was kept becomes one of today. */
  readonly retyped?: Readonly<Record<string, FeatureMigration>>;
}

declare const viewValues: unique symbol;
declare const viewExprs: unique symbol;

/** Carries the values of a view's features by name. */
export interface WithValues<Values> {
  readonly [viewValues]?: Values;
}

/** Features and derived features as expressions. */
export type ViewExprs<F, D> = FeatureExprs<F> & {
  readonly [Name in keyof D]: D[Name] extends AnyExpr<infer K, infer V, infer N>
    ? ExprOf<K, V, N>
    : never;
};

/** Features of a view as expressions, by name. */
export type ViewExprsOf<T> = T extends { readonly [viewExprs]?: infer Exprs }
  ? NonNullable<Exprs>
  : never;

/** Features of one entity, computed from one stream. */
export interface FeatureView<
  Key extends SchemaShape = SchemaShape,
  Values = unknown,
  Exprs = unknown,
> extends WithValues<Values> {
  readonly [viewExprs]?: Exprs;
  readonly definition: 'view';
  readonly name: string;
  readonly entity: Entity<Key>;
  readonly from: Stream;
  readonly options: ErasedViewOptions;
  /**
   * The same view, to be computed there: `'flink'` in a job of Flink, `'engine'` in `millrace run`. In an
   * environment without Flink it changes nothing. Default: on Flink where Flink can compute it.
   */
  on(engine: EngineName): FeatureView<Key, Values, Exprs>;
}

/** View options once their types have served: what the plan is built from. */
export interface ErasedViewOptions
  extends Omit<
    FeatureViewOptions<SchemaShape, SchemaShape, FeatureShape, DerivedShape>,
    'keyBy' | 'features' | 'derive'
  > {
  readonly keyBy?: (fields: unknown) => Readonly<Record<string, unknown>>;
  readonly features: (fields: unknown) => Readonly<Record<string, unknown>>;
  readonly derive?: (features: unknown) => Readonly<Record<string, unknown>>;
  /** Set by `.on(…)`. */
  readonly on?: EngineName;
}

/** Values of a view's features by name. */
export type FeaturesOf<T> = T extends { readonly [viewValues]?: infer Values }
  ? NonNullable<Values>
  : never;

/** Declares a feature view. All its features are emitted together as one vector per key. */
export function featureView<
  Key extends SchemaShape,
  S extends SchemaShape,
  F,
  // biome-ignore lint/complexity/noBannedTypes: no derived features
  D = {},
>(
  name: string,
  options: FeatureViewOptions<Key, S, F, D> & KeyIsThere<Key, S>,
): FeatureView<Key, ViewValues<F, D>, ViewExprs<F, D>> {
  return makeView(name, options as unknown as ErasedViewOptions);
}

function makeView<Key extends SchemaShape, Values, Exprs>(
  name: string,
  options: ErasedViewOptions,
): FeatureView<Key, Values, Exprs> {
  return Object.freeze({
    definition: 'view' as const,
    name,
    entity: options?.entity as unknown as Entity<Key>,
    from: options?.from,
    options,
    on: (engine: EngineName) => makeView<Key, Values, Exprs>(name, { ...options, on: engine }),
  });
}
