// Plain values in expressions → literals of the plan. A value takes the type of the expression
// beside it where it fits exactly; nothing is rounded to make it fit.
import { type FieldType, formatType, isIntegerType } from '../../kernel/types/field-type.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import { isDate, literalFits } from '../../plan/literal-fits.ts';

/** What a literal is for; decides what a fraction beside an integer may become. */
export type LiteralUse =
  /** The result has the type of the expression beside it. */
  | 'same'
  /** The result is a bool: numbers of any kind can be compared. */
  | 'compare'
  /** The result is float64 whatever comes in. */
  | 'real';

export interface LiteralParts {
  readonly type: FieldType;
  readonly value: Value;
  readonly problem?: string;
}

/** Digits that a decimal can have. */
const decimalDigitsMax = 18;
const text: FieldType = { kind: 'string' };
const float64: FieldType = { kind: 'float64' };

/** The literal of a plain value, or a harmless one with the problem. */
export function literalOf(
  value: unknown,
  beside: FieldType | undefined,
  use: LiteralUse = 'same',
): LiteralParts {
  if (value === null) return { type: beside ?? text, value: null };
  switch (typeof value) {
    case 'number':
      return numberLiteral(value, beside, use);
    case 'bigint':
      return bigintLiteral(value, beside, use);
    case 'boolean':
      return { type: { kind: 'bool' }, value };
    case 'string':
      return textLiteral(value, beside);
    default:
      return { type: beside ?? text, value: null, problem: misfit(value) };
  }
}

function misfit(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'otherwise' in value) {
    return 'when(…) is not finished: end it with .otherwise(…)';
  }
  const found = value === undefined ? 'undefined' : `a value of type ${typeof value}`;
  return `an expression, a number, bigint, string, boolean or null is needed, not ${found}`;
}

function numberLiteral(
  value: number,
  beside: FieldType | undefined,
  use: LiteralUse,
): LiteralParts {
  if (Number.isNaN(value)) {
    return {
      type: float64,
      value: 0,
      problem: 'NaN is no literal: compute with .plus(…), .times(…)',
    };
  }
  if (beside?.kind === 'decimal') return decimalLiteral(String(value), beside);
  if (beside?.kind === 'timestamp') {
    return literalFits(value, beside)
      ? { type: beside, value }
      : { type: beside, value: 0, problem: `${value} is not a whole number of milliseconds` };
  }
  if (beside === undefined || !isIntegerType(beside)) return { type: float64, value };
  return integerLiteral(value, beside, use);
}

/** A number beside an integer: an integer itself, else float64 where the result allows it. */
function integerLiteral(value: number, beside: FieldType, use: LiteralUse): LiteralParts {
  const isInt64 = beside.kind === 'int64';
  if (Number.isSafeInteger(value)) {
    const typed = isInt64 ? BigInt(value) : value;
    if (literalFits(typed, beside)) return { type: beside, value: typed };
    if (use === 'compare') return { type: { kind: 'int64' }, value: BigInt(value) };
  }
  if (use === 'real' || (use === 'compare' && !isInt64)) return { type: float64, value };
  const problem = Number.isInteger(value)
    ? `${value} does not fit ${formatType(beside)}`
    : `${value} is a fraction beside ${articled(beside)}`;
  const fix = isInt64 ? 'write a bigint, or .toFloat()' : 'write .toFloat()';
  return { type: beside, value: isInt64 ? 0n : 0, problem: `${problem}: ${fix} on the other side` };
}

function articled(type: FieldType): string {
  return `${/^[aeiou]/.test(type.kind) ? 'an' : 'a'} ${formatType(type)}`;
}

function bigintLiteral(
  value: bigint,
  beside: FieldType | undefined,
  use: LiteralUse,
): LiteralParts {
  if (beside?.kind === 'decimal') return decimalLiteral(value.toString(), beside);
  if (beside !== undefined && beside.kind !== 'int64' && isIntegerType(beside)) {
    const exact = Number(value);
    if (BigInt(exact) === value && literalFits(exact, beside))
      return { type: beside, value: exact };
    if (use !== 'compare')
      return { type: beside, value: 0, problem: `${value} does not fit ${formatType(beside)}` };
  }
  const type: FieldType = { kind: 'int64' };
  if (literalFits(value, type)) return { type, value };
  return { type, value: 0n, problem: `${value} does not fit int64` };
}

/** Decimal text with as many places as it has, at least those of the type beside it. */
function decimalLiteral(
  written: string,
  beside: FieldType & { readonly kind: 'decimal' },
): LiteralParts {
  const match = /^(-?)0*(\d+)(?:\.(\d+))?$/.exec(written);
  const [, sign = '', whole = '', places = ''] = match ?? [];
  const scale = Math.max(beside.scale, places.length);
  const precision = Math.max(beside.precision, whole.length + scale);
  if (match === null || precision > decimalDigitsMax) {
    const problem = `${written} is not a decimal of at most ${decimalDigitsMax} digits`;
    return { type: beside, value: null, problem };
  }
  const digits = places.padEnd(scale, '0');
  const value = `${sign}${whole}${scale === 0 ? '' : '.'}${digits}`;
  return { type: { kind: 'decimal', precision, scale }, value };
}

function textLiteral(value: string, beside: FieldType | undefined): LiteralParts {
  if (beside?.kind === 'decimal') return decimalLiteral(value, beside);
  if (beside?.kind !== 'date') return { type: text, value };
  if (isDate(value)) return { type: beside, value };
  return { type: beside, value: null, problem: `"${value}" is not a day: write 'YYYY-MM-DD'` };
}
