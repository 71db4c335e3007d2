// A file of lines that is appended to: lines of one call stay together, calls keep their order. A
// line that a crash cut short is closed first, so that it spoils nothing after it.
import { type FileHandle, mkdir, open, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from './file-errors.ts';

export class LineFile {
  readonly #path: string;
  #handle: FileHandle | null = null;
  #written: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Appends lines; resolves once the operating system has them. */
  append(lines: readonly string[]): Promise<void> {
    const write = this.#written.then(() => this.#write(`${lines.join('\n')}\n`));
    this.#written = write.catch(() => undefined);
    return write;
  }

  async #write(text: string): Promise<void> {
    try {
      this.#handle ??= await openAtLineEnd(this.#path);
      await this.#handle.appendFile(text);
    } catch (error) {
      throw fileError(this.#path, error);
    }
  }

  /** Makes the lines of earlier calls durable; the length of the file then. */
  sync(): Promise<number> {
    const synced = this.#written.then(() => this.#sync());
    this.#written = synced.then(
      () => undefined,
      () => undefined,
    );
    return synced;
  }

  async #sync(): Promise<number> {
    try {
      await this.#handle?.sync();
      return await lengthOf(this.#path);
    } catch (error) {
      throw fileError(this.#path, error);
    }
  }

  /** Cuts off what is behind `length`; a file that is shorter stays as it is. */
  async cut(length: number): Promise<void> {
    await this.close();
    try {
      if ((await lengthOf(this.#path)) > length) await truncate(this.#path, length);
    } catch (error) {
      throw fileError(this.#path, error);
    }
  }

  /** Makes the lines durable and closes the file. */
  async close(): Promise<void> {
    await this.#written;
    const handle = this.#handle;
    this.#handle = null;
    if (handle === null) return;
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** 0 when there is no such file. */
async function lengthOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
}

async function openAtLineEnd(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, 'a+');
  const { size } = await handle.stat();
  if (size === 0) return handle;
  const { buffer } = await handle.read(new Uint8Array(1), 0, 1, size - 1);
  if (buffer[0] !== 10) await handle.appendFile('\n');
  return handle;
}
