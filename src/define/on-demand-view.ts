// On-demand views: features computed when they are read, from what the request brings and from stored
// features, by the expressions that streams use.
import type { AnyExpr, ExprOf } from './expression.ts';
import type { FeatureView, ViewExprsOf, WithValues } from './feature-view.ts';
import type { KeyOf } from './entity.ts';
import type { FieldExprs } from './stream.ts';
import type { RowOfShape, SchemaShape } from './type-builder.ts';

/** Views by the names that the expressions use for them. */
export type SourceViews = Readonly<Record<string, FeatureView>>;

/** Stored features as expressions: any of them may be null, since a key may be unknown. */
export type StoredExprs<V> = {
  readonly [Name in keyof ViewExprsOf<V>]: ViewExprsOf<V>[Name] extends AnyExpr<infer K, infer T>
    ? ExprOf<K, T, true>
    : never;
};

/** Carries a sentence: a plain value is never one of these. */
interface NoExpression<Sentence extends string> {
  readonly problem: Sentence;
}

/** Turns what is no expression into the sentence that an editor shows. */
type ComputedFeatures<F> = {
  readonly [Name in keyof F]: F[Name] extends AnyExpr
    ? F[Name]
    : NoExpression<`on-demand feature "${Name & string}" is no expression: compute it from the request and stored features`>;
};

type ComputedValues<F> = {
  readonly [Name in keyof F]: F[Name] extends AnyExpr<string, infer V, infer N>
    ? N extends true
      ? V | null
      : V
    : never;
};

/** Options of `onDemandView`. */
export interface OnDemandViewOptions<R extends SchemaShape, From extends SourceViews, F> {
  /** What a request brings, by name: columns of the labels in training sets. */
  readonly request?: R;
  /** Views whose stored features are read, by the names that `features` uses for them. */
  readonly from?: From;
  readonly features: (
    request: FieldExprs<R>,
    stored: { readonly [Alias in keyof From]: StoredExprs<From[Alias]> },
  ) => F & ComputedFeatures<F>;
  readonly owner?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
}

declare const requestShape: unique symbol;
declare const sourceViews: unique symbol;

/** Features that are computed when they are read. */
export interface OnDemandView<
  R extends SchemaShape = SchemaShape,
  From extends SourceViews = SourceViews,
  Values = unknown,
> extends WithValues<Values> {
  readonly [requestShape]?: R;
  readonly [sourceViews]?: From;
  readonly definition: 'onDemandView';
  readonly name: string;
  readonly options: ErasedOnDemandOptions;
}

/** Options once their types have served: what the plan is built from. */
export interface ErasedOnDemandOptions
  extends Omit<OnDemandViewOptions<SchemaShape, SourceViews, unknown>, 'features'> {
  readonly features: (request: unknown, stored: unknown) => Readonly<Record<string, unknown>>;
}

/** What a read of the view has to bring. */
export type RequestOf<T> = T extends { readonly [requestShape]?: infer R }
  ? NonNullable<R> extends SchemaShape
    ? RowOfShape<NonNullable<R>>
    : never
  : never;

type Intersection<U> = (U extends unknown ? (given: U) => void : never) extends (
  given: infer I,
) => void
  ? I
  : never;

/** Join keys of all views that an on-demand view reads. */
export type OnDemandKeyOf<T> = T extends { readonly [sourceViews]?: infer From }
  ? Intersection<
      {
        [Alias in keyof NonNullable<From>]: KeyOf<NonNullable<From>[Alias]>;
      }[keyof NonNullable<From>]
    >
  : never;

/**
 * Declares features that are computed when they are read.
 *
 * **Shape**: columns of the request and stored features in → features out, for each row by itself.
 * **Time**: there is no *now*: a request that needs one brings it. **Null**: a stored feature of a key
 * that is not known is null, and so is what is computed of it, unless `coalesce` says otherwise; an
 * integer overflow gives null. **State growth**: none. The same expressions make training sets, from
 * columns of the labels and joined features. Errors: MR_DEFINITION_NAME for a view that is not there,
 * MR_DEFINITION_TYPE for what does not fit, both by `check`.
 */
export function onDemandView<
  F,
  // biome-ignore lint/complexity/noBannedTypes: a request that brings nothing
  R extends SchemaShape = {},
  // biome-ignore lint/complexity/noBannedTypes: no stored features
  From extends SourceViews = {},
>(
  name: string,
  options: OnDemandViewOptions<R, From, F>,
): OnDemandView<R, From, ComputedValues<F>> {
  return Object.freeze({
    definition: 'onDemandView' as const,
    name,
    options: options as unknown as ErasedOnDemandOptions,
  });
}
