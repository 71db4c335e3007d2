// Reads a file again and again. Each round's event times are moved forward by what the rounds before
// it spanned, so that time never goes back; offsets go on growing. A file without rows ends.
import type { DecodedBatch } from '../../columns/batch.ts';
import type { SourceContext, SourceSplit, SplitRead } from '../../ports/source.ts';

export class LoopedSplit implements SourceSplit {
  readonly id: string;
  readonly #open: () => SourceSplit;
  readonly #eventTimeField: string;
  #split: SourceSplit;
  #shiftMs = 0;
  #offsetBase = 0;
  #leastMs = Number.POSITIVE_INFINITY;
  #greatestMs = Number.NEGATIVE_INFINITY;
  #greatestOffset = 0;
  #rowsInRound = 0;

  constructor(id: string, open: () => SourceSplit, context: SourceContext) {
    this.id = id;
    this.#open = open;
    this.#split = open();
    this.#eventTimeField = context.eventTimeField;
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    const read = await this.#split.next(rowCountMax);
    if (read.kind === 'rows') {
      this.#shift(read.batch);
      return read;
    }
    if (read.kind === 'empty' || this.#rowsInRound === 0) return read;
    await this.#split.close();
    this.#split = this.#open();
    this.#beginRound();
    return this.next(rowCountMax);
  }

  #beginRound(): void {
    if (this.#greatestMs >= this.#leastMs) {
      this.#shiftMs += this.#greatestMs - this.#leastMs + 1;
    }
    this.#offsetBase += this.#greatestOffset + 1;
    this.#greatestOffset = 0;
    this.#rowsInRound = 0;
  }

  #shift(batch: DecodedBatch): void {
    const index = batch.fields.findIndex(({ name }) => name === this.#eventTimeField);
    const column = batch.columns[index];
    this.#rowsInRound += batch.rowCount;
    for (let row = 0; row < batch.rowCount; row++) {
      const offset = batch.offsets[row] as number;
      this.#greatestOffset = Math.max(this.#greatestOffset, offset);
      batch.offsets[row] = offset + this.#offsetBase;
      if (column?.kind !== 'float64' || column.nulls[row] === 1) continue;
      const eventMs = column.values[row] as number;
      this.#leastMs = Math.min(this.#leastMs, eventMs);
      this.#greatestMs = Math.max(this.#greatestMs, eventMs);
      column.values[row] = eventMs + this.#shiftMs;
    }
  }

  async close(): Promise<void> {
    await this.#split.close();
  }
}
