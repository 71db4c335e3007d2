// Reads and writes tables by the ending of their file's name. A written file appears under its name
// only when it is whole.
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { TableFiles, TableWriter } from '../../ports/table.ts';
import { readCsvTable } from './csv-table.ts';
import { readJsonTable } from './json-table.ts';
import { createParquetWriter, readParquetTable } from './parquet-table.ts';
import { createTextWriter, csvLines, jsonLines } from './text-writer.ts';

type FileKind = 'jsonl' | 'csv' | 'parquet';

const kinds: Readonly<Record<string, FileKind>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.parquet': 'parquet',
};

/** Tables in files of this machine: `.jsonl` `.csv` `.parquet`. */
export const tableFiles: TableFiles = {
  async read(path, known) {
    const kind = kindOf(path);
    await checkThere(path);
    if (kind === 'parquet') return readParquetTable(path);
    return kind === 'csv' ? readCsvTable(path, known) : readJsonTable(path, known);
  },
  async create(path, fields) {
    const kind = kindOf(path);
    const unfinished = `${path}.unfinished`;
    try {
      await mkdir(dirname(path), { recursive: true });
      return visibleAtClose(await openWriter(kind, unfinished, fields), unfinished, path);
    } catch (error) {
      throw fileError(path, error);
    }
  },
};

/** Throws MR_FILE_NOT_FOUND or MR_FILE_ACCESS for a file that cannot be read. */
export async function checkThere(path: string): Promise<void> {
  await access(path).catch((error: unknown) => {
    throw fileError(path, error);
  });
}

/** Throws MR_FILE_FORMAT for a name whose ending is no kind of table. */
export function checkEnding(path: string): void {
  kindOf(path);
}

function openWriter(kind: FileKind, path: string, fields: readonly Field[]): Promise<TableWriter> {
  switch (kind) {
    case 'parquet':
      return Promise.resolve(createParquetWriter(path, fields));
    case 'csv':
      return createTextWriter(path, csvLines(fields));
    case 'jsonl':
      return createTextWriter(path, jsonLines(fields));
  }
}

function visibleAtClose(writer: TableWriter, unfinished: string, path: string): TableWriter {
  const orFileError = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      throw fileError(path, error);
    }
  };
  return {
    write: (columns, rowCount) => orFileError(writer.write(columns, rowCount)),
    close: () => orFileError(writer.close().then(() => rename(unfinished, path))),
    async discard() {
      await writer.discard().catch(() => undefined);
      await rm(unfinished, { force: true });
    },
  };
}

function kindOf(path: string): FileKind {
  const kind = kinds[extname(path).toLowerCase()];
  if (kind !== undefined) return kind;
  throw new MillraceError('MR_FILE_FORMAT', `the ending of "${path}" names no kind of table`, {
    context: { path },
    fix: 'use a name that ends in .jsonl, .csv or .parquet',
  });
}

function fileError(path: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const reason = error instanceof Error ? error.message : String(error);
  const context = { path };
  if (code === 'ENOENT') {
    const fix = 'correct the path: it is relative to the folder that the command runs in';
    return new MillraceError('MR_FILE_NOT_FOUND', `there is no file ${path}`, { context, fix });
  }
  if (code === 'ENOSPC') {
    const fix = 'make room on the disk, or name a file elsewhere';
    return new MillraceError('MR_STORE_FULL', `the disk is full: ${path}`, { context, fix });
  }
  return new MillraceError('MR_FILE_ACCESS', `cannot use ${path}: ${reason}`, {
    context,
    fix: 'name a file that you may read or write',
    cause: error,
  });
}
