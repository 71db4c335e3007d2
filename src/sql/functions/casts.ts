// CAST between types where it is more than another view of the same value, as Flink does it: doubles are
// cut toward zero, decimals rounded half up, texts read strictly.
import type { Value } from '../../kernel/types/field-type.ts';
import { isNumber, type SqlType } from '../bind/sql-type.ts';
import { atScale, decimalOf, decimalText, fitDecimal, readDecimal } from './decimal-math.ts';
import {
  dateOf,
  javaDouble,
  javaFloat,
  midnightOf,
  readTimestamp,
  timestampText,
} from './java-text.ts';
import { RowError, type RowFunction } from './row-function.ts';

type Cast = (value: NonNullable<Value>, from: SqlType, to: SqlType) => Value;

/** Null where Flink has no such cast, or none that is followed here. */
export function castFunction(from: SqlType, to: SqlType): RowFunction | null {
  const cast = castOf(from, to);
  return cast === null ? null : ([value]) => cast(value as NonNullable<Value>, from, to);
}

function castOf(from: SqlType, to: SqlType): Cast | null {
  if (to.name === 'STRING') return isShown(from) ? toText : null;
  if (from.name === 'STRING') return fromText[to.name] ?? null;
  if (isNumber(from) && isNumber(to)) return toNumber[to.name] ?? null;
  if (from.name === 'BOOLEAN' && isNumber(to) && to.name !== 'DECIMAL') {
    return (value) => whole(value === true ? 1n : 0n, to);
  }
  if ((from.name === 'INT' || from.name === 'BIGINT') && to.name === 'BOOLEAN') {
    return (value) => Number(value) !== 0;
  }
  if (from.field.kind === 'timestamp' && to.name === 'DATE')
    return (value) => dateOf(Number(value));
  if (from.name === 'DATE' && to.field.kind === 'timestamp') {
    return (value) => midnightOf(String(value));
  }
  return null;
}

function isShown({ name }: SqlType): boolean {
  return !['ARRAY', 'MAP', 'ROW', 'BYTES'].includes(name);
}

function toText(value: NonNullable<Value>, { name }: SqlType): string {
  if (name === 'DOUBLE') return javaDouble(Number(value));
  if (name === 'FLOAT') return javaFloat(Number(value));
  if (name === 'BOOLEAN') return value === true ? 'TRUE' : 'FALSE';
  if (name === 'TIMESTAMP' || name === 'TIMESTAMP_LTZ') return timestampText(Number(value));
  return String(value);
}

const intBits = 32;
const longBits = 64;

function whole(value: bigint, to: SqlType): Value {
  return to.name === 'INT' ? Number(BigInt.asIntN(intBits, value)) : BigInt.asIntN(longBits, value);
}

/** Java's narrowing of a double: cut toward zero, the ends of the type beyond them, 0 for NaN. */
function cutDouble(value: number, to: SqlType): Value {
  const limit = to.name === 'INT' ? 2n ** 31n : 2n ** 63n;
  if (Number.isNaN(value)) return whole(0n, to);
  if (value >= Number(limit)) return whole(limit - 1n, to);
  return value <= -Number(limit) ? whole(-limit, to) : whole(BigInt(Math.trunc(value)), to);
}

const toWhole: Cast = (value, from, to) => {
  if (from.name === 'DOUBLE' || from.name === 'FLOAT') return cutDouble(Number(value), to);
  const exact = decimalOf(value);
  return exact === null ? null : whole(atScale(exact, 0, true).digits, to);
};

const toNumber: Partial<Record<SqlType['name'], Cast>> = {
  INT: toWhole,
  BIGINT: toWhole,
  FLOAT: (value) => Math.fround(Number(value)),
  DOUBLE: (value) => Number(value),
  DECIMAL: (value, _, to) => {
    const exact = decimalOf(value);
    return exact === null ? null : fitDecimal(exact, to);
  },
};

function bad(text: string, to: SqlType): RowError {
  return new RowError(`'${text}' is no ${to.name}: use TRY_CAST where NULL will do`);
}

const wholeFromText: Cast = (value, _, to) => {
  const exact = readDecimal(String(value));
  if (exact === null || /[eE]/.test(String(value))) throw bad(String(value), to);
  const { digits } = atScale(exact, 0, true);
  const limit = to.name === 'INT' ? 2n ** 31n : 2n ** 63n;
  if (digits >= limit || digits < -limit) throw bad(String(value), to);
  return to.name === 'INT' ? Number(digits) : digits;
};

const doublePattern = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?\s*$/;

const doubleFromText: Cast = (value, _, to) => {
  const text = String(value).trim();
  if (['NaN', 'Infinity', '-Infinity', '+Infinity'].includes(text)) return Number(text);
  if (!doublePattern.test(text)) throw bad(String(value), to);
  const number = Number(text.replace(/[dDfF]$/, ''));
  return to.name === 'FLOAT' ? Math.fround(number) : number;
};

const truths: Readonly<Record<string, boolean>> = {
  ...{ true: true, t: true, yes: true, y: true, '1': true },
  ...{ false: false, f: false, no: false, n: false, '0': false },
};

const timeFromText: Cast = (value, _, to) => {
  const ms = readTimestamp(String(value));
  if (ms === null) throw bad(String(value), to);
  return to.name === 'DATE' ? dateOf(ms) : ms;
};

const fromText: Partial<Record<SqlType['name'], Cast>> = {
  INT: wholeFromText,
  BIGINT: wholeFromText,
  DOUBLE: doubleFromText,
  FLOAT: doubleFromText,
  DECIMAL: (value, _, to) => {
    const exact = readDecimal(String(value));
    const fitted = exact === null ? null : fitDecimal(exact, to);
    if (fitted === null) throw bad(String(value), to);
    return fitted;
  },
  BOOLEAN: (value, _, to) => {
    const truth = truths[String(value).trim().toLowerCase()];
    if (truth === undefined) throw bad(String(value), to);
    return truth;
  },
  DATE: timeFromText,
  TIMESTAMP: timeFromText,
  TIMESTAMP_LTZ: timeFromText,
};

/** ROUND of a double by its shortest text, as Java does: 2.675 to two places is 2.68. */
export function roundDouble(value: number, places: number): number {
  const exact = decimalOf(value);
  if (exact === null) return value;
  if (places >= 0) return Number(decimalText(atScale(exact, places)));
  const step = 10n ** BigInt(-places);
  const { digits } = atScale({ digits: exact.digits, scale: exact.scale - places }, 0);
  return Number(digits * step);
}
