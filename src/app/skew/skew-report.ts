// What `millrace skew` says: per view and feature how many served values are what training has, why
// the others are not, and how old features are on both sides.
import type { SkewCause } from '../../observe/skew/skew-cause.ts';
import type { Value } from '../../kernel/types/field-type.ts';

/** From which differences on a feature counts as skewed. */
export interface SkewThresholds {
  /** Share of values that may differ. Default 0.001. */
  readonly offMax: number;
  /** Population stability index. Default 0.2. */
  readonly psiMax: number;
  /** Kolmogorov–Smirnov distance. Default 0.1. */
  readonly ksMax: number;
}

export const defaultThresholds: SkewThresholds = { offMax: 0.001, psiMax: 0.2, ksMax: 0.1 };

/** `shifted`: value by value within bounds, but distributed otherwise than in training. */
export type FeatureVerdict = 'equal' | 'off' | 'shifted';

/** One feature, served against training. `skew --json` prints it. */
export interface FeatureSkew {
  readonly feature: string;
  readonly verdict: FeatureVerdict;
  /** Of most of the values that are off; null when none is. */
  readonly cause: SkewCause | null;
  /** What shows it, in a sentence; empty when nothing is off. */
  readonly evidence: string;
  readonly values: number;
  readonly equal: number;
  /** Differing, but lacking only records that were not due: within the promise. */
  readonly in_flight: number;
  readonly off: number;
  readonly off_share: number;
  readonly causes: Readonly<Partial<Record<SkewCause, number>>>;
  /** Of those off: null was served and training has a value, and the other way round. */
  readonly null_served: number;
  readonly null_recomputed: number;
  /** The greatest |served − recomputed| of numbers; null without any. */
  readonly difference_max: number | null;
  /** Null with fewer than 50 values on either side, and for lists and maps. */
  readonly psi: number | null;
  readonly ks: number | null;
  readonly examples: readonly SkewExample[];
}

/** A value that differs. */
export interface SkewExample {
  readonly key: Readonly<Record<string, unknown>>;
  readonly served: Value;
  readonly recomputed: Value;
  readonly cause: SkewCause;
  readonly as_of_ms: number | null;
  readonly now_ms: number;
}

/** Age of features in ms; null without any. */
export interface AgeQuantiles {
  readonly rows: number;
  readonly p50: number | null;
  readonly p99: number | null;
}

/** One view, served against training. */
export interface ViewSkew {
  readonly view: string;
  readonly verdict: FeatureVerdict;
  readonly rows: number;
  /** Rows that were not there when they were asked for. */
  readonly not_found: number;
  readonly from_ms: number;
  readonly to_ms: number;
  /** What rows were served by; `known` is false when those definitions are lost. */
  readonly definitions: readonly {
    readonly name: string;
    readonly rows: number;
    readonly is_current: boolean;
    readonly known: boolean;
  }[];
  /** What rows may be behind: the view's freshness, or what was asked for. */
  readonly promise_ms: number;
  readonly age_ms: { readonly serving: AgeQuantiles; readonly training: AgeQuantiles };
  readonly features: readonly FeatureSkew[];
}

/** What `app.skew` found; `skew --json` prints it. */
export interface SkewReport {
  readonly verdict: 'ok' | 'skew';
  /** Where the reference of distributions and ages is from. */
  readonly training: 'recomputed' | 'file';
  readonly thresholds: SkewThresholds;
  readonly views: readonly ViewSkew[];
  /** Lines of the log that could not be read. */
  readonly unreadable: number;
  readonly elapsed_ms: number;
}
