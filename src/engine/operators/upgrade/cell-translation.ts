// Cells of an older view, written as a newer one reads them.
import type { StateWriter } from '../../state/bytes/state-writer.ts';
import { BoxedCells } from '../../state/cells/boxed-cells.ts';
import type { Cells } from '../../state/cells/cells.ts';
import { CompositeCells } from '../../state/cells/composite-cells.ts';
import { NumberCells } from '../../state/cells/number-cells.ts';
import { NumberTranslation } from '../../state/cells/number-translation.ts';
import type { FormerFeature } from './former-features.ts';
import { partsOf } from './window-pairs.ts';

type WritePart = (cell: number, to: StateWriter) => void;

/** A writer of cells of `from` in the form of `to`. */
export function cellTranslation(
  from: Cells,
  to: Cells,
  formers: readonly (FormerFeature | null)[],
): Pick<Cells, 'write'> {
  const writers = partsOf(to).map((part) => partWriter(from, part, formers));
  return {
    write: (cell, target) => {
      for (const write of writers) write(cell, target);
    },
  };
}

function partWriter(from: Cells, to: Cells, formers: readonly (FormerFeature | null)[]): WritePart {
  const formerOf = (feature: number): number | null => formers[feature]?.index ?? null;
  const oldParts = partsOf(from);
  const holds = (part: Cells, feature: number | null): boolean =>
    feature !== null && part.forms.some(({ index }) => index === feature);
  const indexOf = (feature: number | null): number =>
    oldParts.findIndex((part) => holds(part, feature));
  const cellOf = (cell: number, part: number): number =>
    from instanceof CompositeCells ? from.memberOf(cell, part) : cell;
  if (to instanceof NumberCells) {
    const part = oldParts.findIndex((old) => old instanceof NumberCells);
    const old = oldParts[part];
    const aggregates = old instanceof NumberCells ? old.aggregates : [];
    const numbers = new NumberTranslation({ from: aggregates, to: to.aggregates, formerOf });
    return (cell, target) => {
      if (old instanceof NumberCells) numbers.write(old.numbers, cellOf(cell, part), target);
      else numbers.write(new Float64Array(0), -1, target);
    };
  }
  if (to instanceof BoxedCells) {
    const writers = to.forms.map(({ index }, member): WritePart => {
      const former = formerOf(index);
      const part = indexOf(former);
      const old = oldParts[part];
      if (!(old instanceof BoxedCells)) return (_, target) => to.writeMember(-1, member, target);
      const place = old.forms.findIndex((form) => form.index === former);
      return (cell, target) => old.writeMember(cellOf(cell, part), place, target);
    });
    return (cell, target) => {
      for (const write of writers) write(cell, target);
    };
  }
  const part = indexOf(formerOf(to.forms[0]?.index ?? -1));
  const old = oldParts[part];
  if (old === undefined) return (_, target) => to.write(to.create(), target);
  return (cell, target) => old.write(cellOf(cell, part), target);
}
