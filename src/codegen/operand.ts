// How values look inside generated code, and the identity of expressions. Decimals of any width are
// bigints of their last digit; dates are days; strings, bytes and json are a range of bytes.
import type { FieldType, Value } from '../kernel/types/field-type.ts';
import { isIntegerType } from '../kernel/types/field-type.ts';
import type { Expression } from '../plan/expression.ts';

export type Representation = 'number' | 'bigint' | 'bool' | 'bytes' | 'boxed';

/** A value in generated code. Of bytes, `value` is the prefix of three variables: d, s and e. */
export interface Operand {
  readonly type: FieldType;
  readonly value: string;
  /** The condition under which it is null; null when it never is. */
  readonly isNull: string | null;
  /** Of a literal: its value as it is in the plan. */
  readonly literal?: Value;
}

export function representationOf(type: FieldType): Representation {
  switch (type.kind) {
    case 'int32':
    case 'count':
    case 'float32':
    case 'float64':
    case 'timestamp':
    case 'date':
      return 'number';
    case 'int64':
    case 'decimal':
      return 'bigint';
    case 'bool':
      return 'bool';
    case 'string':
    case 'bytes':
    case 'json':
      return 'bytes';
    case 'list':
    case 'map':
    case 'struct':
      return 'boxed';
  }
}

/** What a value is in code before it is known; bytes have three variables instead. */
export function zeroOf(type: FieldType): string {
  switch (representationOf(type)) {
    case 'number':
      return '0';
    case 'bigint':
      return '0n';
    case 'bool':
      return 'false';
    case 'bytes':
    case 'boxed':
      return 'null';
  }
}

/** Where code is written to. */
export interface Emission {
  /** A new variable's name. */
  name(prefix: string): string;
  line(text: string): void;
  /** A name for a value that the code refers to. */
  constant(value: unknown): string;
}

export function scaleOf(type: FieldType): number {
  return type.kind === 'decimal' ? type.scale : 0;
}

const keys = new WeakMap<Expression, string>();

/** Equal expressions have equal keys. */
export function expressionKey(expression: Expression): string {
  let key = keys.get(expression);
  if (key === undefined) {
    key = JSON.stringify(expression, (_, value: unknown) => {
      if (typeof value === 'bigint') return `${value}n`;
      if (value instanceof Uint8Array) return `bytes ${value.join()}`;
      return typeof value === 'number' && !Number.isFinite(value) ? `${value}` : value;
    });
    keys.set(expression, key);
  }
  return key;
}

/** Whether evaluating it can fail for a row: integer and decimal arithmetic overflows. */
export function canFail(expression: Expression): boolean {
  switch (expression.kind) {
    case 'column':
    case 'literal':
      return false;
    case 'call':
      return overflows(expression.fn, expression.type) || expression.args.some(canFail);
    case 'case':
      return [
        expression.otherwise,
        ...expression.branches.flatMap((branch) => [branch.when, branch.then]),
      ].some(canFail);
  }
}

function overflows(fn: string, type: FieldType): boolean {
  const arithmetic = ['plus', 'minus', 'times', 'neg', 'abs'].includes(fn);
  return arithmetic && (isIntegerType(type) || type.kind === 'decimal');
}
