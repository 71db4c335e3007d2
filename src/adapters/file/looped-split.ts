// Reads a file again and again. Each round's event times are moved forward by what the rounds before
// it spanned, so that time never goes back; offsets go on growing. A file without rows ends.
import type { DecodedBatch } from '../../columns/batch.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { SourceContext, SourceSplit, SplitRead } from '../../ports/source.ts';
import { positionIn } from './file-position.ts';

/** What a later run must know of this round; times and offsets as they are in the file. */
type Round = {
  readonly shiftMs: number;
  readonly offsetBase: number;
  readonly leastMs: number | null;
  readonly greatestMs: number | null;
  readonly greatestOffset: number;
  readonly rowsInRound: number;
};

interface LoopPosition {
  /** Of the file; null at the beginning of a round. */
  readonly within: JsonValue;
  readonly round: Round;
}

export interface LoopedSplitOptions {
  readonly id: string;
  readonly open: (start: JsonValue | undefined) => SourceSplit;
  readonly context: SourceContext;
  readonly start: JsonValue | undefined;
}

export class LoopedSplit implements SourceSplit {
  readonly id: string;
  readonly #open: LoopedSplitOptions['open'];
  readonly #eventTimeField: string;
  #split: SourceSplit;
  #shiftMs = 0;
  #offsetBase = 0;
  #leastMs = Number.POSITIVE_INFINITY;
  #greatestMs = Number.NEGATIVE_INFINITY;
  #greatestOffset = 0;
  #rowsInRound = 0;

  constructor({ id, open, context, start }: LoopedSplitOptions) {
    this.id = id;
    this.#open = open;
    this.#eventTimeField = context.eventTimeField;
    const from = positionIn<LoopPosition>(start, id, ['within', 'round']);
    if (from !== null) this.#resume(from.round);
    this.#split = open(from?.within ?? undefined);
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    const read = await this.#split.next(rowCountMax);
    if (read.kind === 'rows') {
      this.#shift(read.batch);
      return { ...read, position: { within: read.position, round: this.#round() } };
    }
    if (read.kind === 'empty' || this.#rowsInRound === 0) return read;
    await this.#split.close();
    this.#split = this.#open(undefined);
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

  #round(): Round {
    const hasTimes = this.#greatestMs >= this.#leastMs;
    return {
      shiftMs: this.#shiftMs,
      offsetBase: this.#offsetBase,
      leastMs: hasTimes ? this.#leastMs : null,
      greatestMs: hasTimes ? this.#greatestMs : null,
      greatestOffset: this.#greatestOffset,
      rowsInRound: this.#rowsInRound,
    };
  }

  #resume(round: Round): void {
    this.#shiftMs = round.shiftMs;
    this.#offsetBase = round.offsetBase;
    this.#leastMs = round.leastMs ?? Number.POSITIVE_INFINITY;
    this.#greatestMs = round.greatestMs ?? Number.NEGATIVE_INFINITY;
    this.#greatestOffset = round.greatestOffset;
    this.#rowsInRound = round.rowsInRound;
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
