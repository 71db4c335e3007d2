// How a function of rows is described: what its arguments must be, its type, and what it computes.
import type { Value } from '../../kernel/types/field-type.ts';
import type { SqlType } from '../bind/sql-type.ts';
import type { RowFunction } from './row-function.ts';

/** `time` is TIMESTAMP, TIMESTAMP_LTZ or DATE, given as an instant; `number` any of them, as a double. */
export type ArgumentKind = 'text' | 'whole' | 'number' | 'time' | 'boolean';

export interface FunctionSpec {
  readonly args: readonly ArgumentKind[];
  /** How many of `args` must be there; default: all. */
  readonly least?: number;
  /** The last kind may be repeated. */
  readonly isOpen?: boolean;
  readonly type: SqlType;
  /** It may be null although no argument is. */
  readonly run: RowFunction;
  /** It is called with nulls, too. */
  readonly takesNull?: boolean;
}

export type FunctionTable = Readonly<Record<string, FunctionSpec>>;

export function textOf(value: Value | undefined): string {
  return typeof value === 'string' ? value : '';
}

export function numberOf(value: Value | undefined): number {
  return Number(value);
}
