// FLOOR, CEIL, ROUND, TRUNCATE, SIGN and MOD: the plan's of doubles and whole numbers, of decimals exactly.
import type { FunctionName } from '../../../plan/functions.ts';
import { roundDouble } from '../../functions/casts.ts';
import {
  atScale,
  type Decimal,
  decimalOf,
  fitDecimal,
  roundedType,
} from '../../functions/decimal-math.ts';
import type { RowFunction } from '../../functions/row-function.ts';
import { refusal, typeProblem } from '../../syntax/sql-error.ts';
import type { CallExpression } from '../../syntax/syntax-tree.ts';
import { bindArithmetic } from './bind-arithmetic.ts';
import type { Bound } from './bound.ts';
import { callNode } from './expression-nodes.ts';
import type { ExpressionScope } from './expression-scope.ts';
import { decimalType, isNumber, type SqlType } from '../sql-type.ts';

interface Rounding {
  readonly call: CallExpression;
  readonly args: readonly Bound[];
  readonly scope: ExpressionScope;
}

const functions: Readonly<Record<string, (rounding: Rounding) => Bound>> = {
  FLOOR: (rounding) => toWhole(rounding, 'floor'),
  CEIL: (rounding) => toWhole(rounding, 'ceil'),
  CEILING: (rounding) => toWhole(rounding, 'ceil'),
  ROUND: (rounding) => toPlaces(rounding, false),
  TRUNCATE: (rounding) => toPlaces(rounding, true),
  SIGN: signOf,
  MOD: ({ call: { at }, args, scope }) => {
    const [a, b] = args;
    if (a === undefined || b === undefined) throw typeProblem(at, 'MOD takes two numbers');
    const literal = { kind: 'null', at } as const;
    const of = { kind: 'binary', at, operator: '%', left: literal, right: literal } as const;
    return bindArithmetic(of, [a, b], scope);
  },
};

/** Null: the call is none of them. */
export function bindRounding(
  call: CallExpression,
  bind: () => readonly Bound[],
  scope: ExpressionScope,
): Bound | null {
  const found = Object.hasOwn(functions, call.name) ? functions[call.name] : undefined;
  if (found === undefined) return null;
  const args = bind();
  if (args.length === 0 || args.length > 2) {
    throw typeProblem(call.at, `${call.name} does not take ${args.length} arguments`);
  }
  const { type } = args[0] as Bound;
  if (type === null || !isNumber(type)) throw typeProblem(call.at, `${call.name} takes a number`);
  return found({ call, args, scope });
}

function toWhole({ call, args, scope }: Rounding, fn: FunctionName & ('floor' | 'ceil')): Bound {
  if (args.length > 1) throw typeProblem(call.at, `${call.name} takes one number`);
  const { node, type } = args[0] as Bound & { readonly type: SqlType };
  if (type.name !== 'DECIMAL') {
    const isFloat = type.name === 'FLOAT';
    const { scalars, guards } = scope;
    if (!isFloat) return { node: callNode(fn, node), type };
    const run: RowFunction = ([value]) => Math[fn](Number(value));
    return scalars.add({ fn: call.name, args, type, run }, guards);
  }
  const result = decimalType(type.precision, 0);
  const run: RowFunction = ([value]) => {
    const exact = decimalOf(value) as Decimal;
    const cut = atScale(exact, 0, true);
    const isWhole = atScale(cut, exact.scale).digits === exact.digits;
    const isNegative = exact.digits < 0n;
    const step = isWhole ? 0n : fn === 'floor' ? (isNegative ? -1n : 0n) : isNegative ? 0n : 1n;
    return fitDecimal({ digits: cut.digits + step, scale: 0 }, result);
  };
  return scope.scalars.add({ fn: call.name, args, type: result, run }, scope.guards);
}

function placesOf(bound: Bound | undefined, at: number): number {
  if (bound === undefined) return 0;
  const { node } = bound;
  if (node.kind === 'literal' && typeof node.value === 'number') return node.value;
  throw refusal(at, 'the number of places is a whole number, written out', 'ROUND(x, 2)');
}

function toPlaces({ call, args, scope }: Rounding, isCut: boolean): Bound {
  const [value, second] = args as readonly [Bound & { readonly type: SqlType }, Bound?];
  const { node, type } = value;
  const places = placesOf(second, call.at);
  const { scalars, guards } = scope;
  if (type.name === 'DOUBLE' && places === 0 && !isCut) {
    return { node: callNode('round', node), type };
  }
  if (type.name === 'INT' || type.name === 'BIGINT') {
    if (places >= 0) return value;
    const run: RowFunction = ([whole]) => {
      const exact = { digits: BigInt(whole as bigint), scale: -places };
      const { digits } = atScale(exact, 0, isCut);
      const result = digits * 10n ** BigInt(-places);
      return type.name === 'INT' ? Number(BigInt.asIntN(32, result)) : BigInt.asIntN(64, result);
    };
    return scalars.add({ fn: `${call.name} ${places}`, args: [value], type, run }, guards);
  }
  const isDecimal = type.name === 'DECIMAL';
  const result = isDecimal ? roundedType(type, places) : type;
  const run: RowFunction = ([number]) => {
    if (!isDecimal && !isCut) return roundDouble(Number(number), places);
    const exact = decimalOf(number);
    if (exact === null) return number ?? null;
    const rounded = places < exact.scale ? atScale(exact, Math.max(places, 0), isCut) : exact;
    return isDecimal ? fitDecimal(rounded, result) : Number(rounded.digits) / 10 ** rounded.scale;
  };
  return scalars.add({ fn: `${call.name} ${places}`, args: [value], type: result, run }, guards);
}

function signOf({ args, scope }: Rounding): Bound {
  const { type } = args[0] as Bound & { readonly type: SqlType };
  const run: RowFunction = ([value]) => {
    const sign = Math.sign(Number(value));
    if (type.name === 'BIGINT') return BigInt(sign);
    return type.name === 'DECIMAL' ? fitDecimal(decimalOf(sign) as Decimal, type) : sign;
  };
  return scope.scalars.add({ fn: 'SIGN', args, type, run }, scope.guards);
}
