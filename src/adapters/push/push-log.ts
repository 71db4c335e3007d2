// The writing side of pushed records: one segment at a time, one write and one sync for all that came
// while the last sync was on its way. Acknowledged means synced. A segment in which a write failed is
// left alone: what is behind a torn frame would not be read.
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { PushedRecord, PushWriter } from '../../ports/push.ts';
import { makeFolder, syncFolder } from './durable-folder.ts';
import { encodeFrame, frameRowsMax } from './frame.ts';
import { parseSegmentName, segmentAgeMsMax, segmentName } from './segment-name.ts';

export interface PushLogOptions {
  /** Folder of the stream. */
  readonly directory: string;
  readonly stream: string;
  readonly clock: Clock;
  readonly segmentBytes: number;
  readonly bytesMax: number;
}

interface Pending {
  readonly records: readonly PushedRecord[];
  readonly done: PromiseWithResolvers<void>;
}

interface Segment {
  readonly path: string;
  readonly handle: FileHandle;
  readonly createdMs: number;
  bytes: number;
}

/** How often the size of the whole log is looked at. */
const measureMs = 1000;

export class PushLog implements PushWriter {
  readonly #options: PushLogOptions;
  readonly #writer: string;
  #segment: Segment | null = null;
  #number = 0;
  #pending: Pending[] = [];
  #writing: Promise<void> | null = null;
  #logBytes = 0;
  #measuredMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: PushLogOptions) {
    this.#options = options;
    this.#writer = `${process.pid}-${randomUUID().slice(0, 8)}`;
  }

  append(records: readonly PushedRecord[]): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#failure('it is closed', null));
    if (records.length === 0) return Promise.resolve();
    const done = Promise.withResolvers<void>();
    this.#pending.push({ records, done });
    this.#writing ??= this.#writeAll();
    return done.promise;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writing;
    await this.#leaveSegment();
  }

  /** Never rejects: whoever appended is told. */
  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#write(batch.flatMap(({ records }) => records));
        for (const { done } of batch) done.resolve();
      } catch (error) {
        await this.#leaveSegment();
        const failure = error instanceof MillraceError ? error : this.#failure('', error);
        for (const { done } of batch) done.reject(failure);
      }
    }
    this.#writing = null;
  }

  /** What is waiting, up to a frame's worth; one append is never split. */
  #takeBatch(): readonly Pending[] {
    let rows = 0;
    let count = 0;
    for (const { records } of this.#pending) {
      if (count > 0 && rows + records.length > frameRowsMax) break;
      rows += records.length;
      count += 1;
    }
    return this.#pending.splice(0, count);
  }

  async #write(records: readonly PushedRecord[]): Promise<void> {
    const { clock } = this.#options;
    await this.#requireRoom();
    const frame = encodeFrame(
      clock.nowMs(),
      records.map(({ json }) => json),
    );
    for (let isWritten = false; !isWritten; ) {
      const segment = await this.#segmentFor(frame.length);
      const { bytesWritten } = await segment.handle.write(frame, 0, frame.length, segment.bytes);
      if (bytesWritten < frame.length) throw this.#failure('the disk took only a part', null);
      await segment.handle.datasync();
      segment.bytes += frame.length;
      this.#logBytes += frame.length;
      // A machine that slept for hours may wake to a segment that was taken for complete, and removed.
      isWritten = (await segment.handle.stat()).nlink > 0;
      if (!isWritten) await this.#leaveSegment();
    }
  }

  async #segmentFor(byteCount: number): Promise<Segment> {
    const { clock, segmentBytes } = this.#options;
    const current = this.#segment;
    if (current !== null) {
      const isFull = current.bytes > 0 && current.bytes + byteCount > segmentBytes;
      const ageMs = clock.nowMs() - current.createdMs;
      if (!isFull && ageMs >= 0 && ageMs < segmentAgeMsMax) return current;
      await this.#leaveSegment();
    }
    const { directory } = this.#options;
    await makeFolder(directory);
    const createdMs = clock.nowMs();
    const path = join(directory, segmentName(createdMs, this.#writer, this.#number++));
    const handle = await open(path, 'wx');
    this.#segment = { path, handle, createdMs, bytes: 0 };
    await syncFolder(directory);
    return this.#segment;
  }

  async #leaveSegment(): Promise<void> {
    const segment = this.#segment;
    this.#segment = null;
    await segment?.handle.close().catch(() => undefined);
  }

  async #requireRoom(): Promise<void> {
    const { clock, directory, bytesMax, stream } = this.#options;
    if (clock.monotonicMs() - this.#measuredMs > measureMs) {
      this.#logBytes = await logBytes(directory);
      this.#measuredMs = clock.monotonicMs();
    }
    if (this.#logBytes < bytesMax) return;
    const message = `${this.#logBytes} bytes wait to be read of stream "${stream}": no more are taken`;
    throw new MillraceError('MR_PUSH_FULL', message, {
      context: { path: directory },
      fix: 'see that the engine runs and takes checkpoints, or raise bytesMax of push(…)',
    });
  }

  #failure(what: string, cause: unknown): MillraceError {
    const { directory, stream } = this.#options;
    const why = cause instanceof Error ? cause.message : what;
    const message = `records of stream "${stream}" could not be written: ${why}`;
    return new MillraceError('MR_PUSH_LOG', message, {
      context: { path: directory },
      ...(cause === null ? {} : { cause }),
      fix: 'push them again once the disk is well; those that were acknowledged are safe',
    });
  }
}

/** Bytes of all segments in a folder; 0 when there is none. */
export async function logBytes(directory: string): Promise<number> {
  const names = await readdir(directory).catch(() => []);
  let bytes = 0;
  for (const name of names) {
    if (parseSegmentName(name) === null) continue;
    bytes += await stat(join(directory, name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}
