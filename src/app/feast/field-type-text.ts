// What Feast keeps in a field's tags, because its value types cannot say it: the members of a struct,
// and what a list of lists is a list of.
import { feastValueType } from '../../adapters/redis/feast-layout/value-types.ts';
import type { FieldType } from '../../kernel/types/field-type.ts';

const primitiveNames: Readonly<Record<string, string>> = { DOUBLE: 'FLOAT64', FLOAT: 'FLOAT32' };

/** Tags that the SDK reads a type from; none for most types. */
export function typeTags(type: FieldType): Readonly<Record<string, string>> {
  if (type.kind === 'struct') return { 'feast:struct_schema': structText(type) };
  if (type.kind !== 'list') return {};
  const { item } = type;
  if (item.kind === 'struct') return { 'feast:struct_schema': structText(item) };
  return item.kind === 'list' ? { 'feast:nested_inner_type': typeText(type) } : {};
}

function structText({ fields }: FieldType & { kind: 'struct' }): string {
  return JSON.stringify(Object.fromEntries(fields.map(({ name, type }) => [name, typeText(type)])));
}

function typeText(type: FieldType): string {
  if (type.kind === 'list') return `Array(${typeText(type.item)})`;
  if (type.kind === 'struct') return `{"__struct__": ${structText(type)}}`;
  const name = feastValueType(type);
  return primitiveNames[name] ?? name;
}
