// A stream's files together with the records that were replayed into it: the replay file is one more
// split, so a run reads it wherever the stream's own files come from. Its lines hold one record each,
// decoded as the stream's records are, or as JSON where those cannot be taken one by one.
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { RowType } from '../../kernel/types/field-type.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { FormatRegistry, MessageDecoder, MessageInput } from '../../ports/format.ts';
import { attemptHeader } from '../../ports/dead-letter-record.ts';
import { replayOfHeader } from '../../ports/set-aside.ts';
import type { Source, SourceRecords, SourceSplit, SplitRead } from '../../ports/source.ts';
import { fileError } from './file-errors.ts';
import { hasEnded, sizeOf } from './file-position.ts';
import { type ReplayLine, replayPath } from './set-aside-files.ts';

const asJson: SourceRecords = { format: 'json', options: {} };

/**
 * The source with the records of its replay file in `directory`. **Order**: the replay file is a split
 * of its own. **Guarantee**: a run that is recovered goes on in it where it was. A record that fails
 * again is a dead letter that names the one it came from.
 */
export function withReplays(source: Source, directory: string): Source {
  const { description, bounded, records, history } = source;
  return {
    description,
    bounded,
    ...(records === undefined ? {} : { records }),
    ...(history === undefined ? {} : { history: withReplays(history, directory) }),
    open: async (context) => {
      const { stream, rowType, formats } = context;
      const path = replayPath(directory, stream);
      const id = basename(path);
      const start = context.startAt.get(id);
      const others = new Map([...context.startAt].filter(([split]) => split !== id));
      const splits = await source.open({ ...context, startAt: others });
      if (!existsSync(path) && (start === undefined || hasEnded(start))) return splits;
      const decoder = recordDecoder(formats, source.records, rowType);
      return [...splits, new ReplaySplit({ id, path, stream, decoder, start })];
    },
  };
}

/** Decodes single records as the source's are written; as JSON where they cannot be taken one by one. */
export function recordDecoder(
  formats: FormatRegistry,
  records: SourceRecords | undefined,
  rowType: RowType,
): MessageDecoder {
  const known = formats.get(records?.format ?? '');
  if (records !== undefined && known !== undefined && known.kind !== 'file') {
    const decoder = known.createMessageDecoder?.(rowType, records.options);
    if (decoder !== undefined) return decoder;
  }
  const json = formats.get(asJson.format);
  if (json?.kind !== 'records' || json.createMessageDecoder === undefined) {
    throw new Error('there is no format for replayed records');
  }
  return json.createMessageDecoder(rowType, asJson.options);
}

/** Single records as a decoder of messages takes them. */
export function messagesOf(
  records: readonly { readonly bytes: Uint8Array; readonly offset: number }[],
): MessageInput {
  const gap = new Uint8Array(1);
  const bytes = Buffer.concat(records.flatMap((record) => [record.bytes, gap]));
  const bounds = new Int32Array(records.length * 2);
  let at = 0;
  for (const [i, record] of records.entries()) {
    bounds[2 * i] = at;
    bounds[2 * i + 1] = at + record.bytes.length;
    at += record.bytes.length + 1;
  }
  const offsets = Float64Array.from(records, ({ offset }) => offset);
  return { bytes, bounds, offsets, from: 0, count: records.length };
}

const chunkBytes = 1 << 20;
const lineFeed = 10;

interface Line extends ReplayLine {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface ReplaySplitOptions {
  readonly id: string;
  readonly path: string;
  readonly stream: string;
  readonly decoder: MessageDecoder;
  readonly start: JsonValue | undefined;
}

class ReplaySplit implements SourceSplit {
  readonly id: string;
  readonly #options: ReplaySplitOptions;
  #at: number;

  constructor(options: ReplaySplitOptions) {
    this.id = options.id;
    this.#options = options;
    const position = (options.start ?? null) as { readonly byte?: number } | null;
    this.#at = position?.byte ?? 0;
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    const { path } = this.#options;
    const { lines, end } = await readLines(path, this.#at, rowCountMax);
    if (end === this.#at) {
      return { kind: 'end', position: { byte: end, endedAt: sizeOf(path) } };
    }
    this.#at = end;
    return { kind: 'rows', ...this.#decode(lines), position: { byte: end } };
  }

  #decode(lines: readonly Line[]) {
    const input = messagesOf(lines.map(({ bytes, offset }) => ({ bytes, offset })));
    const { batch, errors } = this.#options.decoder.decode(input);
    const byOffset = new Map(lines.map((line) => [line.offset, line]));
    return { batch, errors: errors.map((error) => this.#withOrigin(error, byOffset)) };
  }

  #withOrigin(error: RecordError, lines: ReadonlyMap<number, Line>): RecordError {
    const line = lines.get(error.offset);
    if (line === undefined) return error;
    const utf8 = new TextEncoder();
    const headers = [
      [replayOfHeader, utf8.encode(line.replay_of)],
      [attemptHeader, utf8.encode(String(line.attempt))],
    ] as const;
    const timestampMs = Date.parse(line.replayed_at);
    const origin = { topic: this.#options.stream, partition: 0, key: null, timestampMs, headers };
    return { ...error, bytes: Uint8Array.from(line.bytes), origin };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Whole lines from a byte on; a line that is still being written is left for later. */
async function readLines(
  path: string,
  from: number,
  countMax: number,
): Promise<{ readonly lines: readonly Line[]; readonly end: number }> {
  try {
    const file = await open(path);
    try {
      for (let size = chunkBytes; ; size *= 2) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, from);
        const found = linesIn(buffer.subarray(0, bytesRead), from, countMax);
        if (found.end > from || bytesRead < size) return found;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(path, error);
  }
}

function linesIn(bytes: Buffer, base: number, countMax: number) {
  const lines: Line[] = [];
  let at = 0;
  while (lines.length < countMax) {
    const end = bytes.indexOf(lineFeed, at);
    if (end < 0) break;
    const line = lineOf(bytes.subarray(at, end).toString());
    if (line !== null) {
      lines.push({ ...line, offset: base + at, bytes: Buffer.from(line.event_base64, 'base64') });
    }
    at = end + 1;
  }
  return { lines, end: base + at };
}

function lineOf(text: string): ReplayLine | null {
  try {
    return JSON.parse(text) as ReplayLine;
  } catch {
    return null;
  }
}
