// The fields of a row as an object of expressions. A name that does not exist gives an expression
// that carries the problem, so that a wrong name is reported with its place and never crashes.
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { ExpressionBuilder } from '../expression-builder.ts';

/** Marks a problem as "unknown field", so that it gets that code. */
export const unknownFieldMark = 'unknown field ';

/** Fields as a proxy; `owner` names them in problems: `stream "purchases"`. */
export function fieldsProxy<Shape>(
  fields: readonly Field[],
  owner: string,
  columnOf: (field: string) => string = (field) => field,
): Shape {
  const byName = new Map(
    fields.map(({ name, type, nullable }) => [
      name,
      new ExpressionBuilder({ kind: 'column', name: columnOf(name), type, nullable }),
    ]),
  );
  const names = [...byName.keys()];
  return new Proxy(Object.create(null) as object, {
    get(_target, name) {
      if (typeof name !== 'string' || name === 'then') return undefined;
      return byName.get(name) ?? unknownField(name, owner, names);
    },
    has: (_target, name) => typeof name === 'string' && byName.has(name),
    ownKeys: () => names,
    getOwnPropertyDescriptor: (_target, name) => ({
      value: byName.get(String(name)),
      enumerable: true,
      configurable: true,
    }),
  }) as Shape;
}

function unknownField(name: string, owner: string, names: readonly string[]): ExpressionBuilder {
  const problem = `${unknownFieldMark}"${name}" of ${owner}: ${suggestName(name, names)}`;
  return new ExpressionBuilder(
    { kind: 'column', name, type: { kind: 'float64' }, nullable: true },
    [problem],
  );
}
