// The scalar functions of the expression language: one table, from which the typed surface, the
// code generator, the oracle and the Flink compiler are checked to be complete.
import {
  type FieldType,
  formatType,
  isIntegerType,
  isNumericType,
  isOrderedType,
  sameType,
} from '../kernel/types/field-type.ts';

export type FunctionName = keyof typeof functionTable;

export interface FunctionSpec {
  /** What it does, for the documentation. */
  readonly doc: string;
  /** `'strict'`: null in, null out. `'own'`: it has its own rule, said in `doc`. */
  readonly nulls: 'strict' | 'own';
  /** True when the value can be null although no argument is. */
  readonly mayBeNull?: boolean;
  /** The result's type, or a sentence that says why the arguments do not fit. */
  readonly resultType: (args: readonly FieldType[]) => FieldType | string;
}

const bool: FieldType = { kind: 'bool' };
const int32: FieldType = { kind: 'int32' };
const float64: FieldType = { kind: 'float64' };
const string: FieldType = { kind: 'string' };

/** The common type of numbers in arithmetic: decimals only mix with integers and decimals. */
export function commonNumericType(a: FieldType, b: FieldType): FieldType | string {
  if (!isNumericType(a) || !isNumericType(b)) {
    return `numbers are needed, not ${formatType(a)} and ${formatType(b)}`;
  }
  const kinds = [a.kind, b.kind];
  if (kinds.includes('float64') || kinds.includes('float32')) return float64;
  if (a.kind === 'decimal' || b.kind === 'decimal') return commonDecimal(a, b);
  if (kinds.includes('int64')) return { kind: 'int64' };
  if (kinds.includes('count')) return { kind: 'count' };
  return int32;
}

function commonDecimal(a: FieldType, b: FieldType): FieldType {
  const scaleOf = (t: FieldType): number => (t.kind === 'decimal' ? t.scale : 0);
  return { kind: 'decimal', precision: 38, scale: Math.max(scaleOf(a), scaleOf(b)) };
}

function arithmetic(args: readonly FieldType[]): FieldType | string {
  const [a, b] = args;
  return a === undefined || b === undefined ? 'two arguments are needed' : commonNumericType(a, b);
}

/** The common type of values that are compared or chosen between. */
export function commonType(types: readonly FieldType[]): FieldType | string {
  let result = types[0];
  if (result === undefined) return 'at least one argument is needed';
  for (const type of types.slice(1)) {
    if (sameType(result, type)) continue;
    const numeric = commonNumericType(result, type);
    if (typeof numeric === 'string') {
      return `${formatType(result)} and ${formatType(type)} have no common type`;
    }
    result = numeric;
  }
  return result;
}

function equality(args: readonly FieldType[]): FieldType | string {
  const common = commonType(args);
  return typeof common === 'string' ? common : bool;
}

function ordering(args: readonly FieldType[]): FieldType | string {
  const common = commonType(args);
  if (typeof common === 'string') return common;
  return isOrderedType(common) ? bool : `${formatType(common)} has no order`;
}

function need(kinds: readonly FieldType['kind'][], result: FieldType) {
  return (args: readonly FieldType[]): FieldType | string => {
    const wrong = kinds.find((kind, i) => args[i]?.kind !== kind);
    if (wrong === undefined && args.length === kinds.length) return result;
    return `(${kinds.join(', ')}) is needed, not (${args.map(formatType).join(', ')})`;
  };
}

function numeric(result: FieldType | 'same') {
  return (args: readonly FieldType[]): FieldType | string => {
    const [a] = args;
    if (a === undefined || !isNumericType(a)) return 'a number is needed';
    return result === 'same' ? a : result;
  };
}

function rounding(args: readonly FieldType[]): FieldType | string {
  const [a] = args;
  if (a === undefined || !isNumericType(a)) return 'a number is needed';
  return isIntegerType(a) ? a : float64;
}

function timePart(doc: string): FunctionSpec {
  return { doc, nulls: 'strict', resultType: need(['timestamp'], int32) };
}

function strict(doc: string, resultType: FunctionSpec['resultType']): FunctionSpec {
  return { doc, nulls: 'strict', resultType };
}

export const functionTable = {
  plus: strict('a + b; an integer result out of range is an error of the record', arithmetic),
  minus: strict('a - b', arithmetic),
  times: strict('a * b', arithmetic),
  div: strict('a / b as float64, IEEE: x / 0 is ±∞ or NaN', (args) =>
    typeof arithmetic(args) === 'string' ? arithmetic(args) : float64,
  ),
  mod: {
    doc: 'remainder with the sign of a; null when b is 0',
    nulls: 'strict',
    mayBeNull: true,
    resultType: arithmetic,
  },
  neg: strict('-a', numeric('same')),
  abs: strict('|a|', numeric('same')),
  floor: strict('the greatest whole number not above a', rounding),
  ceil: strict('the least whole number not below a', rounding),
  round: strict('the nearest whole number, halves away from zero', rounding),
  sqrt: strict('square root as float64; NaN below 0', numeric(float64)),
  ln: strict('natural logarithm as float64; -∞ at 0, NaN below', numeric(float64)),
  exp: strict('e to the power of a as float64', numeric(float64)),
  pow: strict('a to the power of b as float64', (args) =>
    typeof arithmetic(args) === 'string' ? arithmetic(args) : float64,
  ),
  toFloat: strict('a number as float64', numeric(float64)),
  least: strict('the smallest argument; null if any is null', commonType),
  greatest: strict('the greatest argument; null if any is null', commonType),
  eq: strict('a = b', equality),
  ne: strict('a ≠ b', equality),
  gt: strict('a > b', ordering),
  gte: strict('a ≥ b', ordering),
  lt: strict('a < b', ordering),
  lte: strict('a ≤ b', ordering),
  in: strict('a is one of the literals that follow', equality),
  and: {
    doc: 'three-valued: false wins over null',
    nulls: 'own',
    resultType: need(['bool', 'bool'], bool),
  },
  or: {
    doc: 'three-valued: true wins over null',
    nulls: 'own',
    resultType: need(['bool', 'bool'], bool),
  },
  not: strict('the opposite; null stays null', need(['bool'], bool)),
  isNull: {
    doc: 'true when the argument is null; never null',
    nulls: 'own',
    resultType: () => bool,
  },
  isNotNull: {
    doc: 'false when the argument is null; never null',
    nulls: 'own',
    resultType: () => bool,
  },
  coalesce: { doc: 'the first argument that is not null', nulls: 'own', resultType: commonType },
  lower: strict('lower case', need(['string'], string)),
  upper: strict('upper case', need(['string'], string)),
  trim: strict('without white space at both ends', need(['string'], string)),
  length: strict('number of Unicode code points', need(['string'], int32)),
  concat: strict('the strings one after the other', (args) =>
    args.every((a) => a.kind === 'string') ? string : 'strings are needed',
  ),
  substring: strict(
    'substring(text, start from 1, length) in code points',
    need(['string', 'int32', 'int32'], string),
  ),
  startsWith: strict('text begins with the second argument', need(['string', 'string'], bool)),
  endsWith: strict('text ends with the second argument', need(['string', 'string'], bool)),
  contains: strict('the second argument occurs in text', need(['string', 'string'], bool)),
  minuteOfHour: timePart('0 to 59, UTC'),
  hourOfDay: timePart('0 to 23, UTC'),
  dayOfWeek: timePart('1 (Monday) to 7 (Sunday), UTC'),
  dayOfMonth: timePart('1 to 31, UTC'),
  monthOfYear: timePart('1 to 12, UTC'),
  year: timePart('the year, UTC'),
  epochMs: strict(
    'a timestamp as a number of milliseconds (float64)',
    need(['timestamp'], float64),
  ),
} as const satisfies Record<string, FunctionSpec>;

export function functionSpec(name: FunctionName): FunctionSpec {
  return functionTable[name];
}

/** Whether a call can be null, from its function and its arguments' nullability. */
export function isCallNullable(name: FunctionName, argNullable: readonly boolean[]): boolean {
  if (name === 'isNull' || name === 'isNotNull') return false;
  if (name === 'coalesce') return argNullable.every(Boolean);
  return functionSpec(name).mayBeNull === true || argNullable.some(Boolean);
}
