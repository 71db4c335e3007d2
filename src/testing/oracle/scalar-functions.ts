// The strict scalar functions, one entry each, as plainly as they can be said. Arguments are never
// null here. The table is typed over every function name: a new one does not compile until written.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { FieldType, Value } from '../../kernel/types/field-type.ts';
import { commonType, type FunctionName } from '../../plan/functions.ts';
import { coerce, compareValues, formatDecimal, parseDecimal, toDouble } from './values.ts';

type OwnNulls = 'and' | 'or' | 'isNull' | 'isNotNull' | 'coalesce';
type ScalarFunction = (
  args: readonly Value[],
  types: readonly FieldType[],
  result: FieldType,
) => Value;

const first = (args: readonly Value[]): Value => args[0] ?? null;
const second = (args: readonly Value[]): Value => args[1] ?? null;
const dateOf = (args: readonly Value[]): Date => new Date(Number(first(args)));
const textOf = (args: readonly Value[], i: number): string => String(args[i]);

export const scalarFunctions: Record<Exclude<FunctionName, OwnNulls>, ScalarFunction> = {
  plus: arithmetic(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  minus: arithmetic(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  times: (args, types, result) =>
    result.kind === 'decimal'
      ? decimalProduct(args, types, result.scale)
      : arithmetic(
          (a, b) => a * b,
          (a, b) => a * b,
        )(args, types, result),
  div: (args) => toDouble(first(args)) / toDouble(second(args)),
  mod: (args, types, result) =>
    toDouble(second(args)) === 0
      ? null
      : arithmetic(
          (a, b) => a % b,
          (a, b) => a % b,
        )(args, types, result),
  neg: arithmetic(
    (a) => -a,
    (a) => -a,
  ),
  abs: arithmetic(
    (a) => (a < 0n ? -a : a),
    (a) => Math.abs(a),
  ),
  floor: rounding(Math.floor),
  ceil: rounding(Math.ceil),
  round: rounding(roundHalfAway),
  sqrt: (args) => Math.sqrt(toDouble(first(args))),
  ln: (args) => Math.log(toDouble(first(args))),
  exp: (args) => Math.exp(toDouble(first(args))),
  pow: (args) => toDouble(first(args)) ** toDouble(second(args)),
  toFloat: (args) => toDouble(first(args)),
  least: extreme(-1),
  greatest: extreme(1),
  eq: comparison((c) => c === 0),
  ne: (args, types) => !compared(args, types, (c) => c === 0),
  gt: comparison((c) => c > 0),
  gte: comparison((c) => c >= 0),
  lt: comparison((c) => c < 0),
  lte: comparison((c) => c <= 0),
  in: ([value = null, ...list], [type, ...types]) =>
    list.some((item, i) =>
      compared([value, item], [type, types[i]].filter(isType), (c) => c === 0),
    ),
  not: (args) => first(args) !== true,
  lower: (args) => textOf(args, 0).toLowerCase(),
  upper: (args) => textOf(args, 0).toUpperCase(),
  trim: (args) => textOf(args, 0).trim(),
  length: (args) => [...textOf(args, 0)].length,
  concat: (args) => args.join(''),
  substring: substring,
  startsWith: (args) => textOf(args, 0).startsWith(textOf(args, 1)),
  endsWith: (args) => textOf(args, 0).endsWith(textOf(args, 1)),
  contains: (args) => textOf(args, 0).includes(textOf(args, 1)),
  minuteOfHour: (args) => dateOf(args).getUTCMinutes(),
  hourOfDay: (args) => dateOf(args).getUTCHours(),
  dayOfWeek: (args) => dateOf(args).getUTCDay() || 7,
  dayOfMonth: (args) => dateOf(args).getUTCDate(),
  monthOfYear: (args) => dateOf(args).getUTCMonth() + 1,
  year: (args) => dateOf(args).getUTCFullYear(),
  epochMs: (args) => Number(first(args)),
};

function isType(type: FieldType | undefined): type is FieldType {
  return type !== undefined;
}

/** One function on whole numbers of any width and one on doubles; the result's type chooses. */
function arithmetic(
  whole: (a: bigint, b: bigint) => bigint,
  double: (a: number, b: number) => number,
): ScalarFunction {
  return (args, types, result) => {
    const operands = args.map((arg, i) => coerce(arg, types[i] ?? result, result));
    if (result.kind === 'decimal') {
      const [a = 0n, b = 0n] = operands.map((x) => parseDecimal(String(x), result.scale));
      return formatDecimal(whole(a, b), result.scale);
    }
    if (result.kind === 'float64' || result.kind === 'float32') {
      return double(toDouble(operands[0] ?? 0), toDouble(operands[1] ?? 0));
    }
    const [a = 0n, b = 0n] = operands.map((x) => BigInt(x as bigint | number));
    return checkedInteger(whole(a, b), result);
  };
}

function checkedInteger(value: bigint, type: FieldType): Value {
  const limits: Partial<Record<FieldType['kind'], bigint>> = {
    int32: 2n ** 31n - 1n,
    int64: 2n ** 63n - 1n,
    count: 2n ** 53n - 1n,
  };
  const most = limits[type.kind] ?? 0n;
  const least = type.kind === 'count' ? -most : -most - 1n;
  if (value > most || value < least) {
    throw new MillraceError('MR_DATA_OVERFLOW', `${value} does not fit ${type.kind}`);
  }
  return type.kind === 'int64' ? value : Number(value);
}

function decimalProduct(
  args: readonly Value[],
  types: readonly FieldType[],
  scale: number,
): string {
  const [a, b] = types.map((type) => (type.kind === 'decimal' ? type.scale : 0));
  const product =
    parseDecimal(String(first(args)), a ?? 0) * parseDecimal(String(second(args)), b ?? 0);
  const unit = 10n ** BigInt((a ?? 0) + (b ?? 0) - scale);
  const half = (product < 0n ? -unit : unit) / 2n;
  return formatDecimal((product + half) / unit, scale);
}

function rounding(round: (x: number) => number): ScalarFunction {
  return (args, _types, result) =>
    result.kind === 'float64' ? round(toDouble(first(args))) : first(args);
}

function roundHalfAway(x: number): number {
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
}

function extreme(sign: 1 | -1): ScalarFunction {
  return (args, types, result) =>
    args
      .map((arg, i) => coerce(arg, types[i] ?? result, result))
      .reduce((best, arg) => (compareValues(result, arg, best) * sign > 0 ? arg : best));
}

/** Comparison after both sides are brought to their common type; IEEE for NaN: never true. */
function compared(
  args: readonly Value[],
  types: readonly FieldType[],
  accept: (order: number) => boolean,
): boolean {
  const common = commonType(types);
  if (typeof common === 'string') throw new TypeError(common);
  const [a = null, b = null] = args.map((arg, i) => coerce(arg, types[i] ?? common, common));
  if (Number.isNaN(a) || Number.isNaN(b)) return false;
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return accept(String(a) === String(b) ? 0 : 1);
  }
  return accept(compareValues(common, a, b));
}

function comparison(accept: (order: number) => boolean): ScalarFunction {
  return (args, types) => compared(args, types, accept);
}

function substring(args: readonly Value[]): string {
  const start = Number(args[1]);
  const end = start + Math.max(0, Number(args[2]));
  return [...textOf(args, 0)].filter((_, i) => i + 1 >= start && i + 1 < end).join('');
}
