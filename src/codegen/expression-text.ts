// Functions of strings. Strings are UTF-8 bytes; tests and positions never make JavaScript strings.
import type { CallExpression } from '../plan/expression.ts';
import { range } from './expression-comparison.ts';
import type { CallEmitter, ExpressionEmitter } from './expression-emitter.ts';
import type { Operand } from './operand.ts';

/** lower, upper, trim: methods of `TextBuffer`. */
export function emitTextFunction(method: 'lower' | 'upper' | 'trim'): CallEmitter {
  return (emitter, call) => emitter.strictBytes(call, ([a]) => `text.${method}(${rangeOf(a)})`);
}

export function emitSubstring(emitter: ExpressionEmitter, call: CallExpression): Operand {
  return emitter.strictBytes(
    call,
    ([a, start, length]) => `text.substring(${rangeOf(a)}, ${start?.value}, ${length?.value})`,
  );
}

export function emitConcat(emitter: ExpressionEmitter, call: CallExpression): Operand {
  return emitter.strictBytes(call, (args) =>
    ['text.begin()', ...args.map((arg) => `text.append(${range(arg)})`)].join('; '),
  );
}

export function emitLength(emitter: ExpressionEmitter, call: CallExpression): Operand {
  return emitter.strict(call, ([a]) => `countCodePoints(${rangeOf(a)})`);
}

/** startsWith, endsWith, contains: functions over two ranges. */
export function emitTextTest(helper: string): CallEmitter {
  return (emitter, call) =>
    emitter.strict(call, ([a, b]) => `${helper}(${rangeOf(a)}, ${rangeOf(b)})`);
}

function rangeOf(operand: Operand | undefined): string {
  if (operand === undefined) throw new TypeError('an argument is missing');
  return range(operand);
}
