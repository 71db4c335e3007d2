// What the client takes and gives. Types of values are those of the definitions.
import type { KeyOf } from '../define/entity.ts';
import type { FeatureView, FeaturesOf } from '../define/feature-view.ts';
import type { OnDemandKeyOf, OnDemandView, RequestOf } from '../define/on-demand-view.ts';
import type { FeatureStatus } from '../define/online-reader.ts';

/** A view that can be read: stored, or computed when it is read. */
export type ClientView = FeatureView | OnDemandView;

/** As the server says it, or FALLBACK: the server did not answer in time. */
export type ClientStatus = FeatureStatus | 'FALLBACK';

/** One read. */
export interface ClientRead<Values> {
  readonly values: { readonly [Name in keyof Values]: Values[Name] | null };
  readonly status: { readonly [Name in keyof Values]: ClientStatus };
  /** Age of each feature when it was served, ms; null when there is none to say. */
  readonly ages: { readonly [Name in keyof Values]: number | null };
  /** Greatest event time of the key, epoch ms; null when it was never seen. */
  readonly eventTime: number | null;
  readonly ageMs: number | null;
  /** True when the server did not answer in time and these are the fallback values. */
  readonly isFallback: boolean;
}

/** Options of one read. */
export interface CallOptions<Values = Readonly<Record<string, unknown>>> {
  /** How long it may take, all tries together, ms. Default: the client's. */
  readonly deadlineMs?: number;
  /**
   * Given instead of an error when the server does not answer in time, and for features of keys that
   * were never seen. Features that are not named are null.
   */
  readonly fallback?: { readonly [Name in keyof Values]?: Values[Name] | null };
}

/** Options of `createClient`. */
export interface ClientOptions {
  /** The views that are read, by any names. */
  readonly views: Readonly<Record<string, ClientView>>;
  /** Bearer token of the server. */
  readonly token?: string;
  /** How long a read may take, all tries together, ms. Default 1,000. */
  readonly deadlineMs?: number;
  /** How often a read is tried again when the server is busy or away. Default 2. */
  readonly retriesMax?: number;
  /** Most keys in one request; more are asked for in several at once. Default 500. */
  readonly batchRowsMax?: number;
  /** Default: that of the platform, which keeps connections open. */
  readonly fetch?: typeof fetch;
}

/** Typed reads over HTTP. Reads of one turn of the event loop share requests. */
export interface FeatureClient {
  /**
   * Reads one key. Errors: MR_CLIENT_VIEW for a view that the client was not made with;
   * MR_CLIENT_AWAY when the server does not answer in time and there is no fallback; what the server
   * refuses comes with the server's code.
   */
  get<V extends FeatureView>(
    view: V,
    key: KeyOf<V>,
    options?: CallOptions<FeaturesOf<V>>,
  ): Promise<ClientRead<FeaturesOf<V>>>;
  /** Features computed for this read, of stored ones and of what the request brings. */
  get<V extends OnDemandView>(
    view: V,
    key: OnDemandKeyOf<V> & RequestOf<V>,
    options?: CallOptions<FeaturesOf<V>>,
  ): Promise<ClientRead<FeaturesOf<V>>>;
  /** Reads many keys of a view, in their order. */
  getMany<V extends FeatureView>(
    view: V,
    keys: readonly KeyOf<V>[],
    options?: CallOptions<FeaturesOf<V>>,
  ): Promise<readonly ClientRead<FeaturesOf<V>>[]>;
}
