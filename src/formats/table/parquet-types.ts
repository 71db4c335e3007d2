// Field types to and from Parquet's schema elements. Counts are INT64; decimals are text unless it is
// said otherwise, since their digits must survive readers that know no decimals of 38 digits.
import type { SchemaElement, SchemaTree } from 'hyparquet';
import type { Field, FieldType } from '../../kernel/types/field-type.ts';

/** How decimals lie in a file: as text, or as Parquet's own of up to 18 digits. */
export type ParquetDecimals = 'text' | 'number';

/** The schema of a file with these columns, all of them optional. */
export function schemaOf(fields: readonly Field[], decimals: ParquetDecimals): SchemaElement[] {
  const columns = fields.flatMap(({ name, type }) => {
    if (type.kind !== 'decimal' || decimals === 'text') return elementsOf(name, type);
    const { precision, scale } = type;
    const leaf = { type: 'INT64', converted_type: 'DECIMAL', precision, scale } as const;
    return [{ name, repetition_type: 'OPTIONAL' as const, ...leaf }];
  });
  return [{ name: 'schema', num_children: fields.length }, ...columns];
}

function elementsOf(name: string, type: FieldType): SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' } as const;
  switch (type.kind) {
    case 'list':
      return [
        { ...optional, num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        ...elementsOf('element', type.item),
      ];
    case 'map':
      return [
        { ...optional, num_children: 1, converted_type: 'MAP' },
        { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
        {
          name: 'key',
          repetition_type: 'REQUIRED',
          type: 'BYTE_ARRAY',
          converted_type: 'UTF8',
        },
        ...elementsOf('value', type.value),
      ];
    case 'struct':
      return [
        { ...optional, num_children: type.fields.length },
        ...type.fields.flatMap((field) => elementsOf(field.name, field.type)),
      ];
    default:
      return [{ ...optional, ...leafOf(type) }];
  }
}

function leafOf(type: FieldType): Partial<SchemaElement> {
  switch (type.kind) {
    case 'bool':
      return { type: 'BOOLEAN' };
    case 'int32':
      return { type: 'INT32' };
    case 'int64':
    case 'count':
      return { type: 'INT64' };
    case 'float32':
      return { type: 'FLOAT' };
    case 'float64':
      return { type: 'DOUBLE' };
    case 'timestamp':
      return {
        type: 'INT64',
        converted_type: 'TIMESTAMP_MILLIS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
      };
    case 'date':
      return { type: 'INT32', converted_type: 'DATE' };
    case 'bytes':
      return { type: 'BYTE_ARRAY' };
    case 'json':
      return { type: 'BYTE_ARRAY', converted_type: 'JSON' };
    default:
      return { type: 'BYTE_ARRAY', converted_type: 'UTF8' };
  }
}

/** The field that a column of a file is read as. */
export function fieldOfColumn({ element, children }: SchemaTree): Field {
  const isNested = children.length > 0 || element.repetition_type === 'REPEATED';
  const type: FieldType = isNested ? { kind: 'json' } : { kind: scalarOf(element) };
  return { name: element.name, type, nullable: true };
}

type ReadKind = 'bool' | 'int64' | 'float64' | 'timestamp' | 'date' | 'string' | 'bytes' | 'json';

function scalarOf(element: SchemaElement): ReadKind {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (converted === 'DECIMAL') return 'float64';
  if (converted === 'DATE') return 'date';
  if (converted?.startsWith('TIMESTAMP') === true || logical?.type === 'TIMESTAMP')
    return 'timestamp';
  switch (type) {
    case 'BOOLEAN':
      return 'bool';
    case 'INT32':
    case 'INT64':
      return 'int64';
    case 'INT96':
      return 'timestamp';
    case 'FLOAT':
    case 'DOUBLE':
      return 'float64';
    default:
      if (converted === 'JSON') return 'json';
      return converted === 'UTF8' || logical?.type === 'STRING' ? 'string' : 'bytes';
  }
}
