// A sink that decides which checkpoint counts, as a broker's transactions do: what was prepared counts
// with `commit` and never without it. What it holds outlives the job; a commit can be cut off.
import type { EpochSink } from '../ports/epoch-sink.ts';
import type { VectorSink } from '../ports/vector-sink.ts';
import { rowTexts } from './epoch-vectors.ts';

/** How the nth commit ends for its process: before or after its effect. */
export interface CutCommit {
  readonly commit: number;
  readonly when: 'before' | 'after';
  readonly error: Error;
}

/** Rows that count, and the checkpoint that they end with. */
export class TransactionVectors {
  readonly rows: string[] = [];
  /** 0: begun anew; null: nothing is known. */
  committedId: number | null = null;
  problem: string | null = null;
  /** Number of positions that the last commit noted. */
  positions = 0;
  /** How many rows counted with each checkpoint. */
  readonly lengths = new Map<number, number>();
  readonly #cuts: readonly CutCommit[];
  #commits = 0;

  constructor(cuts: readonly CutCommit[] = []) {
    this.#cuts = cuts;
  }

  sink(): VectorSink {
    let open: string[] = [];
    let prepared: { id: number; rows: readonly string[]; positions: number }[] = [];
    const epochs: EpochSink = {
      name: 'transactions',
      prepare: (id, positions) => {
        const count = Object.values(positions).flatMap((splits) => Object.keys(splits)).length;
        prepared.push({ id, rows: open, positions: count });
        open = [];
        return Promise.resolve({ marked: this.committedId !== null });
      },
      commit: (id) => {
        this.#commits += 1;
        const cut = this.#cuts.find(({ commit }) => commit === this.#commits);
        if (cut?.when === 'before') return Promise.reject(cut.error);
        for (const { rows, positions } of prepared) {
          this.rows.push(...rows);
          this.positions = positions;
        }
        prepared = [];
        this.committedId = id;
        this.lengths.set(id, this.rows.length);
        return cut === undefined ? Promise.resolve() : Promise.reject(cut.error);
      },
      recover: (restored) => {
        open = [];
        prepared = [];
        if (this.committedId !== null) this.committedId = restored?.id ?? 0;
        return Promise.resolve();
      },
      authority: {
        committed: () => {
          prepared = [];
          const problem = this.problem === null ? {} : { problem: this.problem };
          return Promise.resolve({ id: this.committedId, ...problem });
        },
        hadCommitted: (state) => (state as { readonly marked: boolean }).marked,
      },
    };
    return {
      epochs,
      write: (batch) => void open.push(...rowTexts(batch)),
      flush: () => Promise.reject(new Error('a sink that counts by epochs is not flushed')),
      close: () => Promise.resolve(),
    };
  }
}
