// The columns that one view adds to a training set: its features and the age of what they came from,
// as reading them at the label's time would have given.
import { readValue } from '../columns/read-value.ts';
import type { VectorBatch } from '../columns/vector-batch.ts';
import type { Field, Value } from '../kernel/types/field-type.ts';
import { type ViewNode, featureFields } from '../plan/plan.ts';

export class ViewColumns {
  readonly view: ViewNode;
  readonly fields: readonly Field[];
  readonly columns: Value[][];
  readonly ages: Value[];

  constructor(view: ViewNode, rowCount: number) {
    this.view = view;
    this.fields = featureFields(view);
    this.columns = this.fields.map(() => new Array<Value>(rowCount).fill(null));
    this.ages = new Array<Value>(rowCount).fill(null);
  }

  /** Stores the vectors of labels `rows[0 ..]`, in their order. Unknown entities stay null. */
  put(vectors: VectorBatch, rows: ArrayLike<number>, first: number): void {
    const ttlMs = this.view.ttlMs ?? Number.POSITIVE_INFINITY;
    for (let i = 0; i < vectors.rowCount; i++) {
      const ageMs = (vectors.asOfMs[i] as number) - (vectors.eventTimeMs[i] as number);
      if (!Number.isFinite(ageMs)) continue;
      const row = rows[first + i] as number;
      this.ages[row] = ageMs;
      if (ageMs <= ttlMs) this.#putRow(vectors, i, row);
    }
  }

  #putRow(vectors: VectorBatch, i: number, row: number): void {
    for (const [f, field] of this.fields.entries()) {
      const column = vectors.columns[f];
      const target = this.columns[f];
      if (column !== undefined && target !== undefined) target[row] = readValue(column, field, i);
    }
  }
}

/** Names of all columns of the result; equal names get their view's name in front. */
export function nameColumns(
  labelNames: readonly string[],
  views: readonly ViewColumns[],
  fullFeatureNames: boolean,
): readonly (readonly string[])[] {
  const uses = new Map<string, number>(labelNames.map((name) => [name, 1]));
  for (const { fields } of views) {
    for (const { name } of fields) uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return views.map(({ view, fields }) =>
    fields.map(({ name }) =>
      fullFeatureNames || (uses.get(name) ?? 0) > 1 ? `${view.name}__${name}` : name,
    ),
  );
}
