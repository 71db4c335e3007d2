// Parquet tables, whole: ZSTD, one row group per write. Columns of a read table keep the file's order;
// nested columns become JSON text.
import { open } from 'node:fs/promises';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { compressors as portableCompressors } from 'hyparquet-compressors';
import { ParquetWriter, fileWriter } from 'hyparquet-writer';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import type { Table, TableWriter } from '../../ports/table.ts';
import { fieldOfColumn, type ParquetDecimals, schemaOf } from './parquet-types.ts';
import { toParquetValue, toTableValue } from './parquet-values.ts';

const rowsPerGroup = 100_000;
const compressors = {
  ...portableCompressors,
  ZSTD: (input: Uint8Array): Uint8Array => zstdDecompressSync(input),
};

/** Reads a Parquet file whole. */
export async function readParquetTable(path: string): Promise<Table> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const buffer = {
      byteLength: size,
      slice: async (start: number, end: number = size): Promise<ArrayBuffer> => {
        const bytes = new Uint8Array(end - start);
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
        return bytes.buffer.slice(0, bytesRead);
      },
    };
    const metadata = await parquetMetadataAsync(buffer);
    const rows = await parquetReadObjects({ file: buffer, metadata, compressors, utf8: true });
    return tableOf(metadata, rows);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MillraceError('MR_FILE_FORMAT', `cannot read ${path} as Parquet: ${reason}`, {
      context: { path },
      fix: 'check that the file is whole and is Parquet',
      cause: error,
    });
  } finally {
    await handle.close();
  }
}

function tableOf(metadata: FileMetaData, rows: readonly Record<string, unknown>[]): Table {
  const fields = parquetSchema(metadata).children.map(fieldOfColumn);
  return {
    fields,
    columns: fields.map(({ name, type }) => rows.map((row) => toTableValue(row[name], type))),
    rowCount: rows.length,
  };
}

/** A decimal of the column's scale as the whole number that Parquet keeps. */
function unscaled(value: Value): bigint | null {
  return value === null ? null : BigInt(String(value).replace('.', ''));
}

/** A table writer; rows wait until there are enough for a row group. */
export function createParquetWriter(
  path: string,
  fields: readonly Field[],
  decimals: ParquetDecimals = 'text',
): TableWriter {
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: schemaOf(fields, decimals),
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => zstdCompressSync(input) },
  });
  let pending: unknown[][] = fields.map(() => []);
  const writeGroup = async (): Promise<void> => {
    if ((pending[0]?.length ?? 0) === 0) return;
    const columnData = fields.map(({ name }, i) => ({ name, data: pending[i] ?? [] }));
    pending = fields.map(() => []);
    await writer.write({ columnData, rowGroupSize: rowsPerGroup });
  };
  return {
    async write(columns: readonly (readonly Value[])[], rowCount: number) {
      for (const [i, field] of fields.entries()) {
        const target = pending[i] ?? [];
        const source = columns[i] ?? [];
        for (let row = 0; row < rowCount; row++) {
          const value = source[row] ?? null;
          const isExact = field.type.kind === 'decimal' && decimals === 'number';
          target.push(isExact ? unscaled(value) : toParquetValue(value, field.type));
        }
      }
      if ((pending[0]?.length ?? 0) >= rowsPerGroup) await writeGroup();
    },
    async close() {
      await writeGroup();
      await writer.finish();
    },
    discard: () => Promise.resolve(),
  };
}
