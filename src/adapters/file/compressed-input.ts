// A gzip or Zstandard file as bytes. The decompressor is fed piece by piece and its output taken as
// it comes, so that everything before a damaged place is delivered. Several compressed members one
// after the other are one file.
import type { FileHandle } from 'node:fs/promises';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { ByteInput } from './byte-input.ts';
import { fileError } from './file-errors.ts';

const pieceBytes = 1 << 16;

export class CompressedInput implements ByteInput {
  damage: MillraceError | null = null;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #kind: 'gzip' | 'zstd';
  #decompressor: Gunzip | ZstdDecompress;
  /** True when the decompressor reached the end of a member; what follows is another one. */
  #memberEnded = false;
  readonly #piece = new Uint8Array(pieceBytes);
  #output: Uint8Array[] = [];
  #outputAt = 0;
  #delivered = 0;
  #error: Error | null = null;
  #ended = false;

  constructor(path: string, handle: FileHandle, kind: 'gzip' | 'zstd') {
    this.#path = path;
    this.#handle = handle;
    this.#kind = kind;
    this.#decompressor = this.#startMember();
  }

  #startMember(): Gunzip | ZstdDecompress {
    const options = { chunkSize: 1 << 18 };
    const stream = this.#kind === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
    this.#memberEnded = false;
    // Flowing from the start: output is never left inside the stream, where an error would drop it.
    stream.on('data', (chunk: Uint8Array) => this.#output.push(chunk));
    stream.on('end', () => {
      this.#memberEnded = true;
    });
    stream.on('error', (error: Error) => {
      this.#error ??= error;
    });
    return stream;
  }

  async read(target: Uint8Array, at: number, length: number): Promise<number> {
    while (this.#output.length === 0 && !this.#ended) await this.#feed();
    let filled = 0;
    while (filled < length) {
      const chunk = this.#output[0];
      if (chunk === undefined) {
        if (this.#ended) break;
        await this.#feed();
        continue;
      }
      const part = chunk.subarray(this.#outputAt, this.#outputAt + length - filled);
      target.set(part, at + filled);
      filled += part.length;
      this.#outputAt += part.length;
      if (this.#outputAt === chunk.length) {
        this.#output.shift();
        this.#outputAt = 0;
      }
    }
    this.#delivered += filled;
    return filled;
  }

  /** Gives the decompressor one more piece, or the end; returns when its output is there. */
  async #feed(): Promise<void> {
    const { bytesRead } = await this.#handle
      .read(this.#piece, 0, pieceBytes, null)
      .catch((error: unknown) => {
        throw fileError(this.#path, error);
      });
    if (bytesRead === 0) {
      await ended(this.#decompressor);
      this.#ended = true;
    } else {
      await this.#decompress(this.#piece.subarray(0, bytesRead));
    }
    if (this.#error === null) return;
    this.#ended = true;
    this.#damageFrom(this.#error);
  }

  /** Feeds a piece; one that goes past the end of a member begins the next member with its rest. */
  async #decompress(piece: Uint8Array): Promise<void> {
    let rest = piece;
    while (rest.length > 0 && this.#error === null) {
      if (this.#memberEnded) this.#decompressor = this.#startMember();
      const stream = this.#decompressor;
      const before = stream.bytesWritten;
      await settled(stream, (done) => stream.write(rest, done));
      rest = this.#memberEnded
        ? rest.subarray(stream.bytesWritten - before)
        : rest.subarray(rest.length);
    }
  }

  #damageFrom(error: Error): void {
    const format = this.#kind === 'gzip' ? 'gzip' : 'Zstandard';
    const isCut = 'code' in error && error.code === 'Z_BUF_ERROR';
    const context = { path: this.#path };
    const nothing = this.#delivered === 0 && this.#output.length === 0;
    if (nothing && !isCut) {
      throw new MillraceError('MR_FILE_FORMAT', `"${this.#path}" is not ${format}`, {
        context,
        cause: error,
        fix: 'check the file, or correct its ending (.gz, .zst)',
      });
    }
    const what = isCut ? 'ends before its compressed data does' : 'is damaged';
    this.damage = new MillraceError('MR_FILE_TRUNCATED', `"${this.#path}" ${what} (${format})`, {
      context,
      cause: error,
      fix: 'get a whole copy of the file and replay it',
    });
  }

  async close(): Promise<void> {
    this.#decompressor.destroy();
    await this.#handle.close();
  }
}

/** Resolves once the step is done, or the stream has failed or closed. */
function settled(stream: Transform, step: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('error', done);
      stream.off('close', done);
      resolve();
    };
    stream.once('error', done);
    stream.once('close', done);
    step(done);
  });
}

/** Ends the input; resolves once all output is there and an error, if any, is known. */
function ended(stream: Transform): Promise<void> {
  return new Promise((resolve) => {
    if (stream.readableEnded || stream.destroyed) return resolve();
    stream.once('end', () => resolve());
    stream.once('error', () => resolve());
    stream.once('close', () => resolve());
    stream.end();
  });
}
