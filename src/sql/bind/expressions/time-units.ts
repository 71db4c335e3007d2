// Functions of times with a unit in their name: FLOOR(ts TO HOUR), TIMESTAMPADD, TIMESTAMPDIFF.
import type { RowFunction } from '../../functions/row-function.ts';
import { addUnits, ceilTo, floorTo, isUnit, unitsBetween } from '../../functions/time-functions.ts';
import { typeProblem } from '../../syntax/sql-error.ts';
import type { CallExpression } from '../../syntax/syntax-tree.ts';
import { type Bound, typeName } from './bound.ts';
import type { ExpressionScope } from './expression-scope.ts';
import { sqlTypes } from '../sql-type.ts';

const pattern = /^(FLOOR TO|CEIL TO|TIMESTAMPADD|TIMESTAMPDIFF) (\w+)$/;

/** Null: the call is none of them. */
export function bindTimeUnit(
  { name, at }: CallExpression,
  bind: () => readonly Bound[],
  { scalars, guards }: ExpressionScope,
): Bound | null {
  const [, fn = '', unit = ''] = pattern.exec(name) ?? [];
  if (fn === '') return null;
  if (!isUnit(unit)) throw typeProblem(at, `${unit} is no unit of time`, 'use DAY, HOUR, MINUTE');
  const args = bind();
  const [a, b] = args;
  if (fn === 'FLOOR TO' || fn === 'CEIL TO') {
    const type = needTime(a, at).type;
    const step = fn === 'FLOOR TO' ? floorTo : ceilTo;
    const run: RowFunction = ([ms]) => step(Number(ms), unit);
    return scalars.add({ fn: name, args, type: type ?? sqlTypes.timestamp, run }, guards);
  }
  if (args.length !== 2) throw typeProblem(at, `${fn} takes a unit and two arguments`);
  if (fn === 'TIMESTAMPDIFF') {
    needTime(a, at);
    needTime(b, at);
    const run: RowFunction = ([from, to]) => unitsBetween(Number(from), Number(to), unit);
    return scalars.add({ fn: name, args, type: sqlTypes.int, run }, guards);
  }
  if (a?.type?.name !== 'INT' && a?.type?.name !== 'BIGINT') {
    throw typeProblem(at, 'TIMESTAMPADD takes a unit, a whole number and a time');
  }
  const { type } = needTime(b, at);
  const run: RowFunction = ([count, ms]) => addUnits(Number(ms), unit, Number(count));
  return scalars.add({ fn: name, args, type: type ?? sqlTypes.timestamp, run }, guards);
}

function needTime(bound: Bound | undefined, at: number): Bound {
  if (bound?.type?.field.kind === 'timestamp') return bound;
  const what = bound === undefined ? 'nothing' : typeName(bound);
  throw typeProblem(at, `a TIMESTAMP is needed, not ${what}`, 'CAST(… AS TIMESTAMP(3))');
}
