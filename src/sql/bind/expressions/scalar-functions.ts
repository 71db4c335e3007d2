// Functions of SQL by Flink's names: those that the plan has, and behind them those of rows that become
// columns. What gives another value with every run (clocks, chance) is refused.
import { suggestName } from '../../../kernel/nearest-name.ts';
import type { Expression } from '../../../plan/expression.ts';
import type { FunctionName } from '../../../plan/functions.ts';
import { castFunction } from '../../functions/casts.ts';
import { type ArgumentKind, type FunctionSpec } from '../../functions/function-spec.ts';
import { numberFunctions } from '../../functions/number-functions.ts';
import { textFunctions } from '../../functions/text-functions.ts';
import { timeFunctions } from '../../functions/time-functions.ts';
import { refusal, typeProblem } from '../../syntax/sql-error.ts';
import type { CallExpression } from '../../syntax/syntax-tree.ts';
import { bindExpression } from './bind-expression.ts';
import { type Bound, coerce, commonOf, needText, typeName } from './bound.ts';
import { callNode, caseNode, literalNode } from './expression-nodes.ts';
import type { ExpressionScope } from './expression-scope.ts';
import { bindRounding } from './rounding.ts';
import { bindTimeUnit } from './time-units.ts';
import { isNumber, sqlTypes } from '../sql-type.ts';

interface ScalarCall {
  readonly call: CallExpression;
  readonly args: readonly Bound[];
  readonly scope: ExpressionScope;
}

interface ScalarFunction {
  readonly least: number;
  readonly most: number;
  /** Null: not with these arguments; a function of rows may take them. */
  readonly bind: (call: ScalarCall) => Bound | null;
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
  LENGTH: textLength(),
  CONCAT: scalar(1, many, ({ call, args }) => ({
    node: callNode('concat', ...args.map((arg) => needText(arg, call.at))),
    type: sqlTypes.string,
  })),
  SUBSTRING: substring(),
  SUBSTR: substring(),
  ABS: ofNumber('abs'),
  SQRT: ofDouble('sqrt'),
  LN: ofDouble('ln'),
  EXP: ofDouble('exp'),
  POWER: scalar(2, 2, ({ call, args }) => ({
    node: callNode('pow', ...args.map((arg) => coerce(arg, sqlTypes.double, call.at))),
    type: sqlTypes.double,
  })),
  CARDINALITY: scalar(1, 1, ({ call, args, scope }) => {
    const [arg] = args as readonly [Bound];
    const { kind } = arg.node.type;
    if (kind !== 'list' && kind !== 'map') {
      throw typeProblem(call.at, `CARDINALITY takes an ARRAY or a MAP, not ${typeName(arg)}`);
    }
    const run: FunctionSpec['run'] = ([value]) => Object.keys(value as object).length;
    return scope.scalars.add({ fn: call.name, args, type: sqlTypes.int, run }, scope.guards);
  }),
  ...timeParts(),
};

const rowFunctions: Readonly<Record<string, FunctionSpec>> = {
  ...textFunctions,
  ...numberFunctions,
  ...timeFunctions,
  SUBSTR: textFunctions['SUBSTRING'] as FunctionSpec,
};

const topN = 'deduplication and top-N are no nodes of the plan yet';
const wallClock = 'the wall clock would give another result in a replay';
const chance = 'chance would give another result in a replay';
const nested = 'values are not built out of others by the plan';

/** Functions of Flink that are no node of the plan, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  ROW_NUMBER: topN,
  RANK: topN,
  DENSE_RANK: topN,
  LAG: 'LAG is no aggregate of the plan yet',
  LEAD: 'LEAD is no aggregate of the plan',
  LISTAGG: 'LISTAGG is no aggregate of the plan',
  COLLECT: 'COLLECT is no aggregate of the plan',
  ARRAY_AGG: 'ARRAY_AGG is no aggregate of the plan',
  PROCTIME: wallClock,
  TUMBLE_PROCTIME: wallClock,
  HOP_PROCTIME: wallClock,
  SESSION_PROCTIME: wallClock,
  NOW: wallClock,
  CURRENT_TIMESTAMP: wallClock,
  CURRENT_ROW_TIMESTAMP: wallClock,
  CURRENT_DATE: wallClock,
  CURRENT_TIME: wallClock,
  LOCALTIMESTAMP: wallClock,
  CURRENT_WATERMARK: 'the watermark is known where a record of a table is read',
  RAND: chance,
  RAND_INTEGER: chance,
  UUID: chance,
  ROW: nested,
  ARRAY: nested,
  MAP: nested,
  GROUPING: 'grouping sets are no node of the plan',
};

/** The call of a scalar function, whose arguments stand in the same scope. */
export function bindScalar(call: CallExpression, scope: ExpressionScope): Bound {
  const { name, at, isDistinct, filter, over } = call;
  const found = table[name];
  const spec = Object.hasOwn(rowFunctions, name) ? rowFunctions[name] : undefined;
  const bind = (): readonly Bound[] => call.args.map((arg) => bindExpression(arg, scope));
  const other = bindRounding(call, bind, scope) ?? bindTimeUnit(call, bind, scope);
  if (other === null && found === undefined && spec === undefined) throw unknownFunction(call);
  if (isDistinct || filter !== null || over !== null) {
    throw typeProblem(at, `${name} is no aggregate`);
  }
  if (other !== null) return other;
  const args = bind();
  const isCounted = found !== undefined && args.length >= found.least && args.length <= found.most;
  const bound = isCounted ? found.bind({ call, args, scope }) : null;
  if (bound !== null) return bound;
  if (spec === undefined || !takes(spec, args.length)) {
    throw typeProblem(at, `${name} does not take ${args.length} arguments`);
  }
  return bindRowFunction(call, spec, args, scope);
}

function unknownFunction({ name, at }: CallExpression): Error {
  const known = Object.hasOwn(elsewhere, name) ? elsewhere[name] : undefined;
  if (known !== undefined) return refusal(at, known, 'run this statement on Flink');
  const names = [...Object.keys(table), ...Object.keys(rowFunctions)];
  const near = suggestName(name, names);
  const fix = near.startsWith('did you mean') ? near : 'run this statement on Flink';
  return refusal(at, `${name} is no function that is known here`, fix);
}

function takes(
  { args, least = args.length, isOpen = false }: FunctionSpec,
  count: number,
): boolean {
  return count >= least && (isOpen || count <= args.length);
}

/** Functions that take a text where others of their name take a number or a time. */
const ofTexts = ['DATE_FORMAT', 'TO_TIMESTAMP_LTZ'];

function bindRowFunction(
  { name, at }: CallExpression,
  given: FunctionSpec,
  args: readonly Bound[],
  scope: ExpressionScope,
): Bound {
  const isText = args[0]?.type?.name === 'STRING' && ofTexts.includes(name);
  const fn = isText ? `${name} TEXT` : name;
  const spec = isText ? (rowFunctions[fn] as FunctionSpec) : given;
  const { type, run, takesNull = false } = spec;
  const fitted = args.map((arg, i) => {
    return argumentOf(arg, spec.args[i] ?? spec.args.at(-1) ?? 'text', at, scope);
  });
  return scope.scalars.add({ fn, args: fitted, type, run, takesNull }, scope.guards);
}

function argumentOf(arg: Bound, kind: ArgumentKind, at: number, scope: ExpressionScope): Bound {
  const { type } = arg;
  if (type === null) return { node: arg.node, type: sqlTypes.string };
  switch (kind) {
    case 'text':
      return { node: needText(arg, at), type: sqlTypes.string };
    case 'whole':
      if (type.name === 'INT' || type.name === 'BIGINT') return arg;
      throw typeProblem(at, `a whole number is needed, not ${typeName(arg)}`);
    case 'number':
      if (isNumber(type)) return arg;
      throw typeProblem(at, `a number is needed, not ${typeName(arg)}`);
    case 'boolean':
      if (type.name === 'BOOLEAN') return arg;
      throw typeProblem(at, `a BOOLEAN is needed, not ${typeName(arg)}`);
    case 'time':
      return timeArgument(arg, at, scope);
  }
}

/** A DATE is its midnight. */
export function timeArgument(arg: Bound, at: number, { scalars, guards }: ExpressionScope): Bound {
  const { type } = arg;
  if (type?.field.kind === 'timestamp') return arg;
  const cast = type?.name === 'DATE' ? castFunction(type, sqlTypes.timestamp) : null;
  if (cast === null) throw typeProblem(at, `a time is needed, not ${typeName(arg)}`);
  const use = { fn: 'cast DATE', args: [arg], type: sqlTypes.timestamp, run: cast };
  return scalars.add(use, guards);
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

/** The plan's with numbers from 1 on; the others count otherwise. */
function substring(): ScalarFunction {
  return scalar(2, 3, ({ call, args: [text, start, length] }) => {
    const from = wholeOf(start);
    const count = length === undefined ? 2_147_483_647 : wholeOf(length);
    if (from === null || from < 1 || count === null || count < 0) return null;
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

function ofDouble(fn: FunctionName): ScalarFunction {
  return scalar(1, 1, ({ call, args: [arg] }) => ({
    node: callNode(fn, coerce(arg as Bound, sqlTypes.double, call.at)),
    type: sqlTypes.double,
  }));
}

/** EXTRACT and its short forms of timestamps: BIGINT, in UTC. Of dates they are functions of rows. */
function timeParts(): Readonly<Record<string, ScalarFunction>> {
  const parts: readonly (readonly [string, string, FunctionName])[] = [
    ['YEAR', 'YEAR', 'year'],
    ['MONTH', 'MONTH', 'monthOfYear'],
    ['DAY', 'DAYOFMONTH', 'dayOfMonth'],
    ['HOUR', 'HOUR', 'hourOfDay'],
    ['MINUTE', 'MINUTE', 'minuteOfHour'],
  ];
  const functions = parts.flatMap(([part, name, fn]) => {
    const bind = scalar(1, 1, ({ args: [arg] }) => {
      const { node, type } = arg as Bound;
      return type?.field.kind === 'timestamp' ? bigintOf(callNode(fn, node)) : null;
    });
    return [
      [`EXTRACT ${part}`, bind],
      [name, bind],
    ] as const;
  });
  return Object.fromEntries(functions);
}

function bigintOf(node: Expression): Bound {
  const type = sqlTypes.bigint;
  return { node: callNode('plus', node, literalNode(0n, type.field)), type };
}
