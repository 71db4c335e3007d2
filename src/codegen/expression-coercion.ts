// Literals, and values brought to the common type of a call. Literals are converted when the code
// is generated. Widening only: nothing here can fail or lose a digit, but to float64.
import { parseExact, rescale } from '../columns/parse-decimal.ts';
import { parseDate } from '../columns/parse-time.ts';
import type { FieldType, Value } from '../kernel/types/field-type.ts';
import { isNumericType } from '../kernel/types/field-type.ts';
import { type Emission, type Operand, representationOf, scaleOf, zeroOf } from './operand.ts';

const utf8 = new TextEncoder();

/** A literal as an operand of its type. */
export function literalOperand(emitter: Emission, value: Value, type: FieldType): Operand {
  if (value === null) return nullOperand(emitter, type);
  switch (representationOf(type)) {
    case 'number':
      return { type, value: numberText(type, value), isNull: null, literal: value };
    case 'bigint':
      return { type, value: `${literalBigInt(type, value)}n`, isNull: null, literal: value };
    case 'bool':
      return { type, value: String(value), isNull: null, literal: value };
    case 'bytes':
      return bytesOperand(emitter, type, value);
    case 'boxed':
      return { type, value: emitter.constant(value), isNull: null, literal: value };
  }
}

function nullOperand(emitter: Emission, type: FieldType): Operand {
  if (representationOf(type) !== 'bytes') {
    return { type, value: zeroOf(type), isNull: 'true', literal: null };
  }
  const value = emitter.name('v');
  emitter.line(`const ${value}d = noBytes, ${value}s = 0, ${value}e = 0;`);
  return { type, value, isNull: 'true', literal: null };
}

function numberText(type: FieldType, value: Value): string {
  const number = type.kind === 'date' ? parseDate(String(value)) : Number(value);
  if (number === null) throw new TypeError(`not a date: ${String(value)}`);
  if (Object.is(number, -0)) return '(-0)';
  return number < 0 ? `(${number})` : String(number);
}

function bytesOperand(emitter: Emission, type: FieldType, literal: Value): Operand {
  const bytes = literalBytes(literal);
  const value = emitter.name('v');
  emitter.line(
    `const ${value}d = ${emitter.constant(bytes)}, ${value}s = 0, ${value}e = ${bytes.length};`,
  );
  return { type, value, isNull: null, literal };
}

/** The bytes of a literal of type string, bytes or json. */
export function literalBytes(value: Value): Uint8Array {
  return value instanceof Uint8Array ? value : utf8.encode(String(value));
}

function literalBigInt(type: FieldType, value: Value): bigint {
  if (type.kind !== 'decimal') return BigInt(value as bigint | number | string);
  const exact = parseExact(String(value));
  const unscaled = exact === null ? null : rescale(exact.digits, exact.scale, type.scale);
  if (unscaled === null) throw new TypeError(`not a decimal of this scale: ${String(value)}`);
  return unscaled;
}

/** The operand as a value of `type`, its own or a wider one. */
export function coerceOperand(emitter: Emission, operand: Operand, type: FieldType): Operand {
  const from = operand.type;
  if (from.kind === type.kind && scaleOf(from) === scaleOf(type)) return operand;
  if (operand.literal === null) return nullOperand(emitter, type);
  if (!isNumericType(from) || !isNumericType(type)) return operand;
  const value = convertNumber(operand.value, from, type);
  if (operand.literal === undefined) return { type, value, isNull: operand.isNull };
  return { type, value: foldNumber(operand, type), isNull: null, literal: operand.literal };
}

function convertNumber(value: string, from: FieldType, to: FieldType): string {
  if (to.kind === 'decimal') {
    const unscaled = representationOf(from) === 'bigint' ? value : `BigInt(${value})`;
    const shift = to.scale - scaleOf(from);
    return shift === 0 ? unscaled : `(${unscaled} * ${10n ** BigInt(shift)}n)`;
  }
  if (to.kind === 'int64') {
    return representationOf(from) === 'bigint' ? value : `BigInt(${value})`;
  }
  if (from.kind === 'decimal') return `toDouble(${value}, ${from.scale})`;
  return from.kind === 'int64' ? `Number(${value})` : value;
}

function foldNumber(operand: Operand, to: FieldType): string {
  const literal = operand.literal ?? 0;
  if (to.kind === 'decimal') {
    const unscaled = literalBigInt(operand.type, literal);
    return `${unscaled * 10n ** BigInt(to.scale - scaleOf(operand.type))}n`;
  }
  return to.kind === 'int64' ? `${BigInt(literal as bigint | number)}n` : numberText(to, literal);
}
