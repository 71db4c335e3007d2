// The rows of one job as somebody beside it sees them: with the definitions that they were written
// by, and with corrections. It reads until the first correction. Corrections compare versions within
// one transaction, also against a job of another process, and are on the disk when they resolve; they
// need no writer's lock.
import { Buffer } from 'node:buffer';
import { asOfMsOf, seqOf } from '../../columns/packed-row.ts';
import type { RowReplacement, StoreRows } from '../../ports/store-jobs.ts';
import { type Database, openDatabase } from './database.ts';
import { createReader, scanRows } from './read-rows.ts';
import {
  greatestAsOfKey,
  isCut,
  rowKeySizeMax,
  splitEntry,
  withWholeKey,
  writeRowKey,
} from './row-key.ts';
import { openFailure, writeFailure } from './store-errors.ts';
import { recordedNumbers } from './view-catalogue.ts';

/** Throws MR_STORE_OPEN when there is no store in the folder. */
export async function openEmbeddedRows(directory: string): Promise<StoreRows> {
  try {
    return rowsOf(directory, openDatabase(directory, { mode: 'read', syncEachWrite: true }));
  } catch (error) {
    throw openFailure(directory, error);
  }
}

function rowsOf(directory: string, reading: Database): StoreRows {
  let db = reading;
  let isCorrecting = false;
  const numbers = recordedNumbers(db);
  const numberOf = (view: string): number | null => numbers.get(view)?.number ?? null;
  let read = createReader(db, numberOf);
  const beginCorrecting = async (): Promise<void> => {
    if (isCorrecting) return;
    await db.close();
    db = openDatabase(directory, { mode: 'correct', syncEachWrite: true });
    read = createReader(db, numberOf);
    isCorrecting = true;
  };
  return {
    views: [...numbers.values()].map(({ view }) => view),
    read: (view, keys) => read(view, keys),
    async *scan(view) {
      const number = numberOf(view);
      if (number !== null) yield* scanRows(() => db, number);
    },
    async replace(view, rows) {
      const number = numberOf(view);
      if (number === null) return rows.map(() => false);
      const done: boolean[] = [];
      try {
        await beginCorrecting();
        db.transaction(() => {
          done.length = 0;
          for (const row of rows) done.push(replaceRow(db, number, row));
        });
      } catch (error) {
        throw writeFailure(directory, error);
      }
      return done;
    },
    close: () => db.close(),
  };
}

const scratch = Buffer.alloc(rowKeySizeMax);

/** Only inside a transaction. False when the row is not as expected. */
function replaceRow(db: Database, number: number, { key, row, expected }: RowReplacement): boolean {
  const range = { data: key, start: 0, end: key.length };
  const databaseKey = scratch.subarray(0, writeRowKey(scratch, number, range));
  const cut = isCut(databaseKey.length);
  const found = db.peek(databaseKey);
  const stored = found !== undefined && cut ? splitEntry(databaseKey, found).row : found;
  if ((stored === undefined) !== (expected === null)) return false;
  if (stored !== undefined && expected !== null) {
    if (asOfMsOf(stored) !== expected.asOfMs || seqOf(stored) !== expected.seq) return false;
  }
  if (row === null) {
    if (stored !== undefined) db.remove(databaseKey);
    return true;
  }
  db.put(databaseKey, cut ? withWholeKey(range, row) : row);
  const greatest = db.peek(greatestAsOfKey);
  const asOfMs = asOfMsOf(row);
  if (greatest === undefined || Buffer.from(greatest).readDoubleLE(0) < asOfMs) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(asOfMs);
    db.put(greatestAsOfKey, bytes);
  }
  return true;
}
