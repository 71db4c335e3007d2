// Opens a file as bytes in order: plain, gzip or Zstandard. A plain file is opened at any place at
// once; of a compressed one everything before is decompressed again.
import { type FileHandle, open } from 'node:fs/promises';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { ByteInput } from './byte-input.ts';
import { CompressedInput } from './compressed-input.ts';
import { fileError } from './file-errors.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** The file's bytes from `start` on; MR_SOURCE_POSITION when it has not as many. */
export async function openByteInput(
  path: string,
  compression: Compression,
  start: number,
): Promise<ByteInput> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw fileError(path, error);
  });
  if (compression === 'none') {
    const { size } = await handle.stat();
    if (size >= start) return new PlainInput(path, handle, start);
    await handle.close();
    throw tooShort(path, size, start);
  }
  const input = new CompressedInput(path, handle, compression);
  try {
    await skip(input, path, start);
    return input;
  } catch (error) {
    await input.close();
    throw error;
  }
}

async function skip(input: ByteInput, path: string, byteCount: number): Promise<void> {
  const scratch = new Uint8Array(Math.min(byteCount, 1 << 20));
  for (let left = byteCount; left > 0; ) {
    const length = await input.read(scratch, 0, Math.min(left, scratch.length));
    if (length === 0) throw tooShort(path, byteCount - left, byteCount);
    left -= length;
  }
}

function tooShort(path: string, size: number, start: number): MillraceError {
  const message = `"${path}" has ${size} bytes, of which ${start} were read before`;
  return new MillraceError('MR_SOURCE_POSITION', message, {
    context: { path },
    fix: 'restore the file as it was, or start over with --fresh-state',
  });
}

class PlainInput implements ByteInput {
  readonly damage = null;
  readonly #path: string;
  readonly #handle: FileHandle;
  #position: number;

  constructor(path: string, handle: FileHandle, start: number) {
    this.#path = path;
    this.#handle = handle;
    this.#position = start;
  }

  async read(target: Uint8Array, at: number, length: number): Promise<number> {
    try {
      const { bytesRead } = await this.#handle.read(target, at, length, this.#position);
      this.#position += bytesRead;
      return bytesRead;
    } catch (error) {
      throw fileError(this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
