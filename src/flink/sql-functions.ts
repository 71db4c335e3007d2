// One line for every function of the plan: a new function does not compile until it is here. Values
// are those that `plan/functions.ts` promises; what Flink computes otherwise is refused.
import { type FieldType, isIntegerType } from '../kernel/types/field-type.ts';
import type { CallExpression, Expression } from '../plan/expression.ts';
import { commonType, type FunctionName } from '../plan/functions.ts';
import { refusedSql } from './refusal.ts';
import { sqlTypeOf } from './sql-type.ts';
import { atom, type RankedSql, ranks, type SqlWriter } from './sql-writer.ts';

type CallSql = (call: CallExpression, writer: SqlWriter) => RankedSql;

const float64: FieldType = { kind: 'float64' };
const containers: readonly FieldType['kind'][] = ['list', 'map', 'struct', 'json'];

export const callSql: Readonly<Record<FunctionName, CallSql>> = {
  plus: arithmetic('+', ranks.add),
  minus: arithmetic('-', ranks.add),
  times: arithmetic('*', ranks.times),
  div: (call, writer) => {
    const [a, b] = bothOf(call);
    const left = writer.coerced(a, float64, ranks.times);
    return { text: `${left} / ${writer.coerced(b, float64, ranks.atom)}`, rank: ranks.times };
  },
  mod: remainder,
  neg: (call, writer) => atom(`-${argSql(call, writer, ranks.atom)}`),
  abs: (call, writer) => atom(`ABS(${argSql(call, writer)})`),
  floor: rounding((x) => `FLOOR(${x})`),
  ceil: rounding((x) => `CEIL(${x})`),
  round: rounding((x) => `ROUND(${x}, 0)`),
  sqrt: ofDoubles('SQRT'),
  ln: ofDoubles('LN'),
  exp: ofDoubles('EXP'),
  pow: ofDoubles('POWER'),
  toFloat: (call, writer) => atom(writer.coerced(firstOf(call), float64)),
  least: ofCommonType('LEAST'),
  greatest: ofCommonType('GREATEST'),
  eq: comparison('='),
  ne: comparison('<>'),
  gt: comparison('>'),
  gte: comparison('>='),
  lt: comparison('<'),
  lte: comparison('<='),
  in: (call, writer) => {
    const [subject, ...values] = commonSqls(call, writer);
    return { text: `${subject} IN (${values.join(', ')})`, rank: ranks.compare };
  },
  and: logic('AND', ranks.and),
  or: logic('OR', ranks.or),
  not: (call, writer) => ({ text: `NOT ${argSql(call, writer, ranks.compare)}`, rank: ranks.not }),
  isNull: (call, writer) => ({
    text: `${argSql(call, writer, ranks.add)} IS NULL`,
    rank: ranks.compare,
  }),
  isNotNull: (call, writer) => ({
    text: `${argSql(call, writer, ranks.add)} IS NOT NULL`,
    rank: ranks.compare,
  }),
  coalesce: ofCommonType('COALESCE'),
  lower: ofText('LOWER'),
  upper: ofText('UPPER'),
  // Flink's TRIM takes spaces away, ours every white space.
  trim: (call, writer) =>
    atom(`REGEXP_REPLACE(${argSql(call, writer)}, '(?U)^[\\s\\uFEFF]+|[\\s\\uFEFF]+$', '')`),
  length: ofText('CHAR_LENGTH'),
  concat: (call, writer) => {
    const parts = call.args.map((arg) => writer.sql(arg, ranks.add));
    return { text: parts.join(' || '), rank: ranks.add - 0.5 };
  },
  substring,
  startsWith: (call, writer) => {
    const [text, start] = bothSqls(call, writer);
    const matches = `SUBSTRING(${text}, 1, CHAR_LENGTH(${start})) = ${start}`;
    return { text: matches, rank: ranks.compare };
  },
  endsWith: (call, writer) => {
    const [text, end] = bothSqls(call, writer);
    return { text: `RIGHT(${text}, CHAR_LENGTH(${end})) = ${end}`, rank: ranks.compare };
  },
  contains: (call, writer) => {
    const [text, part] = bothSqls(call, writer);
    return { text: `POSITION(${part} IN ${text}) > 0`, rank: ranks.compare };
  },
  minuteOfHour: timePart('MINUTE'),
  hourOfDay: timePart('HOUR'),
  dayOfWeek: (call, writer) => {
    const day = `CAST(${instantSql(call, writer)} AS DATE)`;
    return atom(`CAST(MOD(DAYOFWEEK(${day}) + 5, 7) + 1 AS INT)`);
  },
  dayOfMonth: timePart('DAY'),
  monthOfYear: timePart('MONTH'),
  year: timePart('YEAR'),
  epochMs: (call, writer) => atom(`CAST(${argSql(call, writer)} AS DOUBLE)`),
};

function firstOf(call: CallExpression): Expression {
  const [a] = call.args;
  if (a === undefined) throw new TypeError(`${call.fn} needs an argument`);
  return a;
}

function bothOf(call: CallExpression): readonly [Expression, Expression] {
  const [a, b] = call.args;
  if (a === undefined || b === undefined) throw new TypeError(`${call.fn} needs two arguments`);
  return [a, b];
}

function argSql(call: CallExpression, writer: SqlWriter, outer = 0): string {
  return writer.sql(firstOf(call), outer);
}

function bothSqls(call: CallExpression, writer: SqlWriter): readonly [string, string] {
  const [a, b] = bothOf(call);
  return [writer.sql(a), writer.sql(b)];
}

/** The type in which values are compared or chosen between. */
function commonTypeOf(expressions: readonly Expression[]): FieldType {
  const type = commonType(expressions.map((expression) => expression.type));
  // Validated plans have one.
  if (typeof type === 'string') throw new TypeError(type);
  return type;
}

/** All arguments in their common type. */
function commonSqls(call: CallExpression, writer: SqlWriter): readonly string[] {
  const type = commonTypeOf(call.args);
  return call.args.map((arg) => writer.coerced(arg, type, ranks.add));
}

/** Decimals keep the scale of the plan's rule: Flink's own would grow with every step. */
function arithmetic(sign: string, rank: number): CallSql {
  return (call, writer) => {
    const [a, b] = bothOf(call);
    const isDecimal = call.type.kind === 'decimal';
    const sqlOf = (arg: Expression, outer: number): string =>
      isDecimal ? writer.sql(arg, outer) : writer.coerced(arg, call.type, outer);
    const text = `${sqlOf(a, rank)} ${sign} ${sqlOf(b, rank + 0.5)}`;
    return isDecimal ? atom(`CAST(${text} AS ${sqlTypeOf(call.type)})`) : { text, rank };
  };
}

function remainder(call: CallExpression, writer: SqlWriter): RankedSql {
  const [a, b] = bothOf(call);
  if (!isIntegerType(call.type) && call.type.kind !== 'decimal') {
    writer.refuse(
      'Flink has no remainder of floating-point numbers',
      'take the remainder of whole numbers or decimals, or compute it on the engine',
    );
    return atom(refusedSql);
  }
  const left = writer.coerced(a, call.type);
  return atom(`MOD(${left}, NULLIF(${writer.coerced(b, call.type)}, 0))`);
}

function rounding(toSql: (x: string) => string): CallSql {
  return (call, writer) => {
    const a = firstOf(call);
    if (isIntegerType(call.type)) return atom(writer.sql(a, ranks.atom));
    return atom(toSql(writer.coerced(a, float64)));
  };
}

function ofDoubles(name: string): CallSql {
  return (call, writer) => {
    const args = call.args.map((arg) => writer.coerced(arg, float64));
    return atom(`${name}(${args.join(', ')})`);
  };
}

function ofCommonType(name: string): CallSql {
  return (call, writer) => atom(`${name}(${commonSqls(call, writer).join(', ')})`);
}

function ofText(name: string): CallSql {
  return (call, writer) => atom(`${name}(${argSql(call, writer)})`);
}

function comparison(sign: string): CallSql {
  return (call, writer) => {
    const type = commonTypeOf(call.args);
    if (containers.includes(type.kind)) {
      writer.refuse(
        `Flink does not compare values of type ${type.kind} as the engine does`,
        'compare fields of simple types',
      );
    }
    const [a, b] = commonSqls(call, writer);
    return { text: `${a} ${sign} ${b}`, rank: ranks.compare };
  };
}

function logic(word: string, rank: number): CallSql {
  return (call, writer) => {
    const [a, b] = bothOf(call);
    const left = writer.sql(a, rank);
    return { text: `${left} ${word} ${writer.sql(b, rank + 0.5)}`, rank };
  };
}

/** Flink counts from the end when the start is not positive; the engine leaves out what is outside. */
function substring(call: CallExpression, writer: SqlWriter): RankedSql {
  const [, start, length] = call.args;
  const isPlain = start?.kind === 'literal' && Number(start.value) >= 1;
  const isLong = length?.kind === 'literal' && Number(length.value) >= 0;
  if (!isPlain || !isLong) {
    writer.refuse(
      'substring with a start or a length that is not a literal means something else in Flink',
      'write a start of 1 or more and a length of 0 or more as numbers',
    );
  }
  const args = call.args.map((arg) => writer.sql(arg));
  return atom(`SUBSTRING(${args.join(', ')})`);
}

function instantSql(call: CallExpression, writer: SqlWriter): string {
  return `TO_TIMESTAMP_LTZ(${argSql(call, writer)}, 3)`;
}

function timePart(part: string): CallSql {
  return (call, writer) => atom(`CAST(EXTRACT(${part} FROM ${instantSql(call, writer)}) AS INT)`);
}
