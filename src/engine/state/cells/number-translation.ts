// Numbers of a cell as another plan lays them out: what both plans have is taken over, the rest begins
// as in a cell without records.
import { layoutCells, numbersOf } from '../../../codegen/update-loops/cell-code.ts';
import type { LoopAggregate } from '../../../codegen/update-loops/loop-plan.ts';
import type { StateWriter } from '../bytes/state-writer.ts';

export interface NumberTranslationOptions {
  readonly from: readonly LoopAggregate[];
  readonly to: readonly LoopAggregate[];
  /** The feature of `from` that a feature of `to` goes on with; null when there is none. */
  readonly formerOf: (feature: number) => number | null;
}

export class NumberTranslation {
  readonly #initial: Float64Array;
  /** Per number of the new cell, where it is in the old one; -1 when it is new. */
  readonly #sources: Int32Array;

  constructor({ from, to, formerOf }: NumberTranslationOptions) {
    const { size, initial } = layoutCells(to);
    this.#initial = initial;
    this.#sources = new Int32Array(size).fill(-1);
    for (const aggregate of to) {
      const former = aggregate.feature < 0 ? aggregate.feature : formerOf(aggregate.feature);
      const old = from.find(({ feature }) => feature === former);
      if (old === undefined) continue;
      const oldNumbers = numbersOf(from, old);
      for (const [i, at] of numbersOf(to, aggregate).entries()) {
        this.#sources[at] = oldNumbers[i] ?? -1;
      }
    }
  }

  /** Writes the cell that begins at `data[at]`; of `at` -1 one without records. */
  write(data: Float64Array, at: number, to: StateWriter): void {
    for (let i = 0; i < this.#sources.length; i++) {
      const source = this.#sources[i] as number;
      const isKept = at >= 0 && source >= 0;
      to.f64((isKept ? data[at + source] : this.#initial[i]) as number);
    }
  }
}
