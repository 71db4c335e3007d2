// A self-describing file (Parquet) as a split: its format reads the file by itself.
import type { RowType } from '../../kernel/types/field-type.ts';
import type { DecodedChunk, FileFormat } from '../../ports/format.ts';
import type { SourceSplit, SplitRead } from '../../ports/source.ts';

export class FileSplit implements SourceSplit {
  readonly id: string;
  readonly #format: FileFormat;
  readonly #path: string;
  readonly #rowType: RowType;
  #chunks: AsyncGenerator<DecodedChunk> | null = null;

  constructor(id: string, path: string, format: FileFormat, rowType: RowType) {
    this.id = id;
    this.#path = path;
    this.#format = format;
    this.#rowType = rowType;
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    this.#chunks ??= this.#format.read(this.#path, this.#rowType, rowCountMax);
    const { done, value } = await this.#chunks.next();
    if (done === true) return { kind: 'end' };
    return { kind: 'rows', batch: value.batch, errors: value.errors };
  }

  async close(): Promise<void> {
    await this.#chunks?.return(undefined);
  }
}
