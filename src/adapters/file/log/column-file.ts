// A table of typed columns as one Parquet file, written as the feature log writes its own: lists and
// maps of scalars as LIST and MAP, what is nested deeper as JSON text, every column optional. The
// file appears under its name when it is whole.
import { rm } from 'node:fs/promises';
import type { ColumnTable } from '../../../columns/column-table.ts';
import { createLogColumn } from './log-column.ts';
import { ParquetPart } from './parquet-part.ts';

const groupRows = 65_536;
const groupsInFlightMax = 4;

/** Writes a table; `onWritten` is told how many rows are through now and then. */
export async function writeColumnFile(
  path: string,
  { fields, columns, rowCount }: ColumnTable,
  onWritten: (rows: number) => void,
): Promise<void> {
  const targets = fields.map((field) => createLogColumn({ ...field, nullable: true }));
  const unfinished = `${path}.unfinished`;
  const elements = targets.flatMap(({ elements: own }) => own);
  await rm(unfinished, { force: true });
  const part = new ParquetPart(unfinished, elements);
  const inFlight: Promise<void>[] = [];
  try {
    for (let from = 0; from < rowCount || from === 0; from += groupRows) {
      const to = Math.min(rowCount, from + groupRows);
      for (const [i, column] of columns.entries()) targets[i]?.append(column, from, to);
      const pages = targets.flatMap((target) => target.takePages());
      inFlight.push(part.addRowGroup(to - from, pages));
      if (inFlight.length > groupsInFlightMax) await inFlight.shift();
      onWritten(to);
    }
    await Promise.all(inFlight);
    await part.finish(path);
  } catch (error) {
    await Promise.allSettled(inFlight);
    await rm(unfinished, { force: true });
    throw error;
  }
}
