// What was answered about one view, for whoever looks on: logs of served values, histograms of ages.
// It is called after the answer is made and before it is sent, so it must be quick and never throws.
import type { ServedView } from './served-view.ts';

/** Rows of one view as they were given to a reader. */
export interface ServedRows {
  readonly view: ServedView;
  /** Encoded keys in the order of the request. */
  readonly keys: readonly Uint8Array[];
  /** Packed rows in the order of the keys; null where there was none. Not to be changed, or kept uncopied. */
  readonly rows: readonly (Uint8Array | null)[];
  /** Places of the features that were sent, in `view.fields`. */
  readonly features: readonly number[];
  /** What *now* was for ttl and age. */
  readonly nowMs: number;
  /** The caller's `x-request-id`; null when it gave none. */
  readonly requestId: string | null;
}

/** Takes notice of each answer, once per view in it. */
export type ServedListener = (served: ServedRows) => void;
