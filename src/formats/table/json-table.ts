// JSON lines as a table: the columns are the names that occur, in the order in which they first do.
// Whole numbers keep all their digits.
import { readFile } from 'node:fs/promises';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { FieldType, Value } from '../../kernel/types/field-type.ts';
import type { Table } from '../../ports/table.ts';
import { inferJsonType, parseText } from './infer-type.ts';

/** Reads a file of one JSON object a line whole. */
export async function readJsonTable(
  path: string,
  known: ReadonlyMap<string, FieldType>,
): Promise<Table> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  const names = new Map<string, unknown[]>();
  let rowCount = 0;
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    for (const [name, value] of Object.entries(parseLine(line, index, path))) {
      const column = names.get(name) ?? [];
      names.set(name, column);
      column[rowCount] = value;
    }
    rowCount++;
  }
  const types = [...names].map(([name, values]) => known.get(name) ?? inferJsonType(values));
  return {
    fields: [...names.keys()].map((name, i) => ({
      name,
      type: types[i] as FieldType,
      nullable: true,
    })),
    columns: [...names].map(([name, values], i) =>
      Array.from({ length: rowCount }, (_, row) =>
        convert(values[row], types[i] as FieldType, { name, row, path }),
      ),
    ),
    rowCount,
  };
}

function parseLine(line: string, index: number, path: string): Record<string, unknown> {
  const broken = (why: string): MillraceError =>
    new MillraceError('MR_LABELS', `line ${index + 1} of ${path} is ${why}`, {
      context: { path },
      fix: 'write one JSON object a line',
    });
  let value: unknown;
  try {
    value = JSON.parse(line, keepDigits as (name: string, value: unknown) => unknown);
  } catch {
    throw broken('not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw broken('no object');
  return value as Record<string, unknown>;
}

/** Whole numbers as bigints: `source` is their text. */
function keepDigits(_name: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number') return value;
  return /^-?\d+$/.test(context.source ?? '') ? BigInt(context.source ?? 0) : value;
}

interface Place {
  readonly name: string;
  readonly row: number;
  readonly path: string;
}

function convert(value: unknown, type: FieldType, place: Place): Value {
  if (value === null || value === undefined) return null;
  if (type.kind === 'json') return toText(value);
  if (type.kind === 'string' && typeof value === 'string') return value;
  if (type.kind === 'bool' && typeof value === 'boolean') return value;
  const text = typeof value === 'string' || isNumeric(value) ? String(value) : null;
  const isFit = type.kind === 'timestamp' || typeof value !== 'string';
  const parsed =
    text !== null && isFit && type.kind !== 'string' ? parseText(text, type) : undefined;
  if (parsed !== undefined) return parsed;
  const { name, row, path } = place;
  const shown = toText(value).slice(0, 40);
  const message = `row ${row + 1} of ${path}: "${name}" is ${shown}, not a ${type.kind}`;
  throw new MillraceError('MR_LABELS', message, { context: { path } });
}

function isNumeric(value: unknown): boolean {
  return typeof value === 'bigint' || typeof value === 'number';
}

function toText(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? Number(item) : item,
  );
}
