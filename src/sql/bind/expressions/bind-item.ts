// A part of a value: an element of an ARRAY, from 1; the value of a MAP's key; a field of a ROW.
import type { Value } from '../../../kernel/types/field-type.ts';
import { suggestName } from '../../../kernel/nearest-name.ts';
import type { RowFunction } from '../../functions/row-function.ts';
import { nameProblem, typeProblem } from '../../syntax/sql-error.ts';
import { type Bound, typeName } from './bound.ts';
import type { ExpressionScope } from './expression-scope.ts';
import { sqlTypeOf } from '../sql-type.ts';

export function bindItem(
  arg: Bound,
  index: Bound,
  at: number,
  { scalars, guards }: ExpressionScope,
): Bound {
  const field = arg.type?.field;
  const args = [arg, index];
  if (field?.kind === 'list' && (index.type?.name === 'INT' || index.type?.name === 'BIGINT')) {
    const run: RowFunction = ([list, i]) => (list as readonly Value[])[Number(i) - 1] ?? null;
    return scalars.add({ fn: 'item', args, type: sqlTypeOf(field.item), run }, guards);
  }
  if (field?.kind === 'map' && index.type?.name === 'STRING') {
    return scalars.add({ fn: 'item', args, type: sqlTypeOf(field.value), run: memberOf }, guards);
  }
  throw typeProblem(at, `${typeName(arg)} has no element ${typeName(index)}`);
}

const memberOf: RowFunction = ([value, name]) => {
  const key = String(name);
  return value !== null && typeof value === 'object' && Object.hasOwn(value, key)
    ? ((value as Readonly<Record<string, Value>>)[key] ?? null)
    : null;
};

export function bindField(
  arg: Bound,
  name: string,
  at: number,
  { scalars, guards }: ExpressionScope,
): Bound {
  const field = arg.type?.field;
  if (field?.kind !== 'struct') throw typeProblem(at, `${typeName(arg)} has no field ${name}`);
  const found = field.fields.find((candidate) => candidate.name === name);
  if (found === undefined) {
    const names = field.fields.map((candidate) => candidate.name);
    throw nameProblem(at, `there is no field ${name}`, suggestName(name, names));
  }
  const run: RowFunction = ([value], row) => memberOf([value ?? null, name], row);
  return scalars.add(
    { fn: `field ${name}`, args: [arg], type: sqlTypeOf(found.type), run },
    guards,
  );
}
