// Rows of a query as records of the one that reads them: a batch of its stream, in the order of the rows.
import type { Batch } from '../../columns/batch.ts';
import { columnForField, ensureRows } from '../../columns/column-builder.ts';
import { putValue } from '../../columns/put-value.ts';
import { minWatermark } from '../../kernel/instant.ts';
import type { BoundQuery } from '../../sql/bind/bound-query.ts';
import { rowtimeField, streamFields } from '../../sql/bind/query-plan.ts';
import type { SqlRow } from './sql-row.ts';

export class ResultsFeed {
  /** What is known to the query that reads. */
  watermarkMs: number = minWatermark;
  readonly #query: BoundQuery;
  #count = 0;

  constructor(query: BoundQuery) {
    this.#query = query;
  }

  batchOf(rows: readonly SqlRow[]): Batch {
    const { table } = this.#query;
    const fields = streamFields(table);
    const rowCount = rows.length;
    const rowtime = fields.findIndex(({ name }) => name === rowtimeField(table));
    const eventTimeMs = new Float64Array(rowCount);
    const columns = fields.map((field, i) => {
      const builder = columnForField(field, rowCount);
      ensureRows(builder, rowCount);
      for (const [n, { values }] of rows.entries()) {
        // Without an event time it is always the epoch, in a column of its own.
        const value = i < values.length ? (values[i] ?? null) : 0;
        if (i === rowtime) eventTimeMs[n] = Number(value);
        putValue(builder, field.type, n, value);
      }
      return builder;
    });
    const offsets = Float64Array.from(rows, () => this.#count++);
    return {
      ...{ fields, columns, rowCount, offsets, eventTimeMs, split: 0 },
      arrivalTimeMs: new Float64Array(rowCount),
      watermarkMs: new Float64Array(rowCount).fill(this.watermarkMs),
    };
  }
}
