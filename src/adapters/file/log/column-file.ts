// Typed columns as one Parquet file, written as the feature log writes its own: lists and maps of
// scalars as LIST and MAP, what is nested deeper as JSON text. The file appears under its name, durably,
// when it is whole.
import { rm } from 'node:fs/promises';
import type { ColumnTable } from '../../../columns/column-table.ts';
import type { Column } from '../../../columns/column.ts';
import type { Field } from '../../../kernel/types/field-type.ts';
import { type LogColumn, createLogColumn } from './log-column.ts';
import { ParquetPart } from './parquet-part.ts';

const groupRows = 65_536;
const groupsInFlightMax = 4;

/** Writes a table, every column optional; `onWritten` is told how many rows are through now and then. */
export async function writeColumnFile(
  path: string,
  { fields, columns, rowCount }: ColumnTable,
  onWritten: (rows: number) => void,
): Promise<void> {
  const file = new ColumnFile(
    path,
    fields.map((field) => ({ ...field, nullable: true })),
    [],
  );
  try {
    for (let from = 0; from < rowCount; from += groupRows) {
      const to = Math.min(rowCount, from + groupRows);
      await file.append(columns, from, to);
      onWritten(to);
    }
    await file.finish();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** A file that grows by rows of columns. */
export class ColumnFile {
  readonly #path: string;
  readonly #columns: readonly LogColumn[];
  readonly #part: ParquetPart;
  readonly #inFlight: Promise<void>[] = [];
  #pendingRows = 0;
  #hasGroup = false;

  /** `bounded`: names of fields whose least and greatest value are written. */
  constructor(path: string, fields: readonly Field[], bounded: readonly string[]) {
    this.#path = path;
    this.#columns = fields.map((field) => createLogColumn(field, bounded.includes(field.name)));
    const elements = this.#columns.flatMap((column) => column.elements);
    this.#part = new ParquetPart(this.#unfinished, elements);
  }

  get #unfinished(): string {
    return `${this.#path}.unfinished`;
  }

  /** Appends rows `[from, to)` of columns in the order of the fields. */
  async append(columns: readonly Column[], from: number, to: number): Promise<void> {
    for (let at = from; at < to; ) {
      const end = Math.min(to, at + groupRows - this.#pendingRows);
      for (const [i, column] of columns.entries()) this.#columns[i]?.append(column, at, end);
      this.#pendingRows += end - at;
      if (this.#pendingRows === groupRows) await this.#writeGroup();
      at = end;
    }
  }

  async #writeGroup(): Promise<void> {
    const pages = this.#columns.flatMap((column) => column.takePages());
    if (!this.#hasGroup) await rm(this.#unfinished, { force: true });
    this.#hasGroup = true;
    this.#inFlight.push(this.#part.addRowGroup(this.#pendingRows, pages));
    this.#pendingRows = 0;
    if (this.#inFlight.length > groupsInFlightMax) await this.#inFlight.shift();
  }

  async finish(): Promise<void> {
    if (this.#pendingRows > 0 || !this.#hasGroup) await this.#writeGroup();
    await Promise.all(this.#inFlight);
    await this.#part.finish(this.#path);
  }

  async discard(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    await rm(this.#unfinished, { force: true });
  }
}
