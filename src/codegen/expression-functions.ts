// Code for every function of the plan: a new function does not compile until it is here. Nulls and
// edge cases are those of `plan/functions.ts`.
import type { CallExpression, Expression } from '../plan/expression.ts';
import {
  emitAbs,
  emitArithmetic,
  emitDouble,
  emitExtreme,
  emitMod,
  emitNegation,
  emitPower,
  emitQuotient,
  emitRounding,
} from './expression-arithmetic.ts';
import { emitComparison, emitEquality, emitIn } from './expression-comparison.ts';
import type { CallEmitter, CallEmitters, ExpressionEmitter } from './expression-emitter.ts';
import {
  emitConcat,
  emitLength,
  emitSubstring,
  emitTextFunction,
  emitTextTest,
} from './expression-text.ts';
import { canFail, type Operand } from './operand.ts';

export const callEmitters: CallEmitters = {
  plus: emitArithmetic('+'),
  minus: emitArithmetic('-'),
  times: emitArithmetic('*'),
  div: emitQuotient,
  mod: emitMod,
  neg: emitNegation,
  abs: emitAbs,
  floor: emitRounding('Math.floor'),
  ceil: emitRounding('Math.ceil'),
  round: emitRounding('roundHalfAway'),
  sqrt: emitDouble('Math.sqrt'),
  ln: emitDouble('Math.log'),
  exp: emitDouble('Math.exp'),
  pow: emitPower,
  toFloat: emitDouble(''),
  least: emitExtreme('<'),
  greatest: emitExtreme('>'),
  eq: emitEquality(''),
  ne: emitEquality('!'),
  gt: emitComparison('>'),
  gte: emitComparison('>='),
  lt: emitComparison('<'),
  lte: emitComparison('<='),
  in: emitIn,
  and: emitAnd,
  or: emitOr,
  not: (emitter, call) => emitter.strict(call, ([a]) => `!${a?.value}`),
  isNull: (emitter, call) => emitNullTest(emitter, call, ''),
  isNotNull: (emitter, call) => emitNullTest(emitter, call, '!'),
  coalesce: emitCoalesce,
  lower: emitTextFunction('lower'),
  upper: emitTextFunction('upper'),
  trim: emitTextFunction('trim'),
  length: emitLength,
  concat: emitConcat,
  substring: emitSubstring,
  startsWith: emitTextTest('startsWith'),
  endsWith: emitTextTest('endsWith'),
  contains: emitTextTest('containsBytes'),
  minuteOfHour: emitTimePart('minuteOfHour'),
  hourOfDay: emitTimePart('hourOfDay'),
  dayOfWeek: emitTimePart('dayOfWeek'),
  dayOfMonth: emitTimePart('dayOfMonth'),
  monthOfYear: emitTimePart('monthOfYear'),
  year: emitTimePart('yearOf'),
  epochMs: emitTimePart(''),
};

function emitTimePart(helper: string): CallEmitter {
  return (emitter, call) => emitter.strict(call, ([a]) => `${helper}(${a?.value})`);
}

function bothArgs(call: CallExpression): readonly [Expression, Expression] {
  const [a, b] = call.args;
  if (a === undefined || b === undefined) throw new TypeError(`${call.fn} needs two arguments`);
  return [a, b];
}

/** The right side is looked at only where the left does not decide; but what can fail, fails always. */
function emitAnd(emitter: ExpressionEmitter, call: CallExpression): Operand {
  const [left, right] = bothArgs(call);
  const a = emitter.compile(left);
  if (canFail(right)) emitter.compile(right);
  const value = emitter.name('v');
  const isNull = emitter.name('n');
  let isNullable = a.isNull !== null;
  emitter.line(`let ${value} = false, ${isNull} = false;`);
  emitter.block(`if (${a.isNull ?? 'false'} || ${a.value})`, () => {
    const b = emitter.compile(right);
    isNullable ||= b.isNull !== null;
    const nullWhen = [b.isNull, a.isNull === null ? null : `(${a.isNull} && ${b.value})`];
    emitter.line(`${isNull} = ${nullWhen.filter((n) => n !== null).join(' || ') || 'false'};`);
    emitter.line(`${value} = !${isNull} && ${b.value};`);
  });
  return { type: call.type, value, isNull: isNullable ? isNull : null };
}

function emitOr(emitter: ExpressionEmitter, call: CallExpression): Operand {
  const [left, right] = bothArgs(call);
  const a = emitter.compile(left);
  if (canFail(right)) emitter.compile(right);
  const value = emitter.name('v');
  const isNull = emitter.name('n');
  let isNullable = a.isNull !== null;
  emitter.line(`let ${value} = true, ${isNull} = false;`);
  emitter.block(`if (${a.isNull ?? 'false'} || !${a.value})`, () => {
    const b = emitter.compile(right);
    isNullable ||= b.isNull !== null;
    const nullWhen = [b.isNull, a.isNull === null ? null : `(${a.isNull} && !${b.value})`];
    emitter.line(`${isNull} = ${nullWhen.filter((n) => n !== null).join(' || ') || 'false'};`);
    emitter.line(`${value} = !${isNull} && ${b.value};`);
  });
  return { type: call.type, value, isNull: isNullable ? isNull : null };
}

function emitNullTest(emitter: ExpressionEmitter, call: CallExpression, not: string): Operand {
  const [a] = call.args;
  if (a === undefined) throw new TypeError(`${call.fn} needs an argument`);
  const { isNull } = emitter.compile(a);
  return { type: call.type, value: `${not}(${isNull ?? 'false'})`, isNull: null };
}

function emitCoalesce(emitter: ExpressionEmitter, call: CallExpression): Operand {
  for (const arg of call.args) if (canFail(arg)) emitter.compile(arg);
  const target = emitter.target(call.type);
  let isNullable = true;
  const emitFrom = (position: number): void => {
    const arg = call.args[position];
    if (arg === undefined) return;
    const operand = emitter.compile(arg);
    emitter.assign(target, operand);
    if (operand.isNull === null) isNullable = false;
    else emitter.block(`if (${target.isNull})`, () => emitFrom(position + 1));
  };
  emitFrom(0);
  return { ...emitter.operandOf(target), isNull: isNullable ? target.isNull : null };
}
