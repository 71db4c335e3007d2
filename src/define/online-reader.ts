// What a typed read of the online store gives.
import type { KeyOf } from './entity.ts';
import type { FeaturesOf, FeatureView } from './feature-view.ts';
import type { OnDemandKeyOf, OnDemandView, RequestOf } from './on-demand-view.ts';

/** `PRESENT`, null in itself, never seen, or older than the view's ttl. */
export type FeatureStatus = 'PRESENT' | 'NULL_VALUE' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE';

/** One read. A value OUTSIDE_MAX_AGE is the last one known; NULL_VALUE and NOT_FOUND are null. */
export interface OnlineRead<Values> {
  readonly values: { readonly [Name in keyof Values]: Values[Name] | null };
  readonly status: { readonly [Name in keyof Values]: FeatureStatus };
  /** Greatest event time of the key, epoch ms; null when it was never seen. */
  readonly eventTime: number | null;
  /** Now − event time in ms. */
  readonly ageMs: number | null;
}

/** Typed reads: `store.get(userSpend, { user_id: 'u1' })`. */
export interface OnlineReader {
  get<V extends FeatureView>(view: V, key: KeyOf<V>): Promise<OnlineRead<FeaturesOf<V>>>;
  /** Features computed for this read; event time and age are those of the oldest row that was read. */
  get<V extends OnDemandView>(
    view: V,
    key: OnDemandKeyOf<V>,
    request: RequestOf<V>,
  ): Promise<OnlineRead<FeaturesOf<V>>>;
}
