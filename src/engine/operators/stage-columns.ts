// Copies inputs of aggregates from the columns of a batch to the staged rows.
import type { Column } from '../../columns/column.ts';
import { readValue } from '../../columns/read-value.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { hashRange, hashValue } from '../../sketch/hash-value.ts';
import type { ValueCodes } from '../state/value-codes.ts';
import { identityOf } from '../state/accumulators/distinct.ts';

/** The rows of a batch that were selected, and where the first of them goes. */
export interface StagedRange {
  readonly selected: Int32Array;
  readonly count: number;
  readonly first: number;
}

/** Copies a column of numbers; nulls become 0. */
export function stageNumbers(column: Column, target: Float64Array, range: StagedRange): void {
  const { selected, count, first } = range;
  if (column.kind === 'float64' || column.kind === 'int32') {
    const { values } = column;
    for (let i = 0; i < count; i++) target[first + i] = values[selected[i] as number] as number;
  } else if (column.kind === 'int64') {
    const { values } = column;
    for (let i = 0; i < count; i++) target[first + i] = Number(values[selected[i] as number]);
  } else if (column.kind === 'object') {
    const { values } = column;
    for (let i = 0; i < count; i++) target[first + i] = Number(values[selected[i] as number] ?? 0);
  }
}

/** Brings decimals from their unscaled integers to their values. */
export function scaleNumbers(target: Float64Array, scale: number, range: StagedRange): void {
  const divisor = 10 ** scale;
  const { first, count } = range;
  for (let i = first; i < first + count; i++) target[i] = (target[i] as number) / divisor;
}

/** Hashes a column of any type, for sketches. */
export function stageHashes(
  column: Column,
  field: Field,
  target: Float64Array,
  range: StagedRange,
): void {
  const { selected, count, first } = range;
  for (let i = 0; i < count; i++) {
    const row = selected[i] as number;
    if (column.nulls[row] === 1) continue;
    if (column.kind === 'bytes' && field.type.kind !== 'bytes') {
      const { data, starts, ends } = column;
      target[first + i] = hashRange(data, starts[row] as number, ends[row] as number);
    } else if (column.kind === 'float64') {
      target[first + i] = hashValue(column.values[row] as number);
    } else target[first + i] = hashValue(identityOf(readValue(column, field, row)));
  }
}

/** Codes of the values of a column, held while the rows are staged; -1 for null. */
export function stageCodes(
  column: Column,
  field: Field,
  target: Float64Array,
  { selected, count, first, codes }: StagedRange & { readonly codes: ValueCodes },
): void {
  for (let i = 0; i < count; i++) {
    const row = selected[i] as number;
    target[first + i] = column.nulls[row] === 1 ? -1 : codes.hold(column, field, row);
  }
}

/** Sets the filter's bit of the rows for which `where` is true and `value` is not null. */
export function stageFilter(
  where: Column | null,
  value: Column | null,
  target: Int32Array,
  { selected, count, first, bit }: StagedRange & { readonly bit: number },
): void {
  const flag = 1 << bit;
  const nulls = value?.nulls ?? null;
  const truth = where?.kind === 'bool' ? where : null;
  for (let i = 0; i < count; i++) {
    const row = selected[i] as number;
    if (truth !== null && (truth.values[row] !== 1 || truth.nulls[row] === 1)) continue;
    if (nulls !== null && nulls[row] === 1) continue;
    target[first + i] = (target[first + i] as number) | flag;
  }
}
