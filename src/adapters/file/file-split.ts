// A self-describing file (Parquet) as a split: its format reads the file by itself. Positions are
// numbers of rows, bad ones included.
import type { JsonValue } from '../../kernel/json-value.ts';
import type { RowType } from '../../kernel/types/field-type.ts';
import type { DecodedChunk, FileFormat } from '../../ports/format.ts';
import type { SourceSplit, SplitRead } from '../../ports/source.ts';
import { isStillEnded, positionIn, type RowPosition, sizeOf } from './file-position.ts';

export interface FileSplitOptions {
  readonly id: string;
  readonly path: string;
  readonly format: FileFormat;
  readonly rowType: RowType;
  readonly start: JsonValue | undefined;
}

export class FileSplit implements SourceSplit {
  readonly id: string;
  readonly #options: FileSplitOptions;
  readonly #isEnded: boolean;
  #row: number;
  #chunks: AsyncGenerator<DecodedChunk> | null = null;

  constructor(options: FileSplitOptions) {
    this.id = options.id;
    this.#options = options;
    const start = positionIn<RowPosition>(options.start, options.path, ['row']);
    this.#row = start?.row ?? 0;
    this.#isEnded = isStillEnded(start, options.path);
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    const { path, format, rowType } = this.#options;
    if (this.#isEnded) return this.#end();
    this.#chunks ??= format.read(path, rowType, { rowCountMax, startRow: this.#row });
    const { done, value } = await this.#chunks.next();
    if (done === true) return this.#end();
    const { batch, errors } = value;
    this.#row += batch.rowCount + errors.length;
    return { kind: 'rows', batch, errors, position: { row: this.#row } };
  }

  #end(): SplitRead {
    const { path } = this.#options;
    return { kind: 'end', position: { row: this.#row, endedAt: sizeOf(path) } };
  }

  async close(): Promise<void> {
    await this.#chunks?.return(undefined);
  }
}
