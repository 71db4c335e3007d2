// Feature services: the list of features that one model reads.
import type { FeaturesOf, FeatureView } from './feature-view.ts';
import type { OnDemandView } from './on-demand-view.ts';

/** Some features of a view. */
export interface ViewSelection {
  readonly view: FeatureView | OnDemandView;
  readonly features: readonly string[];
}

/** The features that one model reads, under one name. */
export interface FeatureService {
  readonly definition: 'service';
  readonly name: string;
  readonly features: readonly (FeatureView | OnDemandView | ViewSelection)[];
  readonly options: FeatureServiceOptions;
}

/** Options of `featureService`. */
export interface FeatureServiceOptions {
  /** Whole views, or `select(view, 'a', 'b')`; served in this order. */
  readonly features: readonly (FeatureView | OnDemandView | ViewSelection)[];
  readonly owner?: string;
  readonly description?: string;
}

/** Declares the features that a model reads, under one name. */
export function featureService(name: string, options: FeatureServiceOptions): FeatureService {
  return Object.freeze({
    definition: 'service',
    name,
    features: options?.features,
    options,
  });
}

/** Some features of a view, for a service. */
export function select<V extends FeatureView | OnDemandView>(
  view: V,
  ...features: readonly (keyof FeaturesOf<V> & string)[]
): ViewSelection {
  return { view, features };
}
