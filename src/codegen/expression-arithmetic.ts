// Arithmetic. Integers and decimals that leave their type end the row with MR_DATA_OVERFLOW (the
// caller gives the code); doubles follow IEEE.
import type { FieldType } from '../kernel/types/field-type.ts';
import { formatType } from '../kernel/types/field-type.ts';
import type { CallExpression } from '../plan/expression.ts';
import { coerceOperand } from './expression-coercion.ts';
import { emitOrder } from './expression-comparison.ts';
import type { CallEmitter, ExpressionEmitter } from './expression-emitter.ts';
import { type Operand, representationOf, scaleOf } from './operand.ts';

type Operator = '+' | '-' | '*';

const float64: FieldType = { kind: 'float64' };
const decimalLimit = `${10n ** 38n}n`;

/** plus, minus, times. */
export function emitArithmetic(operator: Operator): CallEmitter {
  return (emitter, call) =>
    emitter.strict(call, (args) => {
      if (call.type.kind === 'decimal' && operator === '*') {
        return emitDecimalProduct(emitter, call.type, args);
      }
      const [a, b] = args.map((arg) => coerceOperand(emitter, arg, call.type).value);
      return checked(emitter, call, `${a} ${operator} ${b}`);
    });
}

/** A result that is looked at before it is used. */
function checked(emitter: ExpressionEmitter, call: CallExpression, expression: string): string {
  const { type } = call;
  if (type.kind === 'float64' || type.kind === 'float32') return expression;
  const result = emitter.name('r');
  // Adding 0 makes −0 a 0.
  const whole = representationOf(type) === 'bigint' ? expression : `${expression} + 0`;
  emitter.line(`const ${result} = ${whole};`);
  emitter.failIf(outOfRange(type, result), `${call.fn} does not fit ${formatType(type)}`);
  return result;
}

function outOfRange(type: FieldType, value: string): string {
  switch (type.kind) {
    case 'int32':
      return `${value} > 2147483647 || ${value} < -2147483648`;
    case 'int64':
      return `BigInt.asIntN(64, ${value}) !== ${value}`;
    case 'decimal':
      return `${value} >= ${decimalLimit} || ${value} <= -${decimalLimit}`;
    default:
      return `!Number.isSafeInteger(${value})`;
  }
}

function emitDecimalProduct(
  emitter: ExpressionEmitter,
  type: FieldType,
  args: readonly Operand[],
): string {
  const [a, b] = args.map(({ value, type: own }) =>
    representationOf(own) === 'bigint' ? value : `BigInt(${value})`,
  );
  const scale = args.reduce((sum, arg) => sum + scaleOf(arg.type), 0);
  const unit = 10n ** BigInt(scale - scaleOf(type));
  const result = emitter.name('r');
  const product = `${a} * ${b}`;
  emitter.line(
    `const ${result} = ${unit === 1n ? product : `divideRounded(${product}, ${unit}n)`};`,
  );
  emitter.failIf(outOfRange(type, result), `times does not fit ${formatType(type)}`);
  return result;
}

export function emitNegation(emitter: ExpressionEmitter, call: CallExpression): Operand {
  return emitter.strict(call, ([a]) => checked(emitter, call, `-${a?.value}`));
}

export function emitAbs(emitter: ExpressionEmitter, call: CallExpression): Operand {
  return emitter.strict(call, ([a]) => {
    const isBig = representationOf(call.type) === 'bigint';
    const magnitude = isBig ? `(${a?.value} < 0n ? -${a?.value} : ${a?.value})` : null;
    return checked(emitter, call, magnitude ?? `Math.abs(${a?.value})`);
  });
}

function asDouble(emitter: ExpressionEmitter, operand: Operand | undefined): string {
  if (operand === undefined) throw new TypeError('an argument is missing');
  return coerceOperand(emitter, operand, float64).value;
}

export function emitQuotient(emitter: ExpressionEmitter, call: CallExpression): Operand {
  return emitter.strict(call, ([a, b]) => `${asDouble(emitter, a)} / ${asDouble(emitter, b)}`);
}

export function emitPower(emitter: ExpressionEmitter, call: CallExpression): Operand {
  return emitter.strict(
    call,
    ([a, b]) => `Math.pow(${asDouble(emitter, a)}, ${asDouble(emitter, b)})`,
  );
}

/** A function of one double; `''` is the double itself. */
export function emitDouble(helper: string): CallEmitter {
  return (emitter, call) => emitter.strict(call, ([a]) => `${helper}(${asDouble(emitter, a)})`);
}

/** Whole numbers are their own floor; everything else becomes a double. */
export function emitRounding(helper: string): CallEmitter {
  return (emitter, call) =>
    emitter.strict(call, ([a]) =>
      call.type.kind === 'float64' ? `${helper}(${asDouble(emitter, a)})` : `${a?.value}`,
    );
}

/** The remainder has the sign of a; null where b is zero. */
export function emitMod(emitter: ExpressionEmitter, call: CallExpression): Operand {
  const [a, b] = call.args.map((arg) => emitter.compileAs(arg, call.type));
  if (a === undefined || b === undefined) throw new TypeError('mod needs two arguments');
  const isBig = representationOf(call.type) === 'bigint';
  const value = emitter.name('v');
  const isNull = emitter.name('n');
  const divisor = emitter.name('d');
  const nulls = [a.isNull, b.isNull].filter((n) => n !== null);
  emitter.line(`const ${divisor} = ${b.value};`);
  emitter.line(
    `const ${isNull} = ${[...nulls, `${divisor} ${isBig ? '=== 0n' : '=== 0'}`].join(' || ')};`,
  );
  const plusZero = isBig || call.type.kind === 'float64' ? '' : ' + 0';
  const zero = isBig ? '0n' : '0';
  emitter.line(`const ${value} = ${isNull} ? ${zero} : ${a.value} % ${divisor}${plusZero};`);
  return { type: call.type, value, isNull };
}

/** least and greatest: the first of equal ones; NaN is greater than every number. */
export function emitExtreme(operator: '<' | '>'): CallEmitter {
  return (emitter, call) => {
    const args = call.args.map((arg) => emitter.compileAs(arg, call.type));
    const nulls = [...new Set(args.flatMap((arg) => arg.isNull ?? []))];
    const target = emitter.target(call.type);
    emitter.block(nulls.length === 0 ? '' : `if (!(${nulls.join(' || ')}))`, () => {
      for (const [i, arg] of args.entries()) {
        const candidate = { ...arg, isNull: null };
        const best = emitter.operandOf(target);
        if (i === 0) emitter.assign(target, candidate);
        else {
          const beats = emitOrder(operator, candidate, best);
          emitter.block(`if (${beats})`, () => emitter.assign(target, candidate));
        }
      }
    });
    return { ...emitter.operandOf(target), isNull: nulls.length === 0 ? null : target.isNull };
  };
}
