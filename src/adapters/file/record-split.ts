// A file of records (lines) as a split: bytes in order through a decoder. A decoder keeps nothing
// between batches but what stood at the head of the file, so a split goes on at any position.
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { DecodeInput, DecodeResult, RecordDecoder } from '../../ports/format.ts';
import type { SourceSplit, SplitRead } from '../../ports/source.ts';
import type { ByteInput } from './byte-input.ts';
import { ChunkReader } from './chunk-reader.ts';
import { type BytePosition, isStillEnded, positionIn, sizeOf } from './file-position.ts';
import { type Compression, openByteInput } from './open-byte-input.ts';

export interface RecordSplitOptions {
  readonly id: string;
  readonly path: string;
  readonly compression: Compression;
  readonly createDecoder: () => RecordDecoder;
  readonly start: JsonValue | undefined;
}

export class RecordSplit implements SourceSplit {
  readonly id: string;
  readonly #options: RecordSplitOptions;
  readonly #decoder: RecordDecoder;
  readonly #start: BytePosition;
  readonly #isEnded: boolean;
  #input: ByteInput | null = null;
  #reader: ChunkReader | null = null;
  #damageSaid = false;

  constructor(options: RecordSplitOptions) {
    this.id = options.id;
    this.#options = options;
    this.#decoder = options.createDecoder();
    const start = positionIn<BytePosition>(options.start, options.path, ['byte']);
    this.#start = start ?? { byte: 0 };
    this.#isEnded = isStillEnded(start, options.path);
    this.#damageSaid = start?.damaged === true;
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    if (this.#isEnded) return this.#end(this.#start.byte);
    const reader = this.#reader ?? (await this.#open());
    for (;;) {
      if (reader.atEnd && this.#input !== null && this.#input.damage !== null) {
        const read = this.#decode(reader, rowCountMax, false);
        return read ?? this.#sayDamage(reader, this.#input.damage);
      }
      const read = this.#decode(reader, rowCountMax, reader.atEnd);
      if (read !== null) return read;
      if (reader.atEnd) return this.#end(reader.baseOffset + reader.start);
      await reader.advance();
    }
  }

  /** Rows or errors of what is in memory, or null when it holds no whole record. */
  #decode(reader: ChunkReader, rowCountMax: number, last: boolean): SplitRead | null {
    for (;;) {
      const { bytes, start, baseOffset } = reader;
      const input = { bytes, start, end: reader.end, baseOffset, rowCountMax, last };
      const { batch, errors, consumed } = this.#decodeInput(input);
      reader.start += consumed;
      if (batch.rowCount > 0 || errors.length > 0) {
        return { kind: 'rows', batch, errors, position: { byte: baseOffset + reader.start } };
      }
      if (consumed === 0) return null;
    }
  }

  /** A format refuses a file (its header, say) without knowing its name: the name is added here. */
  #decodeInput(input: DecodeInput): DecodeResult {
    try {
      return this.#decoder.decode(input);
    } catch (error) {
      if (!(error instanceof MillraceError) || error.context.path !== undefined) throw error;
      const { path } = this.#options;
      throw new MillraceError(error.code, `"${path}": ${error.message}`, {
        context: { ...error.context, path },
        cause: error,
        ...(error.fix === undefined ? {} : { fix: error.fix }),
      });
    }
  }

  /** The unfinished record at the end of a damaged file is a dead letter that tells of the damage. */
  #sayDamage(reader: ChunkReader, damage: NonNullable<ByteInput['damage']>): SplitRead {
    const offset = reader.baseOffset + reader.start;
    if (this.#damageSaid) return this.#end(offset);
    this.#damageSaid = true;
    const error: RecordError = {
      code: damage.code,
      category: 'deserialization',
      message: `${damage.message}; rows before byte ${offset} are kept; fix: ${damage.fix ?? ''}`,
      offset,
      bytes: reader.bytes.slice(reader.start, reader.end),
    };
    const { batch } = this.#decoder.decode({
      bytes: reader.bytes,
      start: 0,
      end: 0,
      baseOffset: 0,
      rowCountMax: 0,
      last: true,
    });
    const position = { byte: offset, damaged: true };
    return { kind: 'rows', batch: { ...batch, rowCount: 0 }, errors: [error], position };
  }

  async #open(): Promise<ChunkReader> {
    const { byte } = this.#start;
    if (byte > 0 && this.#decoder.needsHead === true) await this.#readHead();
    const { path, compression } = this.#options;
    this.#input = await openByteInput(path, compression, byte);
    this.#reader = new ChunkReader(this.#input, byte);
    return this.#reader;
  }

  /** The beginning of the file goes through the decoder once more; its rows are not wanted. */
  async #readHead(): Promise<void> {
    const { path, compression } = this.#options;
    const reader = new ChunkReader(await openByteInput(path, compression, 0), 0);
    try {
      while (this.#decoder.needsHead === true && !reader.atEnd) {
        await reader.advance();
        const { bytes, start, end, baseOffset, atEnd: last } = reader;
        this.#decodeInput({ bytes, start, end, baseOffset, rowCountMax: 1, last });
      }
    } finally {
      await reader.close();
    }
  }

  #end(byte: number): SplitRead {
    const endedAt = sizeOf(this.#options.path);
    const damaged = this.#damageSaid ? { damaged: true } : {};
    return { kind: 'end', position: { byte, ...damaged, endedAt } };
  }

  async close(): Promise<void> {
    await this.#reader?.close();
    this.#reader = null;
  }
}
