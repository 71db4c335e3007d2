// One segment, read frame by frame from a position. It ends where a frame is not whole: that is the end
// of what was written so far, or of what ever will be. A frame that is not whole with whole ones behind
// it is damage, and stops whoever reads.
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { type Frame, frameHeadBytes, frameLength, readFrame } from './frame.ts';
import type { SegmentName } from './segment-name.ts';

/** How far a segment was read: the byte of a frame, rows of it, and when the last one was written. */
export type SegmentPosition = readonly [byte: number, rows: number, timeMs: number];

const chunkBytes = 1 << 18;

export class SegmentReader {
  readonly name: SegmentName;
  /** Nothing more comes: it was complete, and read to its end after that was known. */
  isDone = false;
  readonly #path: string;
  readonly #limit: number;
  #handle: FileHandle | null = null;
  #bytes: Buffer = Buffer.alloc(0);
  /** Position in the file of `bytes[0]`. */
  #base: number;
  #start = 0;
  #end = 0;
  #frame: Frame | null = null;
  #rows: number;
  #timeMs: number;

  /** `limit`: bytes behind this do not count. */
  constructor(directory: string, name: SegmentName, position: SegmentPosition, limit: number) {
    this.name = name;
    this.#path = join(directory, name.file);
    this.#limit = limit;
    const [byte, rows, timeMs] = position;
    this.#base = byte;
    this.#rows = rows;
    this.#timeMs = timeMs;
  }

  get position(): SegmentPosition {
    return [this.#base + this.#start, this.#rows, this.#timeMs];
  }

  get byte(): number {
    return this.#base + this.#start;
  }

  /** The next frame that is whole, which stays until its rows are taken; null when there is none. */
  async peek(): Promise<Frame | null> {
    this.#frame ??= readFrame(this.#bytes, this.#start, this.#end);
    while (this.#frame === null && (await this.#readMore())) {
      this.#frame = readFrame(this.#bytes, this.#start, this.#end);
    }
    return this.#frame;
  }

  /** Gives at most so many of the frame's rows to `into`; returns how many. */
  take(rowCountMax: number, into: (line: Uint8Array) => void): number {
    const frame = this.#frame;
    if (frame === null) return 0;
    let at = frame.start;
    let row = 0;
    const last = Math.min(frame.rowCount, this.#rows + rowCountMax);
    for (; row < last; row++) {
      const end = this.#bytes.indexOf(10, at) + 1;
      if (row >= this.#rows) into(this.#bytes.subarray(at, end));
      at = end;
    }
    const taken = last - this.#rows;
    this.#rows = last;
    this.#timeMs = frame.timeMs;
    if (last === frame.rowCount) {
      this.#start = frame.end;
      this.#rows = 0;
      this.#frame = null;
    }
    return taken;
  }

  /** Reads on behind what is here; false when there is nothing. */
  async #readMore(): Promise<boolean> {
    this.#handle ??= await this.#open();
    const from = this.#base + this.#end;
    const wanted = Math.min(this.#wantedBytes(), this.#limit - from);
    if (wanted <= 0) return false;
    const rest = this.#end - this.#start;
    const bytes = Buffer.allocUnsafe(rest + wanted);
    this.#bytes.copy(bytes, 0, this.#start, this.#end);
    const { bytesRead } = await this.#handle.read(bytes, rest, wanted, from);
    this.#base += this.#start;
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = rest + bytesRead;
    return bytesRead > 0;
  }

  #wantedBytes(): number {
    const length = frameLength(this.#bytes, this.#start, this.#end) ?? 0;
    return Math.max(chunkBytes, length - (this.#end - this.#start));
  }

  /** Throws MR_PUSH_LOG when a whole frame lies behind one that is not: something was damaged. */
  refuseDamage(): void {
    const rest = this.#bytes.subarray(this.#start, this.#end);
    for (let at = rest.indexOf('#push1 ', 1); at >= 0; at = rest.indexOf('#push1 ', at + 1)) {
      if (rest.length - at < frameHeadBytes) return;
      if (readFrame(this.#bytes, this.#start + at, this.#end) === null) continue;
      const message = `"${this.#path}" is damaged at byte ${this.byte}: records behind it are whole`;
      throw new MillraceError('MR_PUSH_LOG', message, {
        context: { path: this.#path },
        fix: 'restore the file from a copy; or move it away, which loses what is in it',
      });
    }
  }

  async #open(): Promise<FileHandle> {
    try {
      return await open(this.#path, 'r');
    } catch (cause) {
      throw new MillraceError('MR_PUSH_LOG', `"${this.#path}" cannot be read`, {
        context: { path: this.#path },
        cause,
        fix: 'give this user the right to read it',
      });
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
  }
}
