// Rows as text of a format, as the options of a table say.
import type { Value } from '../../kernel/types/field-type.ts';
import type { SqlType } from '../../sql/bind/sql-type.ts';
import { type JsonStyle, type RowColumn, rowJson, valueText } from './sql-row.ts';
import type { TableOptions } from './table-options.ts';

export type Encode = (columns: readonly RowColumn[], values: readonly Value[]) => string;

/** `prefix`: `key.` or `value.` where a table has both. */
export function encoderOf(options: TableOptions, prefix: string, format: 'json' | 'csv'): Encode {
  if (format === 'csv') return csvLine(options, prefix);
  const name = `${prefix}json.timestamp-format.standard`;
  const standard = options.oneOf(name, ['SQL', 'ISO-8601'], 'SQL');
  const style: JsonStyle = { separator: standard === 'SQL' ? ' ' : 'T', decimals: 'number' };
  return (columns, values) => rowJson(columns, values, style);
}

/** A tab is written as two characters in options. */
export function delimiterOf(options: TableOptions, prefix: string): string {
  const written = options.get(`${prefix}csv.field-delimiter`) ?? ',';
  return written === String.raw`\t` ? '\t' : written;
}

function csvLine(options: TableOptions, prefix: string): Encode {
  const delimiter = delimiterOf(options, prefix);
  const nullText = options.get(`${prefix}csv.null-literal`) ?? '';
  const isQuoted = options.get(`${prefix}csv.disable-quote-character`) !== 'true';
  return (columns, values) =>
    columns
      .map(({ type }, i) => {
        const value = values[i] ?? null;
        if (value === null) return nullText;
        const text = valueText(value, type);
        return isQuoted && !bare.includes(type.name) ? quoted(text, delimiter) : text;
      })
      .join(delimiter);
}

/** Types that are never quoted. */
const bare: readonly SqlType['name'][] = ['BOOLEAN', 'INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'DECIMAL'];

const longText = 24;

/** As Flink's writer: what is long, or has a character up to the delimiter, stands in quotes. */
function quoted(text: string, delimiter: string): string {
  const safe = Math.max(delimiter.charCodeAt(0), '"'.charCodeAt(0));
  const isPlain = text.length <= longText && !Array.from(text).some((c) => c.charCodeAt(0) <= safe);
  return isPlain ? text : `"${text.replaceAll('"', '""')}"`;
}
