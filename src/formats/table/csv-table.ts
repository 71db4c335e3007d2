// CSV with a header (RFC 4180: quotes, doubled quotes, line ends inside quotes). An empty cell that is
// not quoted is null. Every row has as many cells as the header.
import { readFile } from 'node:fs/promises';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { FieldType, Value } from '../../kernel/types/field-type.ts';
import type { Table } from '../../ports/table.ts';
import { inferTextType, parseText } from './infer-type.ts';

type Cell = string | null;

/** Reads a CSV file whole. */
export async function readCsvTable(
  path: string,
  known: ReadonlyMap<string, FieldType>,
): Promise<Table> {
  const text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  const [header, ...rows] = parseCsv(text);
  if (header === undefined) return { fields: [], columns: [], rowCount: 0 };
  const wrong = rows.findIndex((row) => row.length !== header.length);
  if (wrong >= 0) {
    const count = `${rows[wrong]?.length ?? 0} cells, the header ${header.length}`;
    throw new MillraceError('MR_LABELS', `row ${wrong + 2} of ${path} has ${count}`, {
      context: { path },
      fix: 'put cells that hold a comma into double quotes',
    });
  }
  const columns = header.map((_, i) => rows.map((row) => row[i] ?? null));
  const types = header.map((name, i) => known.get(name ?? '') ?? inferTextType(columns[i] ?? []));
  return {
    fields: header.map((name, i) => ({
      name: name ?? '',
      type: types[i] as FieldType,
      nullable: true,
    })),
    columns: columns.map((cells, i) =>
      parseColumn(cells, types[i] as FieldType, header[i] ?? '', path),
    ),
    rowCount: rows.length,
  };
}

function parseColumn(cells: readonly Cell[], type: FieldType, name: string, path: string): Value[] {
  return cells.map((cell, row) => {
    if (cell === null) return null;
    const value = parseText(cell, type);
    if (value !== undefined) return value;
    const shown = JSON.stringify(cell.slice(0, 40));
    throw new MillraceError(
      'MR_LABELS',
      `row ${row + 2} of ${path}: "${name}" is ${shown}, not a ${type.kind}`,
      { context: { path }, fix: fixFor(type) },
    );
  });
}

function fixFor(type: FieldType): string {
  return type.kind === 'timestamp'
    ? 'write instants as 2026-01-05T10:00:00Z or as epoch milliseconds'
    : `write a ${type.kind}, or leave the cell empty`;
}

/** Records of CSV text, header included; a last line end makes no record. */
export function parseCsv(text: string): Cell[][] {
  const records: Cell[][] = [];
  let record: Cell[] = [];
  let at = 0;
  while (at < text.length) {
    const { cell, end } = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at);
    record.push(cell);
    at = end;
    if (text[at] === ',') {
      at++;
      if (at === text.length || text[at] === '\n' || text[at] === '\r') record.push(null);
      else continue;
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    // A blank line is no record, unless there is one column, where it is a null.
    if (record.length > 1 || record[0] !== null || (records[0]?.length ?? 0) === 1) {
      records.push(record);
    }
    record = [];
  }
  return records;
}

interface CellEnd {
  readonly cell: Cell;
  readonly end: number;
}

function plainCell(text: string, start: number): CellEnd {
  let end = start;
  while (end < text.length && !',\r\n'.includes(text[end] as string)) end++;
  return { cell: end === start ? null : text.slice(start, end), end };
}

function quotedCell(text: string, start: number): CellEnd {
  let cell = '';
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return { cell: cell + text.slice(at), end: text.length };
    cell += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { cell, end: quote + 1 };
    cell += '"';
    at = quote + 2;
  }
}
