// A sink that takes part in checkpoints and keeps rows as text, for tests of recovery. What it holds
// outlives the job: hidden until the checkpoint that contains it is complete.
import { readRow, toJsonValue } from '../columns/read-value.ts';
import type { VectorBatch } from '../columns/vector-batch.ts';
import type { EpochSink } from '../ports/epoch-sink.ts';
import type { VectorSink } from '../ports/vector-sink.ts';

interface PreparedRows {
  readonly epoch: number;
  readonly rows: readonly string[];
}

/** Rows of every epoch that counts, and what is on its way there. */
export class EpochVectors {
  hidden: PreparedRows[] = [];
  visible: PreparedRows[] = [];
  readonly problems: string[] = [];

  get rows(): readonly string[] {
    return this.visible.flatMap(({ rows }) => rows);
  }

  /** The sink of one process. */
  sink(): VectorSink {
    let open: string[] = [];
    const epochs: EpochSink = {
      name: 'log',
      prepare: (epoch) => {
        this.hidden.push({ epoch, rows: open });
        open = [];
        return Promise.resolve({ epochs: this.hidden.map((prepared) => prepared.epoch) });
      },
      commit: (id) => {
        this.#show(id);
        return Promise.resolve();
      },
      recover: (restored) => {
        open = [];
        const id = restored?.id ?? 0;
        const { epochs: kept = [] } = (restored?.state ?? {}) as { epochs?: readonly number[] };
        this.hidden = this.hidden.filter(({ epoch }) => kept.includes(epoch) && epoch <= id);
        this.visible = this.visible.filter(({ epoch }) => epoch <= id);
        this.#show(id);
        return Promise.resolve();
      },
    };
    return {
      epochs,
      write: (batch) => void open.push(...rowTexts(batch)),
      flush: () => Promise.reject(new Error('a sink that counts by epochs is not flushed')),
      close: () => Promise.resolve(),
    };
  }

  #show(id: number): void {
    const last = this.visible.at(-1)?.epoch ?? 0;
    if (id < last) this.problems.push(`committed ${id} after ${last}`);
    this.visible.push(...this.hidden.filter(({ epoch }) => epoch <= id));
    this.hidden = this.hidden.filter(({ epoch }) => epoch > id);
  }
}

/** Each row but its arrival, as one line. */
export function rowTexts(batch: VectorBatch): string[] {
  return Array.from({ length: batch.rowCount }, (_, row) => {
    const key = batch.keyData.subarray(batch.keyStarts[row], batch.keyEnds[row]);
    const values = readRow(batch.columns, batch.fields, row);
    const json = Object.entries(values).map(([name, value]) => [name, toJsonValue(value)]);
    return [
      batch.view,
      Buffer.from(key).toString('hex'),
      batch.asOfMs[row],
      batch.seq[row],
      batch.eventTimeMs[row],
      JSON.stringify(json),
    ].join(' ');
  });
}
