// Opens a file as bytes in order: plain, gzip or Zstandard.
import { type FileHandle, open } from 'node:fs/promises';
import type { ByteInput } from './byte-input.ts';
import { CompressedInput } from './compressed-input.ts';
import { fileError } from './file-errors.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

export async function openByteInput(path: string, compression: Compression): Promise<ByteInput> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw fileError(path, error);
  });
  return compression === 'none'
    ? new PlainInput(path, handle)
    : new CompressedInput(path, handle, compression);
}

class PlainInput implements ByteInput {
  readonly damage = null;
  readonly #path: string;
  readonly #handle: FileHandle;

  constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  async read(target: Uint8Array, at: number, length: number): Promise<number> {
    try {
      return (await this.#handle.read(target, at, length, null)).bytesRead;
    } catch (error) {
      throw fileError(this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
