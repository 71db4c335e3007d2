// A file of records (lines) as a split: bytes in order through a decoder.
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { DecodeInput, DecodeResult, RecordDecoder } from '../../ports/format.ts';
import type { SourceSplit, SplitRead } from '../../ports/source.ts';
import type { ByteInput } from './byte-input.ts';
import { ChunkReader } from './chunk-reader.ts';
import { type Compression, openByteInput } from './open-byte-input.ts';

const end: SplitRead = { kind: 'end' };

export interface RecordSplitOptions {
  readonly id: string;
  readonly path: string;
  readonly compression: Compression;
  readonly createDecoder: () => RecordDecoder;
}

export class RecordSplit implements SourceSplit {
  readonly id: string;
  readonly #options: RecordSplitOptions;
  readonly #decoder: RecordDecoder;
  #input: ByteInput | null = null;
  #reader: ChunkReader | null = null;
  #damageSaid = false;

  constructor(options: RecordSplitOptions) {
    this.id = options.id;
    this.#options = options;
    this.#decoder = options.createDecoder();
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    const reader = this.#reader ?? (await this.#open());
    for (;;) {
      if (reader.atEnd && this.#input !== null && this.#input.damage !== null) {
        const read = this.#decode(reader, rowCountMax, false);
        return read ?? this.#sayDamage(reader, this.#input.damage);
      }
      const read = this.#decode(reader, rowCountMax, reader.atEnd);
      if (read !== null) return read;
      if (reader.atEnd) return end;
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
      if (batch.rowCount > 0 || errors.length > 0) return { kind: 'rows', batch, errors };
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
    if (this.#damageSaid) return end;
    this.#damageSaid = true;
    const offset = reader.baseOffset + reader.start;
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
    return { kind: 'rows', batch: { ...batch, rowCount: 0 }, errors: [error] };
  }

  async #open(): Promise<ChunkReader> {
    this.#input = await openByteInput(this.#options.path, this.#options.compression);
    this.#reader = new ChunkReader(this.#input);
    return this.#reader;
  }

  async close(): Promise<void> {
    await this.#reader?.close();
    this.#reader = null;
  }
}
