// What a view says of its own past, so that state of an older definition finds its place in this one.
// It changes nothing of what is computed, so it is no part of a fingerprint.
import type { FieldType } from '../../kernel/types/field-type.ts';
import type { Expression } from '../expression.ts';

export interface UpgradeNode {
  readonly renamed: readonly RenamedFeature[];
  /** What becomes of features that the state does not know; null: the state is refused. */
  readonly added: 'empty' | null;
  readonly retyped: readonly RetypedFeature[];
}

export interface RenamedFeature {
  readonly feature: string;
  /** Its name in the older definition. */
  readonly from: string;
}

/** Values that the state keeps for a feature become others. */
export interface RetypedFeature {
  readonly feature: string;
  /** Type of the values kept. */
  readonly from: FieldType;
  /** From the one column `old`, never null, to the type of the feature's input. */
  readonly by: Expression;
}

/** Name of the only column of `RetypedFeature.by`. */
export const oldValueColumn = 'old';
