// What the parts of the expression compiler share: pieces of SQL that know how tightly they bind, and
// the writer through which a function gets at its arguments.
import type { FieldType } from '../kernel/types/field-type.ts';
import type { Expression } from '../plan/expression.ts';
import type { RefusalScope } from './refusal.ts';

/** How tightly a piece of SQL binds; a looser one gets parentheses. */
export const ranks = { or: 1, and: 2, not: 3, compare: 4, add: 5, times: 6, atom: 7 } as const;

/** SQL with how tightly it binds. */
export interface RankedSql {
  readonly text: string;
  readonly rank: number;
}

export function atom(text: string): RankedSql {
  return { text, rank: ranks.atom };
}

/** Writes expressions. `outer` says how tightly the place binds. */
export interface SqlWriter extends RefusalScope {
  sql(expression: Expression, outer?: number): string;
  /** The value as one of another type, as the plan's functions see it. */
  coerced(expression: Expression, type: FieldType, outer?: number): string;
}
