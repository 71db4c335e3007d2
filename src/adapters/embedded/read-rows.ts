// Rows of an open database by key and in order. What is handed out is a copy, or stays as it is.
import { Buffer } from 'node:buffer';
import type { Database } from './database.ts';
import { isCut, rangeStart, rowKeySizeMax, splitEntry, writeRowKey } from './row-key.ts';

const scanPageRows = 512;

/** Rows page by page: no read transaction stays open while the consumer works. */
export function* scanRows(
  database: () => Database,
  number: number,
): Generator<Record<'key' | 'row', Uint8Array>> {
  const end = rangeStart(number + 1);
  let start: Uint8Array = rangeStart(number);
  for (;;) {
    const page = database().entries(start, end, scanPageRows);
    for (const { key, value } of page) yield splitEntry(key, value);
    const last = page.at(-1);
    if (last === undefined || page.length < scanPageRows) return;
    // The next possible key: the same with a zero byte behind it.
    start = Buffer.concat([last.key, Buffer.of(0)]);
  }
}

/** Reads rows by key; `numberOf` says which rows are a view's. */
export function createReader(db: Database, numberOf: (view: string) => number | null) {
  const scratch = Buffer.alloc(rowKeySizeMax);
  return (view: string, keys: readonly Uint8Array[]): (Uint8Array | null)[] => {
    const number = numberOf(view);
    if (number === null) return keys.map(() => null);
    return keys.map((key) => {
      const length = writeRowKey(scratch, number, { data: key, start: 0, end: key.length });
      const databaseKey = scratch.subarray(0, length);
      const found = db.peek(databaseKey);
      if (found === undefined) return null;
      const copied = Buffer.from(found);
      return isCut(length) ? splitEntry(databaseKey, copied).row : copied;
    });
  };
}
