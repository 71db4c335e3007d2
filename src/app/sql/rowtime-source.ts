// A source whose rows get columns that records do not hold: what the topic says of them, and the event
// time where it is computed. Rows without it have none, and are set aside like any record without one.
import { compileProjection } from '../../codegen/compile-projection.ts';
import type { DecodedBatch } from '../../columns/batch.ts';
import { columnForField, ensureRows } from '../../columns/column-builder.ts';
import type { Column } from '../../columns/column.ts';
import { parseInstant } from '../../columns/parse-time.ts';
import { putValue } from '../../columns/put-value.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import type { RecordOrigin } from '../../ports/dead-letter-sink.ts';
import type { Source, SourceContext, SourceSplit } from '../../ports/source.ts';
import { rowtimeField, scalarFields, streamFields } from '../../sql/bind/query-plan.ts';
import {
  type MetadataKey,
  metadataFields,
  physicalFields,
  type SqlTable,
} from '../../sql/bind/sql-table.ts';
import { ScalarRows } from './scalar-rows.ts';

/** Columns behind those that a batch has. */
type Extend = (batch: DecodedBatch, split: SourceSplit) => DecodedBatch;

/** The source as it is when records hold all columns themselves. */
export function withRowtime(source: Source, table: SqlTable): Source {
  const physical = physicalFields(table);
  const fields = streamFields(table);
  if (fields.length === physical.length) return source;
  const metadata = metadataOf(table);
  const given = [...physical, ...metadataFields(table)];
  const isHeld = given.some(({ name }) => name === rowtimeField(table));
  const rowtime = isHeld ? null : rowtimeColumn(table, given);
  const extend: Extend = (batch, split) => {
    const columns = [...batch.columns, ...metadata(batch, split)];
    const times = rowtime === null ? [] : [rowtime(columns, batch.rowCount)];
    return { ...batch, fields, columns: [...columns, ...times] };
  };
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

function extendedSplit(split: SourceSplit, extend: Extend): SourceSplit {
  return {
    id: split.id,
    ...(split.position === undefined ? {} : { position: split.position }),
    next: async (rowCountMax) => {
      const read = await split.next(rowCountMax);
      return read.kind === 'rows' ? { ...read, batch: extend(read.batch, split) } : read;
    },
    ...(split.originOf === undefined
      ? {}
      : { originOf: (offset) => split.originOf?.(offset) ?? null }),
    ...(split.retained === undefined ? {} : { retained: (all) => split.retained?.(all) }),
    close: () => split.close(),
  };
}

const metadataValues: Readonly<
  Record<MetadataKey, (origin: RecordOrigin | null, offset: number) => Value>
> = {
  timestamp: (origin) => origin?.timestampMs ?? null,
  partition: (origin) => origin?.partition ?? null,
  offset: (_, offset) => BigInt(offset),
  topic: (origin) => origin?.topic ?? null,
};

function metadataOf(
  table: SqlTable,
): (batch: DecodedBatch, split: SourceSplit) => readonly Column[] {
  const keys = table.columns.flatMap(({ source }) =>
    source.kind === 'metadata' ? [source.key] : [],
  );
  const fields = metadataFields(table);
  return ({ rowCount, offsets }, split) => {
    if (fields.length === 0) return [];
    const builders = fields.map((field) => columnForField(field, rowCount));
    for (const builder of builders) ensureRows(builder, rowCount);
    for (let row = 0; row < rowCount; row++) {
      const offset = offsets[row] as number;
      const origin = split.originOf?.(offset) ?? null;
      for (const [i, builder] of builders.entries()) {
        const value = metadataValues[keys[i] as MetadataKey](origin, offset);
        putValue(builder, (fields[i] as Field).type, row, value);
      }
    }
    return builders;
  };
}

type MakeRowtime = (columns: readonly Column[], rowCount: number) => Column;

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

/** Without a watermark there is no event time: it is always the epoch. */
function rowtimeColumn({ rowtime }: SqlTable, fields: readonly Field[]): MakeRowtime {
  const reader = rowtime?.reader;
  if (reader === undefined) return (_, rowCount) => emptyTimes(rowCount);
  if (reader.kind === 'column') {
    const index = fields.findIndex(({ name }) => name === reader.from);
    return (columns, rowCount) =>
      readTimes(columns[index] as Column, rowCount, readers[reader.unit]);
  }
  const scalars = new ScalarRows(reader.scalars, fields);
  const known = [...fields, ...scalarFields(reader.scalars)];
  const project = compileProjection({ fields: known, predicates: [], outputs: [reader.node] });
  return (columns, rowCount) => {
    const all = scalars.extend({ columns, rowCount });
    const [times] = project({ columns: all, rowCount }).columns;
    const read: TimeReader = (column, row) =>
      column.kind === 'float64' ? (column.values[row] ?? null) : null;
    return readTimes(times as Column, rowCount, read);
  };
}

type TimesColumn = Extract<Column, { readonly kind: 'float64' }>;

function emptyTimes(rowCount: number): TimesColumn {
  return {
    kind: 'float64',
    values: new Float64Array(rowCount),
    nulls: new Uint8Array(rowCount),
  };
}

function readTimes(column: Column, rowCount: number, read: TimeReader): Column {
  const times = emptyTimes(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const timeMs = column.nulls[row] === 1 ? null : read(column, row);
    if (timeMs === null) times.nulls[row] = 1;
    else times.values[row] = timeMs;
  }
  return times;
}
