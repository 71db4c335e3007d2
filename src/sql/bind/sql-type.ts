// Types of columns and expressions: how SQL names them, and the field type of the plan that holds them.
import type { FieldType } from '../../kernel/types/field-type.ts';
import { refusal, typeProblem } from '../syntax/sql-error.ts';
import type { TypeSyntax } from '../syntax/syntax-tree.ts';

/** A type of SQL. `field`: what the plan computes with. */
export interface SqlType {
  readonly name: SqlTypeName;
  readonly field: FieldType;
  /** Of DECIMAL. */
  readonly precision: number;
  readonly scale: number;
}

export type SqlTypeName =
  | 'BOOLEAN'
  | 'INT'
  | 'BIGINT'
  | 'FLOAT'
  | 'DOUBLE'
  | 'DECIMAL'
  | 'STRING'
  | 'BYTES'
  | 'DATE'
  | 'TIMESTAMP'
  | 'TIMESTAMP_LTZ'
  | 'ARRAY'
  | 'MAP'
  | 'ROW';

function simple(name: SqlTypeName, kind: FieldType['kind']): SqlType {
  return { name, field: { kind } as FieldType, precision: 0, scale: 0 };
}

export const sqlTypes = {
  boolean: simple('BOOLEAN', 'bool'),
  int: simple('INT', 'int32'),
  bigint: simple('BIGINT', 'int64'),
  float: simple('FLOAT', 'float32'),
  double: simple('DOUBLE', 'float64'),
  string: simple('STRING', 'string'),
  bytes: simple('BYTES', 'bytes'),
  date: simple('DATE', 'date'),
  timestamp: simple('TIMESTAMP', 'timestamp'),
  timestampLtz: simple('TIMESTAMP_LTZ', 'timestamp'),
} as const;

export function decimalType(precision: number, scale: number): SqlType {
  const field: FieldType = { kind: 'decimal', precision: Math.min(precision, 38), scale };
  return { name: 'DECIMAL', field, precision: Math.min(precision, 38), scale };
}

export function formatSqlType({ name, precision, scale }: SqlType): string {
  if (name === 'DECIMAL') return `DECIMAL(${precision}, ${scale})`;
  return name.startsWith('TIMESTAMP') ? `${name}(3)` : name;
}

export function isNumber({ name }: SqlType): boolean {
  return ['INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'DECIMAL'].includes(name);
}

/** The type of SQL of what the plan holds. */
export function sqlTypeOf(field: FieldType): SqlType {
  if (field.kind === 'decimal') return decimalType(field.precision, field.scale);
  return { name: names[field.kind], field, precision: 0, scale: 0 };
}

const names: Readonly<Record<FieldType['kind'], SqlTypeName>> = {
  ...{ bool: 'BOOLEAN', int32: 'INT', int64: 'BIGINT', count: 'BIGINT', float32: 'FLOAT' },
  ...{ float64: 'DOUBLE', string: 'STRING', json: 'STRING', bytes: 'BYTES', date: 'DATE' },
  ...{ timestamp: 'TIMESTAMP', decimal: 'DECIMAL', list: 'ARRAY', map: 'MAP', struct: 'ROW' },
};

const byName: Readonly<Record<string, SqlType>> = {
  BOOLEAN: sqlTypes.boolean,
  TINYINT: sqlTypes.int,
  SMALLINT: sqlTypes.int,
  INT: sqlTypes.int,
  INTEGER: sqlTypes.int,
  BIGINT: sqlTypes.bigint,
  FLOAT: sqlTypes.float,
  REAL: sqlTypes.float,
  DOUBLE: sqlTypes.double,
  STRING: sqlTypes.string,
  VARCHAR: sqlTypes.string,
  CHAR: sqlTypes.string,
  BYTES: sqlTypes.bytes,
  VARBINARY: sqlTypes.bytes,
  DATE: sqlTypes.date,
  TIMESTAMP: sqlTypes.timestamp,
  TIMESTAMP_LTZ: sqlTypes.timestampLtz,
};

const digitsMax = 38;

/** The type that was written. */
export function resolveType(syntax: TypeSyntax): SqlType {
  const { name, args, at } = syntax;
  const known = byName[name];
  if (known !== undefined) return known;
  switch (name) {
    case 'DECIMAL':
    case 'DEC':
    case 'NUMERIC': {
      const [precision = 10, scale = 0] = args;
      if (precision < 1 || precision > digitsMax || scale > precision) {
        throw typeProblem(at, `there is no DECIMAL(${precision}, ${scale})`, 'DECIMAL(38, 2)');
      }
      return decimalType(precision, scale);
    }
    case 'ARRAY':
    case 'MAP':
    case 'ROW':
      return nestedType(name, syntax);
    default:
      throw typeProblem(
        at,
        `${name} is no type that is read`,
        `use ${Object.keys(byName).join(', ')}`,
      );
  }
}

function nestedType(name: 'ARRAY' | 'MAP' | 'ROW', { parts, at }: TypeSyntax): SqlType {
  const inner = parts.map((part) => ({ name: part.name, type: resolveType(part.type) }));
  const last = inner.at(-1);
  if (last === undefined) throw typeProblem(at, `${name} needs the types of its parts`);
  const nullable = true;
  const fields: Readonly<Record<typeof name, () => FieldType>> = {
    ARRAY: () => ({ kind: 'list', item: last.type.field }),
    MAP: () => ({ kind: 'map', value: last.type.field }),
    ROW: () => ({
      kind: 'struct',
      fields: inner.map((part) => ({ name: part.name, type: part.type.field, nullable })),
    }),
  };
  if (name === 'MAP' && inner[0]?.type.name !== 'STRING') {
    throw refusal(at, 'keys of a MAP are STRING', 'use MAP<STRING, …>');
  }
  return { name, field: fields[name](), precision: 0, scale: 0 };
}
