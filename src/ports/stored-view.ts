// What a store is told of a view, and keeps beside its rows.
import type { ErrorCode } from '../kernel/errors/catalogue.ts';
import type { Field } from '../kernel/types/field-type.ts';

/** What a store must know of a view to keep and explain its rows. */
export interface StoredView {
  readonly view: string;
  readonly key: readonly Field[];
  readonly features: readonly Field[];
  /** Changes when key or features change: rows of another fingerprint are not readable. */
  readonly fingerprint: string;
}

/** Why a store cannot keep views as they are defined: said by `check`, before anything is opened. */
export interface StoreProblem {
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
}
