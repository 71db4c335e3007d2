// A row of a query with its kind, and values as text: JSON as Flink's gateway and formats write it.
import { formatDate } from '../../columns/parse-time.ts';
import type { FieldType, Value } from '../../kernel/types/field-type.ts';
import { type SqlType, sqlTypeOf } from '../../sql/bind/sql-type.ts';
import {
  javaDecimal,
  javaDouble,
  javaFloat,
  strippedDecimal,
} from '../../sql/functions/java-text.ts';

/** What a row does to the result: adds, takes the old one away, puts the new one in, removes. */
export type RowKind = '+I' | '-U' | '+U' | '-D';

/** A row that a query gives. */
export interface SqlRow {
  readonly kind: RowKind;
  /** In the order of the query's columns. */
  readonly values: readonly Value[];
}

/** A column of a query's rows. */
export interface RowColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** How instants and numbers are written: `text` keeps zeros of decimals, `number` is as Flink's formats. */
export interface JsonStyle {
  /** `T` between day and time, or a space. */
  readonly separator: 'T' | ' ';
  readonly decimals: 'text' | 'number';
}

/** `{"a":1,"b":"x"}` */
export function rowJson(
  columns: readonly RowColumn[],
  values: readonly Value[],
  style: JsonStyle,
): string {
  const fields = columns.map(
    ({ name, type }, i) => `${JSON.stringify(name)}:${valueJson(values[i] ?? null, type, style)}`,
  );
  return `{${fields.join(',')}}`;
}

export function valueJson(value: Value, type: SqlType, style: JsonStyle): string {
  if (value === null) return 'null';
  switch (type.name) {
    case 'BIGINT':
    case 'INT':
      return String(value);
    case 'FLOAT':
      return floatText(Number(value), javaFloat);
    case 'DOUBLE':
      return floatText(Number(value), style.decimals === 'text' ? doubleText : javaDouble);
    case 'DECIMAL':
      return style.decimals === 'text'
        ? JSON.stringify(javaDecimal(String(value)))
        : strippedDecimal(String(value));
    case 'TIMESTAMP':
      return JSON.stringify(instantText(Number(value), style.separator));
    case 'TIMESTAMP_LTZ':
      return JSON.stringify(`${instantText(Number(value), style.separator)}Z`);
    case 'BYTES':
      return JSON.stringify(Buffer.from(value as Uint8Array).toString('base64'));
    default:
      return JSON.stringify(value, bigintJson);
  }
}

/** Numbers that are none are texts. */
function floatText(value: number, write: (value: number) => string): string {
  return Number.isFinite(value) ? write(value) : JSON.stringify(javaDouble(value));
}

function bigintJson(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

/** A double keeps a fraction, so that readers who type by text see what it is. */
function doubleText(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Without a zone, and with as many digits of a second as there are. */
export function instantText(ms: number, separator: 'T' | ' '): string {
  const text = new Date(ms).toISOString().replace(/\.?0*Z$/, '');
  const whole = /:\d\d$|\.\d+$/.test(text) ? text : new Date(ms).toISOString().slice(0, 19);
  return separator === 'T' ? whole : whole.replace('T', ' ');
}

/** A value for people and for CSV: text without quotes. */
export function valueText(value: Value, type: SqlType): string {
  if (value === null) return '';
  if (type.name === 'DATE' && typeof value === 'number') return formatDate(value);
  const json = valueJson(value, type, { separator: ' ', decimals: 'number' });
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

/** A value as Flink's `print` shows it: as Java's classes write themselves. */
export function printText(value: Value, type: SqlType): string {
  if (value === null) return 'null';
  switch (type.name) {
    case 'FLOAT':
      return javaFloat(Number(value));
    case 'DOUBLE':
      return javaDouble(Number(value));
    case 'DECIMAL':
      return javaDecimal(String(value));
    case 'TIMESTAMP':
      return localText(Number(value));
    case 'TIMESTAMP_LTZ':
      return `${javaInstant(Number(value))}Z`;
    case 'ARRAY':
    case 'MAP':
    case 'ROW':
      return nestedText(value, type.field);
    default:
      return String(value);
  }
}

/** LocalDateTime: seconds are left out where there are none; a fraction has three digits. */
function localText(ms: number): string {
  const text = javaInstant(ms);
  return text.length === 19 && text.endsWith(':00') ? text.slice(0, 16) : text;
}

function javaInstant(ms: number): string {
  return new Date(ms).toISOString().slice(0, ms % 1000 === 0 ? 19 : 23);
}

function nestedText(value: Value, field: FieldType): string {
  if (value === null) return 'null';
  if (field.kind === 'list') {
    const items = value as readonly Value[];
    return `[${items.map((item) => nestedText(item, field.item)).join(', ')}]`;
  }
  if (field.kind === 'map') {
    const entries = Object.entries(value as Readonly<Record<string, Value>>);
    return `{${entries.map(([name, item]) => `${name}=${nestedText(item, field.value)}`).join(', ')}}`;
  }
  if (field.kind !== 'struct') return printText(value, sqlTypeOf(field));
  const members = value as Readonly<Record<string, Value>>;
  const texts = field.fields.map(({ name, type }) => nestedText(members[name] ?? null, type));
  return `+I[${texts.join(', ')}]`;
}
