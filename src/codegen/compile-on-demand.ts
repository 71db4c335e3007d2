// Features computed at read time, as generated code over columns: for answers and for training sets
// the same. What cannot fail is one row loop; a feature that can (an integer overflow) has its own, so
// that only it is null in a row where it fails, as derived features are in the engine.
import type { Column } from '../columns/column.ts';
import type { Field } from '../kernel/types/field-type.ts';
import { columnsOf, type Expression } from '../plan/expression.ts';
import { compileProjection } from './compile-projection.ts';
import { canFail } from './operand.ts';
import type { Projection } from './projection.ts';

/** A feature by its expression. */
export interface ComputedFeature {
  readonly name: string;
  readonly value: Expression;
}

export interface OnDemandProgram {
  /** The columns that it reads, in the order in which `evaluate` wants them. */
  readonly inputs: readonly Field[];
  /** Columns of the features, in their order; valid until the next call. */
  evaluate(columns: readonly Column[], rowCount: number): OnDemandResult;
}

export interface OnDemandResult {
  readonly columns: readonly Column[];
  /** Values that are null because they could not be computed. */
  readonly failureCount: number;
}

interface Part {
  /** Places of its outputs among the features. */
  readonly places: readonly number[];
  readonly project: Projection;
  readonly isFallible: boolean;
}

/** Compiles features over these fields; those that no feature reads are left out of `inputs`. */
export function compileOnDemand(
  features: readonly ComputedFeature[],
  fields: readonly Field[],
): OnDemandProgram {
  const read = new Set(features.flatMap(({ value }) => [...columnsOf(value)]));
  const inputs = fields.filter(({ name }) => read.has(name));
  const places = features.map((_, i) => i);
  const fallible = places.filter((i) => canFail(valueAt(features, i)));
  const sure = places.filter((i) => !fallible.includes(i));
  const part = (own: readonly number[], isFallible: boolean): Part => ({
    places: own,
    isFallible,
    project: compileProjection({
      fields: inputs,
      predicates: [],
      outputs: own.map((i) => valueAt(features, i)),
    }),
  });
  const parts = [
    ...(sure.length === 0 ? [] : [part(sure, false)]),
    ...fallible.map((i) => part([i], true)),
  ];
  return {
    inputs,
    evaluate(columns, rowCount) {
      const results: Column[] = [];
      let failureCount = 0;
      for (const each of parts) failureCount += evaluatePart(each, { columns, rowCount }, results);
      return { columns: results, failureCount };
    },
  };
}

function valueAt(features: readonly ComputedFeature[], place: number): Expression {
  const feature = features[place];
  if (feature === undefined) throw new RangeError(`there is no feature ${place}`);
  return feature.value;
}

/** Puts the part's columns into their places; returns how many values failed. */
function evaluatePart(
  { places, project, isFallible }: Part,
  batch: { readonly columns: readonly Column[]; readonly rowCount: number },
  into: Column[],
): number {
  const { columns, failures } = project(batch);
  for (const [i, place] of places.entries()) into[place] = columns[i] as Column;
  if (!isFallible) return 0;
  // Code for what is never null does not write nulls: those of the batch before are still there.
  const [column] = columns as readonly [Column];
  const [place] = places as readonly [number];
  const nulls = column.nulls.slice(0, batch.rowCount);
  for (const { row } of failures) nulls[row] = 1;
  into[place] = { ...column, nulls };
  return failures.length;
}
