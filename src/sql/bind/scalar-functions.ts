// Functions of SQL that the plan has, by Flink's names. A function that Flink computes otherwise is not
// in the table, and refused.
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Expression } from '../../plan/expression.ts';
import type { FunctionName } from '../../plan/functions.ts';
import { refusal, typeProblem } from '../syntax/sql-error.ts';
import type { CallExpression, SqlExpression } from '../syntax/syntax-tree.ts';
import { needText } from './bind-expression.ts';
import { type Bound, coerce, commonOf } from './bound.ts';
import { callNode, caseNode, literalNode } from './expression-nodes.ts';
import { formatSqlType, isNumber, sqlTypes } from './sql-type.ts';

interface ScalarCall {
  readonly call: CallExpression;
  readonly args: readonly Bound[];
}

interface ScalarFunction {
  readonly least: number;
  readonly most: number;
  readonly bind: (call: ScalarCall) => Bound;
}

function scalar(least: number, most: number, bind: ScalarFunction['bind']): ScalarFunction {
  return { least, most, bind };
}

const many = Number.POSITIVE_INFINITY;

const table: Readonly<Record<string, ScalarFunction>> = {
  COALESCE: ofCommonType('coalesce', 1),
  IFNULL: ofCommonType('coalesce', 2),
  LEAST: ofCommonType('least', 1),
  GREATEST: ofCommonType('greatest', 1),
  NULLIF: scalar(2, 2, ({ call, args: [a, b] }) => {
    const { nodes } = commonOf([a as Bound, b as Bound], call.at);
    const { node, type } = a as Bound;
    if (type === null) throw typeProblem(call.at, 'NULL has no type here');
    const none = literalNode(null, type.field);
    const when = callNode('eq', ...nodes);
    return { node: caseNode([{ when, then: none }], node, type.field), type };
  }),
  IF: scalar(3, 3, ({ call, args: [condition, a, b] }) => {
    const when = (condition as Bound).node;
    if (when.type.kind !== 'bool') throw typeProblem(call.at, 'a condition is BOOLEAN');
    const { nodes, type } = commonOf([a as Bound, b as Bound], call.at);
    const [then, otherwise] = nodes as [Expression, Expression];
    return { node: caseNode([{ when, then }], otherwise, type.field), type };
  }),
  UPPER: ofText('upper'),
  LOWER: ofText('lower'),
  CHAR_LENGTH: textLength(),
  CHARACTER_LENGTH: textLength(),
  CONCAT: scalar(1, many, ({ call, args }) => ({
    node: callNode('concat', ...args.map((arg) => needText(arg, call.at))),
    type: sqlTypes.string,
  })),
  SUBSTRING: substring(),
  SUBSTR: substring(),
  POSITION: scalar(2, 2, ({ call }) => {
    throw refusal(call.at, 'POSITION is no function of the plan', "use LIKE '%text%'");
  }),
  ABS: ofNumber('abs'),
  FLOOR: rounded('floor'),
  CEIL: rounded('ceil'),
  CEILING: rounded('ceil'),
  ROUND: scalar(1, 2, roundedTo),
  SQRT: ofDouble('sqrt'),
  LN: ofDouble('ln'),
  EXP: ofDouble('exp'),
  POWER: scalar(2, 2, ({ call, args }) => ({
    node: callNode('pow', ...args.map((arg) => coerce(arg, sqlTypes.double, call.at))),
    type: sqlTypes.double,
  })),
  MOD: scalar(2, 2, ({ call, args }) => {
    const { nodes, type } = commonOf(args, call.at);
    if (type.name !== 'INT' && type.name !== 'BIGINT') {
      throw refusal(
        call.at,
        `MOD of ${formatSqlType(type)} is not the plan's`,
        'use whole numbers',
      );
    }
    return { node: callNode('mod', ...nodes), type };
  }),
  ...timeParts(),
};

const topN = 'deduplication and top-N are no nodes of the plan yet';
const wallClock = 'the wall clock would give another result in a replay';

/** Functions of Flink that are no node of the plan, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  ROW_NUMBER: topN,
  RANK: topN,
  DENSE_RANK: topN,
  LAG: 'LAG is no aggregate of the plan yet',
  LEAD: 'LEAD is no aggregate of the plan',
  CURRENT_WATERMARK: 'the watermark is no value of the plan',
  PROCTIME: wallClock,
  NOW: wallClock,
  CURRENT_TIMESTAMP: wallClock,
  LOCALTIMESTAMP: wallClock,
  RAND: 'chance would give another result in a replay',
  UUID: 'chance would give another result in a replay',
  TRY_CAST: 'a cast that gives NULL where it fails is no function of the plan',
  TRIM: 'TRIM takes spaces away, and the plan every white space',
};

/** The call of a scalar function. */
export function bindScalar(call: CallExpression, bind: (argument: SqlExpression) => Bound): Bound {
  const { name, at, isDistinct, filter, over } = call;
  const found = table[name];
  if (found === undefined) {
    const known = elsewhere[name];
    if (known !== undefined) throw refusal(at, known, 'run this statement on Flink');
    const fix = suggestName(name, Object.keys(table));
    throw refusal(at, `${name} is no function of the plan`, fix);
  }
  if (isDistinct || filter !== null || over !== null) {
    throw typeProblem(at, `${name} is no aggregate`);
  }
  const args = call.args.map(bind);
  if (args.length < found.least || args.length > found.most) {
    throw typeProblem(at, `${name} does not take ${args.length} arguments`);
  }
  return found.bind({ call, args });
}

function ofCommonType(fn: FunctionName, least: number): ScalarFunction {
  return scalar(least, many, ({ call, args }) => {
    const { nodes, type } = commonOf(args, call.at);
    return { node: callNode(fn, ...nodes), type };
  });
}

function ofText(fn: FunctionName): ScalarFunction {
  return scalar(1, 1, ({ call, args: [arg] }) => ({
    node: callNode(fn, needText(arg as Bound, call.at)),
    type: sqlTypes.string,
  }));
}

function textLength(): ScalarFunction {
  return scalar(1, 1, ({ call, args: [arg] }) => ({
    node: callNode('length', needText(arg as Bound, call.at)),
    type: sqlTypes.int,
  }));
}

function substring(): ScalarFunction {
  return scalar(2, 3, ({ call, args: [text, start, length] }) => {
    const from = wholeOf(start);
    const count = length === undefined ? 2_147_483_647 : wholeOf(length);
    if (from === null || from < 1 || count === null || count < 0) {
      const fix = 'use a start from 1 and a length from 0, as numbers';
      throw refusal(call.at, 'other starts and lengths mean something else in the plan', fix);
    }
    const literal = (value: number): Expression => literalNode(value, sqlTypes.int.field);
    const node = needText(text as Bound, call.at);
    return {
      node: callNode('substring', node, literal(from), literal(count)),
      type: sqlTypes.string,
    };
  });
}

function wholeOf(bound: Bound | undefined): number | null {
  const node = bound?.node;
  return node?.kind === 'literal' && typeof node.value === 'number' ? node.value : null;
}

function ofNumber(fn: FunctionName): ScalarFunction {
  return scalar(1, 1, ({ call, args: [arg] }) => {
    const { node, type } = arg as Bound;
    if (type === null || !isNumber(type)) throw typeProblem(call.at, `${call.name} takes a number`);
    return { node: callNode(fn, node), type };
  });
}

/** Decimals would become doubles in the plan, and stay decimals in Flink. */
function rounded(fn: 'floor' | 'ceil' | 'round'): ScalarFunction {
  return scalar(1, 1, ({ call, args: [arg] }) => {
    const { node, type } = arg as Bound;
    if (type?.name === 'DOUBLE' || type?.name === 'INT' || type?.name === 'BIGINT') {
      return { node: callNode(fn, node), type };
    }
    const what = type === null ? 'NULL' : formatSqlType(type);
    throw refusal(
      call.at,
      `${call.name} of ${what} is no function of the plan`,
      'CAST(… AS DOUBLE)',
    );
  });
}

function roundedTo({ call, args }: ScalarCall): Bound {
  const [value, places] = args;
  if (places !== undefined && wholeOf(places) !== 0) {
    throw refusal(
      call.at,
      'ROUND to places is no function of the plan',
      'ROUND(x), without places',
    );
  }
  return rounded('round').bind({ call, args: [value as Bound] });
}

function ofDouble(fn: FunctionName): ScalarFunction {
  return scalar(1, 1, ({ call, args: [arg] }) => ({
    node: callNode(fn, coerce(arg as Bound, sqlTypes.double, call.at)),
    type: sqlTypes.double,
  }));
}

/** EXTRACT and its short forms: BIGINT, in UTC. */
function timeParts(): Readonly<Record<string, ScalarFunction>> {
  const parts: readonly (readonly [string, string, FunctionName])[] = [
    ['YEAR', 'YEAR', 'year'],
    ['MONTH', 'MONTH', 'monthOfYear'],
    ['DAY', 'DAYOFMONTH', 'dayOfMonth'],
    ['HOUR', 'HOUR', 'hourOfDay'],
    ['MINUTE', 'MINUTE', 'minuteOfHour'],
  ];
  const functions = parts.flatMap(([part, name, fn]) => {
    const bind = scalar(1, 1, ({ call, args: [arg] }) => bigintOf(partOf(fn, arg as Bound, call)));
    return [
      [`EXTRACT ${part}`, bind],
      [name, bind],
    ] as const;
  });
  // Flink's week begins on Sunday with 1, the plan's on Monday.
  const dayOfWeek = scalar(1, 1, ({ call, args: [arg] }) => {
    const seven = literalNode(7, sqlTypes.int.field);
    const one = literalNode(1, sqlTypes.int.field);
    const day = partOf('dayOfWeek', arg as Bound, call);
    return bigintOf(callNode('plus', callNode('mod', day, seven), one));
  });
  return Object.fromEntries([...functions, ['EXTRACT DOW', dayOfWeek], ['DAYOFWEEK', dayOfWeek]]);
}

function partOf(fn: FunctionName, { node, type }: Bound, { at, name }: CallExpression): Expression {
  if (type?.field.kind !== 'timestamp') throw typeProblem(at, `${name} takes a TIMESTAMP`);
  return callNode(fn, node);
}

function bigintOf(node: Expression): Bound {
  const type = sqlTypes.bigint;
  return { node: callNode('plus', node, literalNode(0n, type.field)), type };
}
