// Comparisons. Both sides are brought to their common type; NaN compares as IEEE says: it equals
// nothing. Strings compare as bytes, which is the order of their code points.
import { isNumericType } from '../kernel/types/field-type.ts';
import { commonNumericType } from '../plan/functions.ts';
import type { CallExpression } from '../plan/expression.ts';
import { coerceOperand, literalBytes } from './expression-coercion.ts';
import type { CallEmitter, ExpressionEmitter } from './expression-emitter.ts';
import { type Operand, representationOf } from './operand.ts';

type OrderOperator = '>' | '>=' | '<' | '<=';

/** Literals of up to this many bytes are compared by code written out. */
const inlineBytesMax = 16;

/** `''` for equal, `'!'` for not equal. */
export function emitEquality(not: '' | '!'): CallEmitter {
  return (emitter, call) =>
    emitter.strict(call, (args) => {
      const [a, b] = commonOperands(emitter, args);
      if (not === '!' && representationOf(a.type) === 'number') return `${a.value} !== ${b.value}`;
      return `${not}(${equal(a, b)})`;
    });
}

export function emitComparison(operator: OrderOperator): CallEmitter {
  return (emitter, call) =>
    emitter.strict(call, (args) => {
      const [a, b] = commonOperands(emitter, args);
      return order(operator, a, b);
    });
}

/** The first argument is one of the others. */
export function emitIn(emitter: ExpressionEmitter, call: CallExpression): Operand {
  return emitter.strict(call, ([value, ...list]) => {
    if (value === undefined || list.length === 0) return 'false';
    const tests = list.map((item) => {
      const [a, b] = commonOperands(emitter, [value, item]);
      return `(${equal(a, b)})`;
    });
    return tests.join(' || ');
  });
}

function commonOperands(
  emitter: ExpressionEmitter,
  [a, b]: readonly Operand[],
): readonly [Operand, Operand] {
  if (a === undefined || b === undefined) throw new TypeError('two arguments are needed');
  if (!isNumericType(a.type) || !isNumericType(b.type)) return [a, b];
  const common = commonNumericType(a.type, b.type);
  if (typeof common === 'string') throw new TypeError(common);
  return [coerceOperand(emitter, a, common), coerceOperand(emitter, b, common)];
}

function equal(a: Operand, b: Operand): string {
  switch (representationOf(a.type)) {
    case 'bytes':
      if (b.literal !== undefined) return equalsLiteral(a, b);
      if (a.literal !== undefined) return equalsLiteral(b, a);
      return `sameBytes(${range(a)}, ${range(b)})`;
    case 'boxed':
      return `sameValue(${a.value}, ${b.value})`;
    default:
      return `${a.value} === ${b.value}`;
  }
}

function equalsLiteral({ value }: Operand, literal: Operand): string {
  const bytes = literalBytes(literal.literal ?? null);
  if (bytes.length > inlineBytesMax) {
    return `sameBytes(${value}d, ${value}s, ${value}e, ${range(literal)})`;
  }
  const tests = [...bytes].map((byte, i) => `${value}d[${value}s + ${i}] === ${byte}`);
  return [`${value}e - ${value}s === ${bytes.length}`, ...tests].join(' && ');
}

/** The three variables of bytes, as arguments. */
export function range({ value }: Operand): string {
  return `${value}d, ${value}s, ${value}e`;
}

function order(operator: OrderOperator, a: Operand, b: Operand): string {
  if (representationOf(a.type) !== 'bytes') return `${a.value} ${operator} ${b.value}`;
  return `compareBytes(${range(a)}, ${range(b)}) ${operator} 0`;
}

/** Whether `a` comes strictly before (`<`) or after (`>`) `b` in the total order. */
export function emitOrder(operator: '<' | '>', a: Operand, b: Operand): string {
  const plain = order(operator, a, b);
  if (a.type.kind !== 'float64' && a.type.kind !== 'float32') return plain;
  const [greater, other] = operator === '>' ? [a.value, b.value] : [b.value, a.value];
  return `${plain} || (${greater} !== ${greater} && ${other} === ${other})`;
}
