// Arithmetic with Flink's types: of doubles and whole numbers it is the plan's; whole numbers are divided
// toward zero, decimals with more places, FLOAT is rounded to its own precision, times move by intervals.
import type { FunctionName } from '../../../plan/functions.ts';
import {
  asDecimalType,
  type Decimal,
  decimalOf,
  divide,
  fitDecimal,
  multiply,
  productType,
  quotientType,
  remainder,
  remainderType,
} from '../../functions/decimal-math.ts';
import { RowError, type RowFunction } from '../../functions/row-function.ts';
import { addMonths } from '../../functions/time-functions.ts';
import { refusal, typeProblem } from '../../syntax/sql-error.ts';
import type { BinaryExpression, IntervalExpression } from '../../syntax/syntax-tree.ts';
import { type Bound, commonOf, needNumber, typeName } from './bound.ts';
import { callNode } from './expression-nodes.ts';
import type { ExpressionScope } from './expression-scope.ts';
import { decimalType, type SqlType, sqlTypes } from '../sql-type.ts';

const planFunctions: Readonly<Record<string, FunctionName>> = {
  '+': 'plus',
  '-': 'minus',
  '*': 'times',
  '/': 'div',
  '%': 'mod',
};

export function bindArithmetic(
  { operator, at }: BinaryExpression,
  [a, b]: readonly [Bound, Bound],
  scope: ExpressionScope,
): Bound {
  needNumber(a, at);
  needNumber(b, at);
  const { nodes, type } = commonOf([a, b], at);
  const fn = planFunctions[operator] as FunctionName;
  const types = [a.type, b.type].map((side) => side as SqlType);
  const isFloat = types.some(({ name }) => name === 'FLOAT');
  if (isFloat && types.every(({ name }) => name !== 'DOUBLE' && name !== 'DECIMAL')) {
    return floatResult(operator, [a, b], scope);
  }
  if (type.name === 'DOUBLE') {
    if (operator !== '%') return { node: callNode(fn, ...nodes), type };
    throw refusal(at, 'Flink has no remainder of DOUBLE', 'use whole numbers');
  }
  if (type.name === 'DECIMAL') return decimalResult(operator, [a, b], scope);
  if (operator !== '/') return { node: callNode(fn, ...nodes), type };
  const args = nodes.map((node) => ({ node, type }));
  const run = type.name === 'INT' ? intQuotient : bigintQuotient;
  return scope.scalars.add({ fn: 'quotient', args, type, run }, scope.guards);
}

const noDivisor = 'a whole number is divided by zero, which fails the job in Flink, too';

const intQuotient: RowFunction = ([a, b]) => {
  if (b === 0) throw new RowError(noDivisor);
  return Math.trunc(Number(a) / Number(b)) | 0;
};

const bigintQuotient: RowFunction = ([a, b]) => {
  if (b === 0n) throw new RowError(noDivisor);
  return BigInt.asIntN(64, (a as bigint) / (b as bigint));
};

const floats: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};

function floatResult(
  operator: string,
  args: readonly [Bound, Bound],
  { scalars, guards }: ExpressionScope,
): Bound {
  const compute = floats[operator] as (a: number, b: number) => number;
  const run: RowFunction = ([a, b]) => Math.fround(compute(Number(a), Number(b)));
  return scalars.add({ fn: `float ${operator}`, args, type: sqlTypes.float, run }, guards);
}

type DecimalOperation = readonly [
  type: (a: SqlType, b: SqlType) => SqlType,
  compute: (a: Decimal, b: Decimal) => Decimal,
];

const decimals: Readonly<Record<string, DecimalOperation>> = {
  '*': [productType, multiply],
  '/': [quotientType, divide],
  '%': [remainderType, remainder],
};

/** Sums are the plan's; products and quotients have more places than it knows. */
function decimalResult(
  operator: string,
  args: readonly [Bound, Bound],
  { scalars, guards }: ExpressionScope,
): Bound {
  const [x, y] = args.map(({ type }) => asDecimalType(type as SqlType)) as [SqlType, SqlType];
  const operation = decimals[operator];
  if (operation === undefined) {
    const scale = Math.max(x.scale, y.scale);
    const wholes = Math.max(x.precision - x.scale, y.precision - y.scale);
    const fn = planFunctions[operator] as FunctionName;
    const node = callNode(fn, ...args.map((arg) => arg.node));
    return { node, type: decimalType(wholes + scale + 1, scale) };
  }
  const [typeOf, compute] = operation;
  const type = typeOf(x, y);
  const run: RowFunction = ([a, b]) => {
    const [left, right] = [decimalOf(a), decimalOf(b)];
    if (left === null || right === null) return null;
    if (operator !== '*' && right.digits === 0n) throw new RowError('a decimal is divided by zero');
    return fitDecimal(compute(left, right), type);
  };
  return scalars.add({ fn: `decimal ${operator}`, args, type, run }, guards);
}

/** A time, some interval later or earlier. */
export function bindTimeStep(
  interval: IntervalExpression,
  bound: Bound,
  sign: 1 | -1,
  { scalars, guards }: ExpressionScope,
): Bound {
  const { type } = bound;
  if (type?.field.kind !== 'timestamp') {
    const fix = 'CAST(… AS TIMESTAMP(3))';
    throw typeProblem(
      interval.at,
      `an interval is added to a TIMESTAMP, not to ${typeName(bound)}`,
      fix,
    );
  }
  const ms = sign * interval.ms;
  const months = sign * interval.months;
  const run: RowFunction = ([value]) => addMonths(Number(value), months) + ms;
  return scalars.add({ fn: `step ${months} ${ms}`, args: [bound], type, run }, guards);
}
