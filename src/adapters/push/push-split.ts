// All segments of a stream as one split, so that the watermark does not wait for writers that are gone:
// frames in the order in which they were written, whoever wrote them. Positions say how far each segment
// was read; rows are numbered as they are read.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DecodedBatch } from '../../columns/batch.ts';
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { RecordDecoder } from '../../ports/format.ts';
import type { SourceSplit, SplitRead } from '../../ports/source.ts';
import { makeFolder } from './durable-folder.ts';
import { type PushPosition, pushPosition } from './push-position.ts';
import { removeSegments, removedThroughMs } from './remove-segments.ts';
import { isComplete, parseSegmentName, type SegmentName } from './segment-name.ts';
import { SegmentReader } from './segment-reader.ts';

export interface PushSplitOptions {
  readonly directory: string;
  readonly stream: string;
  readonly decoder: RecordDecoder;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly start: JsonValue | undefined;
  readonly retainMs: number;
  readonly bytesMax: number;
  /** Reads what is there, then ends. */
  readonly isBounded: boolean;
  readonly report: (message: string) => void;
}

/** Id of the split: there is one per stream. */
export const pushSplitId = 'push';

/** How long a read waits when nothing is there, and how often new segments are looked for. */
const waitMs = 10;
const discoverMs = 100;

export class PushSplit implements SourceSplit {
  readonly id = pushSplitId;
  readonly #options: PushSplitOptions;
  readonly #start: PushPosition;
  readonly #readers = new Map<string, SegmentReader>();
  #names: readonly SegmentName[] = [];
  #records: number;
  #timeMs: number;
  #discoveredMs = Number.NEGATIVE_INFINITY;
  #scratch = Buffer.alloc(1 << 16);
  #removing: Promise<unknown> = Promise.resolve();
  /** Segments that were removed and whose readers are still there: a read may be under way. */
  #gone: SegmentName[] = [];

  constructor(options: PushSplitOptions) {
    this.#options = options;
    this.#start = pushPosition(options.start, options.stream);
    this.#records = this.#start.records;
    this.#timeMs = this.#start.timeMs;
  }

  /** Throws MR_SOURCE_POSITION when records after the position are gone. */
  async open(): Promise<this> {
    const { directory, stream, start, isBounded } = this.#options;
    await makeFolder(directory);
    const throughMs = await removedThroughMs(directory);
    if (start !== undefined && throughMs > this.#timeMs) {
      const until = new Date(throughMs).toISOString();
      const message = `records of "${stream}" that were pushed until ${until} are removed`;
      throw new MillraceError('MR_SOURCE_POSITION', message, {
        context: { path: directory },
        fix: 'begin from a newer checkpoint, or anew (--fresh-state); retain of push(…) keeps more',
      });
    }
    await this.#discover(isBounded);
    return this;
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    const { clock, signal, isBounded } = this.#options;
    await this.#forgetGone();
    if (!isBounded && clock.monotonicMs() - this.#discoveredMs >= discoverMs) {
      await this.#discover(false);
    }
    const read = await this.#read(rowCountMax);
    if (read !== null) return read;
    if (isBounded) return { kind: 'end', position: this.#position() };
    await clock.sleep(waitMs, signal);
    return { kind: 'empty' };
  }

  async #forgetGone(): Promise<void> {
    for (const { file } of this.#gone.splice(0)) {
      await this.#readers.get(file)?.close();
      this.#readers.delete(file);
    }
  }

  /** Segments that no checkpoint needs any more are removed, when they are old or take too much room. */
  retained(positions: readonly (JsonValue | undefined)[]): void {
    const { stream, report, isBounded } = this.#options;
    if (isBounded) return;
    const needed = positions.map((position) => pushPosition(position, stream));
    this.#removing = this.#removing
      .then(() => removeSegments(this.#options, { names: this.#names, needed }))
      .then((removed) => void this.#gone.push(...removed))
      .catch((error: unknown) => report(`pushed records could not be removed: ${String(error)}`));
  }

  async close(): Promise<void> {
    await this.#removing;
    await Promise.all([...this.#readers.values()].map((reader) => reader.close()));
  }

  /** Finds segments that are new, or complete by now. */
  async #discover(isLimited: boolean): Promise<void> {
    const { directory, clock } = this.#options;
    const files = await readdir(directory);
    this.#names = files.flatMap((file) => parseSegmentName(file) ?? []).sort(byFile);
    for (const name of this.#names) {
      if (this.#readers.has(name.file)) continue;
      const position = this.#start.files[name.file] ?? [0, 0, 0];
      const limit = isLimited
        ? (await stat(join(directory, name.file))).size
        : Number.MAX_SAFE_INTEGER;
      this.#readers.set(name.file, new SegmentReader(directory, name, position, limit));
    }
    if (!isLimited) this.#discoveredMs = clock.monotonicMs();
  }

  async #read(rowCountMax: number): Promise<SplitRead | null> {
    const lineStarts: number[] = [];
    let length = 0;
    const put = (line: Uint8Array): void => {
      if (length + line.length > this.#scratch.length) this.#grow(length + line.length);
      lineStarts.push(length);
      this.#scratch.set(line, length);
      length += line.length;
    };
    const exhausted = new Set<SegmentReader>();
    while (lineStarts.length < rowCountMax) {
      const reader = await this.#nextReader(exhausted);
      if (reader === null) break;
      reader.take(rowCountMax - lineStarts.length, put);
      this.#timeMs = Math.max(this.#timeMs, reader.position[2]);
    }
    return lineStarts.length === 0 ? null : this.#decode(lineStarts, length);
  }

  /** The segment whose next frame was written first; null when none has one. `exhausted` had none just now. */
  async #nextReader(exhausted: Set<SegmentReader>): Promise<SegmentReader | null> {
    const { clock } = this.#options;
    let next: SegmentReader | null = null;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const reader of this.#readers.values()) {
      if (reader.isDone || exhausted.has(reader)) continue;
      const isOver = isComplete(reader.name, this.#names, clock.nowMs());
      const frame = await reader.peek();
      if (frame === null) {
        reader.refuseDamage();
        exhausted.add(reader);
        if (!isOver) continue;
        reader.isDone = true;
        await reader.close();
      } else if (frame.timeMs < earliestMs) {
        next = reader;
        earliestMs = frame.timeMs;
      }
    }
    return next;
  }

  #grow(length: number): void {
    const larger = Buffer.alloc(Math.max(length, this.#scratch.length * 2));
    this.#scratch.copy(larger);
    this.#scratch = larger;
  }

  #decode(lineStarts: readonly number[], length: number): SplitRead {
    const { batch, errors, consumed } = this.#options.decoder.decode({
      bytes: this.#scratch,
      start: 0,
      end: length,
      baseOffset: 0,
      rowCountMax: lineStarts.length,
      last: true,
    });
    if (consumed !== length) {
      throw new MillraceError('MR_INTERNAL', `${length - consumed} pushed bytes were not decoded`);
    }
    const base = this.#records;
    this.#records += lineStarts.length;
    return {
      kind: 'rows',
      batch: renumbered(batch, lineStarts, base),
      errors: errors.map((error) => ({ ...error, offset: base + lineOf(error, lineStarts) })),
      position: this.#position(),
    };
  }

  #position(): JsonValue {
    const files = [...this.#readers].map(([file, reader]) => [file, [...reader.position]] as const);
    const timeMs = Number.isFinite(this.#timeMs) ? this.#timeMs : null;
    return { records: this.#records, timeMs, files: Object.fromEntries(files) };
  }
}

function byFile(a: SegmentName, b: SegmentName): number {
  return a.file < b.file ? -1 : 1;
}

/** Rows numbered as they were read, in place of where they lay. */
function renumbered(
  batch: DecodedBatch,
  lineStarts: readonly number[],
  base: number,
): DecodedBatch {
  const offsets = new Float64Array(batch.rowCount);
  let line = 0;
  for (let row = 0; row < batch.rowCount; row++) {
    const at = batch.offsets[row] as number;
    while (line + 1 < lineStarts.length && (lineStarts[line + 1] as number) <= at) line += 1;
    offsets[row] = base + line;
  }
  return { ...batch, offsets };
}

function lineOf({ offset }: RecordError, lineStarts: readonly number[]): number {
  return lineStarts.findLastIndex((start) => start <= offset);
}
