// An open Parquet file: its footer, and column chunks on demand. Knows nothing of row types.
import { type FileHandle, open } from 'node:fs/promises';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
} from 'hyparquet';
import { compressors as portableCompressors } from 'hyparquet-compressors';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

/** Node's own decompressors where it has them: several times as fast. */
export const compressors: Compressors = {
  ...portableCompressors,
  ZSTD: (input, length) => zstdDecompressSync(input, inOnePiece(length)),
  GZIP: (input, length) => gunzipSync(input, inOnePiece(length)),
  BROTLI: (input, length) => brotliDecompressSync(input, inOnePiece(length)),
};

const pieceBytesMax = 64 * 2 ** 20;

/** By default output comes in pieces of 16 KiB, which are then joined: that takes longer than the rest. */
function inOnePiece(length: number): { readonly chunkSize: number } {
  return { chunkSize: Math.min(pieceBytesMax, Math.max(64, length)) };
}

const magic = 'PAR1';

export interface ParquetFile {
  readonly path: string;
  readonly buffer: AsyncBuffer;
  /** Null for a file of no bytes, which has no rows. */
  readonly metadata: FileMetaData | null;
  /** Bytes `[start, end)`, as far as the file goes; void with the next call. */
  readChunk(start: number, end: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Opens a file and reads its footer; throws MR_FILE_FORMAT or MR_FILE_TRUNCATED. */
export async function openParquet(path: string): Promise<ParquetFile> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const buffer = bufferOf(handle, size);
    const metadata = size === 0 ? null : await readFooter(path, handle, buffer);
    const readChunk = chunkReader(handle, size);
    return { path, buffer, metadata, readChunk, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readFooter(
  path: string,
  handle: FileHandle,
  buffer: AsyncBuffer,
): Promise<FileMetaData> {
  const { byteLength } = buffer;
  const head = await textAt(handle, 0);
  const tail = byteLength < 12 ? '' : await textAt(handle, byteLength - 4);
  if (head === 'PARE' || tail === 'PARE') {
    throw new MillraceError('MR_FILE_FORMAT', `"${path}" is an encrypted Parquet file`, {
      context: { path },
      fix: 'decrypt it first: encrypted Parquet is not read',
    });
  }
  if (head !== magic) {
    throw new MillraceError('MR_FILE_FORMAT', `"${path}" is not a Parquet file`, {
      context: { path },
      fix: 'check the file, or name its format with option format',
    });
  }
  if (tail !== magic) throw truncated(path, 'its footer is missing');
  try {
    return await parquetMetadataAsync(buffer, { geoparquet: false });
  } catch (error) {
    throw truncated(path, 'its footer cannot be read', error);
  }
}

function truncated(path: string, why: string, cause?: unknown): MillraceError {
  return new MillraceError('MR_FILE_TRUNCATED', `"${path}" is cut short: ${why}`, {
    context: { path },
    cause,
    fix: 'get a whole copy of the file: without its footer no row of it can be found',
  });
}

/** The error for a column chunk that cannot be decoded. */
export function damaged(path: string, where: string, cause: unknown): MillraceError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('MR_FILE_TRUNCATED', `"${path}" is damaged in ${where}: ${why}`, {
    context: { path },
    cause,
    fix: 'get a whole copy of the file and replay it',
  });
}

async function textAt(handle: FileHandle, position: number): Promise<string> {
  const bytes = new Uint8Array(4);
  const { bytesRead } = await handle.read(bytes, 0, 4, position);
  return String.fromCharCode(...bytes.subarray(0, bytesRead));
}

/** One piece of memory for all chunks: new ones for each would keep the collector busy. */
function chunkReader(handle: FileHandle, size: number): ParquetFile['readChunk'] {
  let memory = new Uint8Array(0);
  return async (start, end) => {
    const length = Math.max(0, Math.min(end, size) - start);
    if (memory.length < length) memory = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(memory, filled, length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return memory.subarray(0, filled);
  };
}

function bufferOf(handle: FileHandle, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    slice: async (start, end = byteLength) => {
      const bytes = new Uint8Array(Math.max(0, end - start));
      let filled = 0;
      while (filled < bytes.length) {
        const left = bytes.length - filled;
        const { bytesRead } = await handle.read(bytes, filled, left, start + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled === bytes.length ? bytes.buffer : bytes.buffer.slice(0, filled);
    },
  };
}
