// Which column of a file holds which field, and whether its type can. What cannot be read is
// refused for the whole file, by name, before any row.
import type { FileMetaData, SchemaElement, SchemaTree } from 'hyparquet';
import { parquetSchema } from 'hyparquet';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Field, RowType } from '../../kernel/types/field-type.ts';
import { formatType } from '../../kernel/types/field-type.ts';

/** What a leaf of the file holds, as far as reading it goes. */
export type LeafKind =
  | { readonly kind: 'bool' }
  | { readonly kind: 'integer'; readonly bits: 32 | 64; readonly signed: boolean }
  | { readonly kind: 'float' }
  | {
      readonly kind: 'decimal';
      readonly precision: number;
      readonly scale: number;
      readonly binary: boolean;
    }
  | { readonly kind: 'timestamp'; readonly unit: 'ms' | 'us' | 'ns'; readonly wide: boolean }
  | { readonly kind: 'date' }
  | { readonly kind: 'text' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'other' };

export interface MatchedColumn {
  readonly field: Field;
  readonly element: SchemaElement;
  /** Null for a column that is nested (list, map, struct). */
  readonly leaf: LeafKind | null;
}

/** The column for each field; null for one that is not there and has a default. */
export function matchColumns(
  path: string,
  metadata: FileMetaData,
  rowType: RowType,
): readonly (MatchedColumn | null)[] {
  const columns = parquetSchema(metadata).children;
  const names = columns.map(({ element }) => element.name);
  return rowType.fields.map((field) => {
    const column = columns.find(({ element }) => element.name === field.name);
    if (column !== undefined) return findColumn(path, field, column);
    if (field.default !== undefined) return null;
    throw new MillraceError(
      'MR_FILE_FORMAT',
      `"${path}" has no column "${field.name}": ${suggestName(field.name, names)}`,
      {
        context: { path },
        fix: 'correct the schema of the stream, or give the field a default',
      },
    );
  });
}

/** What a column of the file holds; null when it is nested. */
export function leafOf({ element, children }: SchemaTree): LeafKind | null {
  return children.length > 0 || element.repetition_type === 'REPEATED' ? null : leafKind(element);
}

/** A column for a field; throws MR_FILE_FORMAT when it holds another type. */
export function findColumn(path: string, field: Field, column: SchemaTree): MatchedColumn {
  const { element } = column;
  const leaf = leafOf(column);
  const wantsNested = ['list', 'map', 'struct'].includes(field.type.kind);
  const fits = leaf === null ? wantsNested && !holdsDecimal(column) : canHold(field, leaf);
  if (!fits) {
    throw new MillraceError(
      'MR_FILE_FORMAT',
      `column "${field.name}" of "${path}" is ${describe(column)}, not ${formatType(field.type)}`,
      { context: { path }, fix: `give the field the type of the column, or convert the file` },
    );
  }
  return { field, element, leaf };
}

function canHold(field: Field, leaf: LeafKind): boolean {
  switch (field.type.kind) {
    case 'bool':
      return leaf.kind === 'bool';
    case 'int32':
    case 'int64':
    case 'count':
      return leaf.kind === 'integer';
    case 'float32':
    case 'float64':
      return leaf.kind === 'integer' || leaf.kind === 'float';
    case 'timestamp':
      return leaf.kind === 'timestamp' || leaf.kind === 'integer' || leaf.kind === 'date';
    case 'date':
      return leaf.kind === 'date';
    case 'decimal':
      return leaf.kind === 'decimal' || leaf.kind === 'integer';
    case 'string':
    case 'json':
      return leaf.kind === 'text' || leaf.kind === 'bytes';
    case 'bytes':
      return leaf.kind === 'bytes' || leaf.kind === 'text';
    default:
      return false;
  }
}

function leafKind(element: SchemaElement): LeafKind {
  const { type, converted_type: converted, logical_type: logical } = element;
  switch (type) {
    case 'BOOLEAN':
      return { kind: 'bool' };
    case 'FLOAT':
    case 'DOUBLE':
      return { kind: 'float' };
    case 'INT96':
      return { kind: 'timestamp', unit: 'ns', wide: true };
    case 'INT32':
    case 'INT64':
      return integerKind(element);
    case 'BYTE_ARRAY':
      if (converted === 'DECIMAL') return decimalKind(element);
      if (converted === 'BSON') return { kind: 'bytes' };
      return converted === undefined && logical === undefined
        ? { kind: 'bytes' }
        : { kind: 'text' };
    case 'FIXED_LEN_BYTE_ARRAY':
      if (converted === 'DECIMAL') return decimalKind(element);
      return converted === undefined && logical?.type !== 'FLOAT16'
        ? { kind: 'bytes' }
        : { kind: 'other' };
    default:
      return { kind: 'other' };
  }
}

function integerKind(element: SchemaElement): LeafKind {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (converted === 'DECIMAL') return decimalKind(element);
  if (converted === 'DATE') return { kind: 'date' };
  if (converted === 'TIMESTAMP_MILLIS') return { kind: 'timestamp', unit: 'ms', wide: false };
  if (converted === 'TIMESTAMP_MICROS') return { kind: 'timestamp', unit: 'us', wide: false };
  if (logical?.type === 'TIMESTAMP') {
    const unit = { MILLIS: 'ms', MICROS: 'us', NANOS: 'ns' } as const;
    return { kind: 'timestamp', unit: unit[logical.unit], wide: false };
  }
  if (converted?.startsWith('TIME_') === true || logical?.type === 'TIME') return { kind: 'other' };
  const unsigned = converted?.startsWith('UINT') === true;
  const signed = !unsigned && !(logical?.type === 'INTEGER' && !logical.isSigned);
  return { kind: 'integer', bits: type === 'INT32' ? 32 : 64, signed };
}

function decimalKind({ type, precision, scale }: SchemaElement): LeafKind {
  const binary = type !== 'INT32' && type !== 'INT64';
  return { kind: 'decimal', precision: precision ?? 38, scale: scale ?? 0, binary };
}

function holdsDecimal({ element, children }: SchemaTree): boolean {
  return element.converted_type === 'DECIMAL' || children.some(holdsDecimal);
}

function describe({ element, children }: SchemaTree): string {
  if (children.length > 0) return element.converted_type ?? 'a group';
  const logical = element.logical_type?.type ?? element.converted_type;
  return logical === undefined ? String(element.type) : `${String(element.type)} (${logical})`;
}
