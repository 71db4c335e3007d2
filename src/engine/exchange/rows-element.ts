// Rows of a stream on their way to the subtasks. An element goes to all of them at once: it holds
// every column as the source gave it, plus the owner of each row per route, and each subtask takes
// up its own rows. So the hub copies whole arrays and does no work per column and row, a late record
// has all of its fields, and columns that no view computes with are looked at only for such records.
import type { Batch } from '../../columns/batch.ts';
import type { BoolColumn, Column, Float64Column } from '../../columns/column.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { BlockReader } from './block-reader.ts';
import { type BlockColumn, BlockWriter, type ElementLimits, takeRows } from './column-block.ts';
import type { Payload } from './elements.ts';
import type { StreamRoutes } from './routes.ts';
import { ColumnSelector, columnOnDemand, type RowSelection } from './select-rows.ts';

/** Columns before those of the stream: event time, arrival, watermark, offset. */
const timeColumns = 4;

const noNulls = new Uint8Array(0);

/** Writes batches of one stream as elements. */
export class RowsWriter implements Payload {
  readonly #stream: number;
  readonly #fields: readonly Field[];
  readonly #block = new BlockWriter();
  #columns: readonly BlockColumn[] = [];
  #rowCount = 0;

  constructor(stream: number, { stream: { fields } }: StreamRoutes) {
    this.#stream = stream;
    this.#fields = fields;
  }

  /** The batch to write, and whose its rows are: per route and row. */
  begin(batch: Batch, owners: readonly Uint8Array[]): void {
    this.#rowCount = batch.rowCount;
    const { head } = this.#block;
    head[0] = this.#stream;
    head[1] = batch.split;
    const { eventTimeMs, arrivalTimeMs, watermarkMs, offsets } = batch;
    this.#columns = [
      ...[eventTimeMs, arrivalTimeMs, watermarkMs, offsets].map(timeColumn),
      ...owners.map(ownerColumn),
      ...this.#fields.map(({ type, nullable }, i) => ({
        column: batch.columns[i] as Column,
        hasNulls: nullable,
        type,
      })),
    ];
  }

  /** Takes rows from `from` on, as many as fit the limits, one at least; where they end. */
  take(from: number, limits: ElementLimits): number {
    return takeRows(this.#block, this.#columns, { from, end: this.#rowCount }, limits);
  }

  get size(): number {
    return this.#block.size;
  }

  writeTo(buffer: SharedArrayBuffer, at: number): void {
    this.#block.writeTo(buffer, at);
  }
}

function timeColumn(values: Float64Array): BlockColumn {
  return { column: { kind: 'float64', values, nulls: noNulls }, hasNulls: false, type: null };
}

function ownerColumn(values: Uint8Array): BlockColumn {
  return { column: { kind: 'bool', values, nulls: noNulls }, hasNulls: false, type: null };
}

/** Stream of a block of rows. */
export function streamOfRows(block: BlockReader): number {
  return block.head[0] as number;
}

/** Takes up one subtask's rows of one route. */
export class RowsReader {
  readonly #subtask: number;
  readonly #fields: readonly Field[];
  readonly #route: number;
  readonly #routeCount: number;
  readonly #isUsed: readonly boolean[];
  readonly #times: readonly ColumnSelector[];
  readonly #columns: readonly ColumnSelector[];
  #selected: Int32Array = new Int32Array(0);

  constructor({ stream, routes }: StreamRoutes, route: number, subtask: number) {
    this.#subtask = subtask;
    this.#fields = stream.fields;
    this.#route = route;
    this.#routeCount = routes.length;
    const used = new Set(routes[route]?.usedFields);
    this.#isUsed = stream.fields.map((_, i) => used.has(i));
    this.#times = Array.from({ length: timeColumns }, () => new ColumnSelector());
    this.#columns = stream.fields.map(({ type }) => new ColumnSelector(type));
  }

  /** The rows as a batch, valid until the element is released or the next call; null without any. */
  read(block: BlockReader): Batch | null {
    const selection = this.#select(block);
    const rowCount = selection.count;
    if (rowCount === 0) return null;
    const rows = rowCount === block.rowCount ? null : selection;
    const firstField = timeColumns + this.#routeCount;
    const time = (i: number): Float64Array => {
      const column = (this.#times[i] as ColumnSelector).select(block, i, rows);
      return (column as Float64Column).values;
    };
    return {
      fields: this.#fields,
      columns: this.#columns.map((column, i) => {
        const at = firstField + i;
        if (this.#isUsed[i] === true) return column.select(block, at, rows);
        return columnOnDemand(block.kindOf(at), () => column.select(block, at, rows));
      }),
      rowCount,
      eventTimeMs: time(0),
      arrivalTimeMs: time(1),
      watermarkMs: time(2),
      offsets: time(3),
      split: block.head[1] as number,
    };
  }

  #select(block: BlockReader): RowSelection {
    const owners = (block.numbers(timeColumns + this.#route) as BoolColumn).values;
    const subtask = this.#subtask;
    if (this.#selected.length < block.rowCount) this.#selected = new Int32Array(block.rowCount);
    const rows = this.#selected;
    let count = 0;
    for (let row = 0; row < block.rowCount; row++) {
      rows[count] = row;
      if (owners[row] === subtask) count += 1;
    }
    return { rows, count };
  }
}
