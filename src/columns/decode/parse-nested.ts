// JSON text of a list, map or struct as its value; numbers that must not be rounded stay exact.
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import { convertValue, NumberText } from './convert-value.ts';

/** The value of JSON text, which must be valid, for a field; throws FieldProblem when it does not fit. */
export function parseNested(field: Field, json: string): Value {
  const reviver = holdsExactNumbers(field.type) ? keepNumberText : undefined;
  return convertValue(field.type, JSON.parse(json, reviver), field.name);
}

function keepNumberText(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' ? new NumberText(context?.source ?? String(value)) : value;
}

/** True when numbers inside must not go through a double. */
function holdsExactNumbers(type: FieldType): boolean {
  switch (type.kind) {
    case 'list':
      return holdsExactNumbers(type.item);
    case 'map':
      return holdsExactNumbers(type.value);
    case 'struct':
      return type.fields.some((field) => holdsExactNumbers(field.type));
    default:
      return type.kind === 'int64' || type.kind === 'decimal' || type.kind === 'json';
  }
}
