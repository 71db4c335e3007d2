// Tables as lines of text, JSON or CSV. Instants are RFC 3339 text; int64 keeps its digits; what JSON
// cannot hold (NaN, ±∞) is null; lists and maps in CSV are JSON text.
import { type FileHandle, open } from 'node:fs/promises';
import { formatInstant } from '../../kernel/instant.ts';
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import type { TableWriter } from '../../ports/table.ts';

/** How rows become lines; `header` comes first, if any. */
export interface LineFormat {
  readonly header: string | null;
  readonly line: (columns: readonly (readonly Value[])[], row: number) => string;
}

const chunkRows = 4096;

/** A table writer that formats rows as lines. */
export async function createTextWriter(path: string, format: LineFormat): Promise<TableWriter> {
  const handle: FileHandle = await open(path, 'w');
  if (format.header !== null) await handle.appendFile(`${format.header}\n`);
  return {
    async write(columns, rowCount) {
      for (let start = 0; start < rowCount; start += chunkRows) {
        const end = Math.min(rowCount, start + chunkRows);
        let text = '';
        for (let row = start; row < end; row++) text += `${format.line(columns, row)}\n`;
        await handle.appendFile(text);
      }
    },
    close: () => handle.close(),
    discard: () => handle.close(),
  };
}

/** One JSON object a line. */
export function jsonLines(fields: readonly Field[]): LineFormat {
  const names = fields.map(({ name }) => JSON.stringify(name));
  return {
    header: null,
    line: (columns, row) =>
      `{${names
        .map((name, i) => `${name}:${jsonOf(columns[i]?.[row] ?? null, fields[i]?.type)}`)
        .join(',')}}`,
  };
}

/** Comma-separated values with a header. */
export function csvLines(fields: readonly Field[]): LineFormat {
  return {
    header: fields.map(({ name }) => quoteCell(name)).join(','),
    line: (columns, row) =>
      fields.map((field, i) => csvOf(columns[i]?.[row] ?? null, field.type)).join(','),
  };
}

interface JsonWithRaw {
  rawJSON(text: string): unknown;
}

function jsonOf(value: Value, type: FieldType | undefined): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && type?.kind === 'timestamp') return `"${formatInstant(value)}"`;
  if (typeof value === 'string' && type?.kind === 'json') return value;
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return (JSON as unknown as JsonWithRaw).rawJSON(item.toString());
    return item instanceof Uint8Array ? Buffer.from(item).toString('base64') : item;
  });
}

function csvOf(value: Value, type: FieldType): string {
  if (value === null) return '';
  if (typeof value === 'string') return value === '' ? '""' : quoteCell(value);
  if (typeof value === 'number' && type.kind !== 'timestamp') return String(value);
  const text = jsonOf(value, type);
  return quoteCell(text.startsWith('"') ? text.slice(1, -1) : text);
}

function quoteCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
