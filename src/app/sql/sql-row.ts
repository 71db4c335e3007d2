// A row of a query with its kind, and values as text: JSON as Flink's gateway and formats write it.
import { formatDate } from '../../columns/parse-time.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { SqlType } from '../../sql/bind/sql-type.ts';
import { javaDecimal } from '../../sql/functions/java-text.ts';

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

/** How instants and decimals are written. */
export interface JsonStyle {
  /** `T` between day and time, or a space. */
  readonly separator: 'T' | ' ';
  /** Decimals as text keep their zeros. */
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
    case 'DOUBLE':
      return doubleText(Number(value));
    case 'DECIMAL':
      return style.decimals === 'text'
        ? JSON.stringify(javaDecimal(String(value)))
        : javaDecimal(String(value));
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

function bigintJson(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

/** A double keeps a fraction, so that readers who type by text see what it is. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return JSON.stringify(String(value));
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
