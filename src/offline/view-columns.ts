// The columns that one view adds to a training set: its features and the age of what they came from,
// as reading them at the label's time would have given. A value older than the ttl (exactly as old
// still counts) is null, and so is its age: nothing would have been served.
import { type ColumnBuilder, columnForField } from '../columns/column-builder.ts';
import type { Column } from '../columns/column.ts';
import { copyRows } from '../columns/copy-rows.ts';
import type { Field } from '../kernel/types/field-type.ts';
import { type ViewNode, featureFields } from '../plan/plan.ts';

export class ViewColumns {
  readonly view: ViewNode;
  readonly fields: readonly Field[];
  readonly columns: readonly ColumnBuilder[];
  readonly ages: ColumnBuilder & { readonly kind: 'float64' };
  readonly #ttlMs: number;
  #from = new Int32Array(0);
  #to = new Int32Array(0);

  constructor(view: ViewNode, rowCount: number) {
    this.view = view;
    this.fields = featureFields(view).map((field) => ({ ...field, nullable: true }));
    this.columns = this.fields.map((field) => nulls(columnForField(field, rowCount)));
    const values = new Float64Array(rowCount);
    this.ages = { kind: 'float64', nulls: new Uint8Array(rowCount).fill(1), values };
    this.#ttlMs = view.ttlMs ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Row `from[i]` of `columns`, whose newest event was at `eventTimeMs[from[i]]`, is the vector of
   * label `rows[i]` at `timesMs[rows[i]]`. Rows without an event, or with too old a one, stay null.
   */
  put(vectors: Vectors, rows: ArrayLike<number>, timesMs: Float64Array): void {
    const { columns, eventTimeMs, from, count } = vectors;
    if (this.#from.length < count) {
      this.#from = new Int32Array(count * 2);
      this.#to = new Int32Array(count * 2);
    }
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const source = from === undefined ? i : (from[i] as number);
      const row = rows[i] as number;
      const ageMs = (timesMs[row] as number) - (eventTimeMs[source] as number);
      if (!Number.isFinite(ageMs) || ageMs > this.#ttlMs) continue;
      this.#from[kept] = source;
      this.#to[kept++] = row;
      // Of several logs of a view the newest row.
      const known = this.ages.nulls[row] === 0 ? (this.ages.values[row] as number) : ageMs;
      this.ages.values[row] = Math.min(known, ageMs);
      this.ages.nulls[row] = 0;
    }
    const moves = { from: this.#from, to: this.#to, count: kept };
    for (const [f, column] of columns.entries()) {
      const target = this.columns[f];
      if (column !== null && target !== undefined) copyRows(column, target, moves);
    }
  }
}

/** Feature vectors; null for a feature that they do not have. */
export interface Vectors {
  readonly columns: readonly (Column | null)[];
  readonly eventTimeMs: Float64Array;
  /** Which rows count, in order; default: the first `count`. */
  readonly from?: ArrayLike<number>;
  readonly count: number;
}

function nulls(builder: ColumnBuilder): ColumnBuilder {
  builder.nulls.fill(1);
  return builder;
}

/** Columns of one view by name. */
export interface NamedFields {
  readonly view: { readonly name: string };
  readonly fields: readonly Field[];
}

/** Names of all columns of the result; equal names get their view's name in front. */
export function nameColumns(
  labelNames: readonly string[],
  views: readonly NamedFields[],
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
