// The proto3 schema of rows, numbered in the order of fields. What may be null is `optional`.
import type { Field, FieldType, RowType } from '../../kernel/types/field-type.ts';

/** The `.proto` text; `name` becomes the message's name. */
export function deriveProto(name: string, { fields }: RowType): string {
  const lines = messageOf(typeName(name), fields, '');
  const body = lines.join('\n');
  const imported = body.includes('google.protobuf.Timestamp')
    ? 'import "google/protobuf/timestamp.proto";\n\n'
    : '';
  return `syntax = "proto3";\n\n${imported}${body}\n`;
}

function messageOf(name: string, fields: readonly Field[], indent: string): readonly string[] {
  const inner = `${indent}  `;
  const lines = fields.flatMap((field, i) => {
    const nested = typeName(field.name);
    const { declared, type } = typeOf(field.type, nested, inner);
    const isPlain = !type.startsWith('repeated ') && !type.startsWith('map<');
    const label = field.nullable && isPlain ? 'optional ' : '';
    return [...declared, `${inner}${label}${type} ${field.name} = ${i + 1};`];
  });
  return [`${indent}message ${name} {`, ...lines, `${indent}}`];
}

interface TypeText {
  readonly type: string;
  /** Messages that have to be declared for it. */
  readonly declared: readonly string[];
}

function typeOf(type: FieldType, nested: string, indent: string): TypeText {
  switch (type.kind) {
    case 'list': {
      const item = typeOf(type.item, nested, indent);
      return { ...item, type: `repeated ${item.type}` };
    }
    case 'map': {
      const value = typeOf(type.value, nested, indent);
      return { ...value, type: `map<string, ${value.type}>` };
    }
    case 'struct':
      return { type: nested, declared: messageOf(nested, type.fields, indent) };
    default:
      return { type: scalars[type.kind] ?? 'string', declared: [] };
  }
}

const scalars: Readonly<Record<string, string>> = {
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  count: 'int64',
  float32: 'float',
  float64: 'double',
  string: 'string',
  bytes: 'bytes',
  timestamp: 'google.protobuf.Timestamp',
};

function typeName(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`).join('');
}
