// Rows of a key's ring as a newer group keeps them: added one by one, and windows emptied where the
// older ones were, so that no record counts again that a clean-up had forgotten.
import { StateReader } from '../../state/bytes/state-reader.ts';
import { StateWriter } from '../../state/bytes/state-writer.ts';
import type { RollingGroup } from '../../state/windows/rolling-group.ts';
import type { ViewParts } from '../view-parts.ts';
import type { OldRow, RowTranslation } from './row-translation.ts';
import { groupPlaces } from './window-pairs.ts';

export interface GroupTranslationOptions {
  readonly from: RollingGroup;
  readonly to: RollingGroup;
  readonly sides: { readonly from: ViewParts; readonly to: ViewParts };
  readonly rows: RowTranslation;
}

/** Numbers of a row before its staged inputs. */
const inputsAt = 2;

export class GroupTranslation {
  readonly #options: GroupTranslationOptions;
  /** Per window of the newer group its place in the older one. */
  readonly #places: readonly (number | null)[];
  readonly #part = new StateWriter();

  constructor(options: GroupTranslationOptions) {
    const { from, to, sides } = options;
    this.#options = options;
    this.#places = groupPlaces(
      { window: from, parts: sides.from },
      { window: to, parts: sides.to },
    );
  }

  translate(old: number, slot: number): void {
    const { from, to } = this.#options;
    let count = 0;
    let end = 0;
    from.forRows(old, (page, at, number) => {
      if (count > 0) this.#dropWhere(slot, (place) => from.headOf(old, place) === number);
      this.#add(page, at, slot);
      count += 1;
      end = number + 1;
    });
    if (count > 0) this.#dropWhere(slot, (place) => from.headOf(old, place) === end);
    for (const [local, place] of this.#places.entries()) {
      if (place !== null && from.isStale(old, place)) to.cleanUp(local, slot);
    }
  }

  #dropWhere(slot: number, isEmptied: (place: number) => boolean): void {
    for (const [local, place] of this.#places.entries()) {
      if (place !== null && isEmptied(place)) this.#options.to.dropWindow(slot, local);
    }
  }

  #add(page: Float64Array, at: number, slot: number): void {
    const { rows, sides, to } = this.#options;
    const { store } = sides.to;
    this.#part.reset();
    rows.write(rowOf(page, at), this.#part);
    const row = store.readRow(slot, new StateReader(this.#part.toBytes()));
    store.mask[row] = (store.mask[row] as number) | this.#refusals(page[at + 1] as number);
    to.addMarked(slot, row);
    store.compact([], 0);
  }

  /** Bits of the windows that refused the row. */
  #refusals(mask: number): number {
    const { from, to } = this.#options;
    let bits = 0;
    for (const [local, place] of this.#places.entries()) {
      const old = place === null ? -1 : (from.plan.windows[place]?.refusal ?? -1);
      const bit = to.plan.windows[local]?.refusal ?? -1;
      if (old >= 0 && bit >= 0 && (mask & (1 << old)) !== 0) bits |= 1 << bit;
    }
    return bits;
  }
}

function rowOf(page: Float64Array, at: number): OldRow {
  return {
    ts: page[at] as number,
    watermark: Number.NEGATIVE_INFINITY,
    arrivalMs: 0,
    offset: 0,
    isApplied: 1,
    order: 0,
    mask: page[at + 1] as number,
    refusals: null,
    numberAt: (column) => page[at + inputsAt + column] as number,
    inputs: null,
    id: null,
  };
}
