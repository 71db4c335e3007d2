// A source whose rows get their event time from another column: milliseconds, seconds or text. Rows
// without it have none, and are set aside like any record without an event time.
import type { DecodedBatch } from '../../columns/batch.ts';
import type { Column } from '../../columns/column.ts';
import { parseInstant } from '../../columns/parse-time.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { Source, SourceContext, SourceSplit } from '../../ports/source.ts';
import { rowtimeField, streamFields } from '../../sql/bind/query-plan.ts';
import { physicalFields, type SqlTable } from '../../sql/bind/sql-table.ts';

type TimeReader = (column: Column, row: number) => number | null;

const utf8 = new TextDecoder('utf-8');

const readers: Readonly<Record<'ms' | 's' | 'text', TimeReader>> = {
  ms: (column, row) => (column.kind === 'int64' ? Number(column.values[row]) : null),
  s: (column, row) => (column.kind === 'int64' ? Number(column.values[row]) * 1000 : null),
  text: (column, row) =>
    column.kind === 'bytes'
      ? parseInstant(utf8.decode(column.data.subarray(column.starts[row], column.ends[row])))
      : null,
};

/** The source as it is when records hold the event time themselves. */
export function withRowtime(source: Source, table: SqlTable): Source {
  const physical = physicalFields(table);
  const name = rowtimeField(table);
  if (physical.some((field) => field.name === name)) return source;
  const column = table.columns.find((candidate) => candidate.name === name);
  const from = column?.source.kind === 'rowtime' ? column.source : null;
  const index = physical.findIndex((field) => field.name === from?.from);
  const read = from === null ? null : readers[from.unit];
  const fields = streamFields(table);
  const extend = (batch: DecodedBatch): DecodedBatch => extended(batch, fields, index, read);
  return {
    description: source.description,
    bounded: source.bounded,
    ...(source.records === undefined ? {} : { records: source.records }),
    open: async (context) => {
      const inner: SourceContext = { ...context, rowType: { fields: physical } };
      const { addSplit } = context;
      const splits = await source.open(
        addSplit === undefined
          ? inner
          : { ...inner, addSplit: (split) => addSplit(extendedSplit(split, extend)) },
      );
      return splits.map((split) => extendedSplit(split, extend));
    },
  };
}

function extendedSplit(
  split: SourceSplit,
  extend: (batch: DecodedBatch) => DecodedBatch,
): SourceSplit {
  return {
    id: split.id,
    ...(split.position === undefined ? {} : { position: split.position }),
    next: async (rowCountMax) => {
      const read = await split.next(rowCountMax);
      return read.kind === 'rows' ? { ...read, batch: extend(read.batch) } : read;
    },
    close: () => split.close(),
  };
}

/** Without a reader there is no event time: it is always the epoch. */
function extended(
  batch: DecodedBatch,
  fields: readonly Field[],
  index: number,
  read: TimeReader | null,
): DecodedBatch {
  const { rowCount, columns } = batch;
  const values = new Float64Array(rowCount);
  const nulls = new Uint8Array(rowCount);
  const column = columns[index];
  if (read !== null && column !== undefined) {
    for (let row = 0; row < rowCount; row++) {
      const timeMs = column.nulls[row] === 1 ? null : read(column, row);
      if (timeMs === null) nulls[row] = 1;
      else values[row] = timeMs;
    }
  }
  return { ...batch, fields, columns: [...columns, { kind: 'float64', values, nulls }] };
}
