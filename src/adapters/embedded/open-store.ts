// The embedded store: one transaction per engine batch, in which the newest row of each key is
// compared with what is stored and the greatest as_of moves. Nothing here waits for the disk unless
// `syncEachWrite` asks for it; a failed transaction leaves the previous state.
import { Buffer } from 'node:buffer';
import { mkdirSync } from 'node:fs';
import { createNewestRows } from '../../columns/newest-rows.ts';
import { createRowPacker } from '../../columns/packed-row-writer.ts';
import { isNewerThan, type RowVersion } from '../../columns/packed-row.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { OnlineStore, StoreContext } from '../../ports/online-store.ts';
import { type Database, openDatabase } from './database.ts';
import { createReader, scanRows } from './read-rows.ts';
import {
  greatestAsOfKey,
  isCut,
  metaKey,
  rowKeySizeMax,
  splitEntry,
  withWholeKey,
  writeRowKey,
} from './row-key.ts';
import { openFailure, writeFailure } from './store-errors.ts';
import { type ViewCatalogue, createViewCatalogue } from './view-catalogue.ts';
import { type WriterLock, acquireWriterLock } from './writer-lock.ts';

export interface OpenOptions {
  readonly syncEachWrite: boolean;
}

interface Opened {
  readonly directory: string;
  readonly db: Database;
  readonly views: ViewCatalogue;
  readonly lock: WriterLock | null;
}

export async function openEmbeddedStore(
  directory: string,
  context: StoreContext,
  options: OpenOptions,
): Promise<OnlineStore> {
  let db: Database | null = null;
  let lock: WriterLock | null = null;
  try {
    if (context.mode === 'write') {
      mkdirSync(directory, { recursive: true });
      lock = acquireWriterLock(directory, options.syncEachWrite);
    }
    db = openDatabase(directory, { mode: context.mode, syncEachWrite: options.syncEachWrite });
    const views = createViewCatalogue(directory, db, context);
    return storeOf({ directory, db, views, lock });
  } catch (error) {
    lock?.release();
    await db?.close();
    throw openFailure(directory, error);
  }
}

function storeOf(opened: Opened): OnlineStore {
  const { db, views, directory } = opened;
  const write = createWriter(opened);
  const read = createReader(db, (view) => views.numberOf(view));
  let isOpen = true;
  return {
    write: async (batch) => write(batch),
    read,
    async *scan(view) {
      const number = views.numberOf(view);
      if (number !== null) yield* scanRows(() => db, number);
    },
    greatestAsOfMs: () => greatestAsOf(db),
    writeNote: async (name, value) => {
      inTransaction(directory, db, () => db.put(metaKey(`note:${name}`), Buffer.from(value)));
    },
    readNote(name) {
      const bytes = db.peek(metaKey(`note:${name}`));
      return bytes === undefined ? null : Buffer.from(bytes).toString('utf8');
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      if (opened.lock !== null) db.sync();
      await db.close();
      opened.lock?.release();
    },
  };
}

function greatestAsOf(db: Database): number | null {
  const bytes = db.peek(greatestAsOfKey);
  return bytes === undefined ? null : Buffer.from(bytes).readDoubleLE(0);
}

function inTransaction(directory: string, db: Database, body: () => void): void {
  try {
    db.transaction(body);
  } catch (error) {
    throw writeFailure(directory, error);
  }
}

/** The view's number, and the greatest as_of that is stored: rows after it need no comparison. */
interface RowTarget {
  readonly number: number;
  readonly storedMs: number;
}

function createWriter({ directory, db, views, lock }: Opened): (batch: VectorBatch) => void {
  const scratch = Buffer.alloc(rowKeySizeMax);
  const newest = createNewestRows();
  const packer = createRowPacker();
  const greatest = Buffer.alloc(8);

  /** No row of the store is newer than `storedMs`. */
  const isOlder = (key: Uint8Array, version: RowVersion, storedMs: number): boolean => {
    if (version.asOfMs > storedMs) return false;
    const found = db.peek(key);
    if (found === undefined) return false;
    return !isNewerThan(version, isCut(key.length) ? splitEntry(key, found).row : found);
  };

  const writeRow = (batch: VectorBatch, row: number, { number, storedMs }: RowTarget): number => {
    const key = {
      data: batch.keyData,
      start: batch.keyStarts[row] as number,
      end: batch.keyEnds[row] as number,
    };
    const databaseKey = scratch.subarray(0, writeRowKey(scratch, number, key));
    const version = { asOfMs: batch.asOfMs[row] as number, seq: batch.seq[row] as number };
    if (isOlder(databaseKey, version, storedMs)) return Number.NEGATIVE_INFINITY;
    packer.reset();
    packer.pack(batch, row);
    const packed = packer.bytes.subarray(0, packer.length);
    db.put(databaseKey, isCut(databaseKey.length) ? withWholeKey(key, packed) : packed);
    return version.asOfMs;
  };

  return (batch) => {
    if (lock === null) {
      throw new MillraceError('MR_STORE_OPEN', `the store ${directory} was opened for reading`, {
        context: { path: directory },
      });
    }
    const number = views.numberOf(batch.view);
    if (number === null) {
      throw new MillraceError('MR_INTERNAL', `the store was not told of view "${batch.view}"`);
    }
    inTransaction(directory, db, () => {
      let greatestMs = Number.NEGATIVE_INFINITY;
      const storedMs = greatestAsOf(db) ?? Number.NEGATIVE_INFINITY;
      for (const row of newest.find(batch)) {
        greatestMs = Math.max(greatestMs, writeRow(batch, row, { number, storedMs }));
      }
      if (greatestMs <= storedMs) return;
      greatest.writeDoubleLE(greatestMs);
      db.put(greatestAsOfKey, greatest);
    });
  };
}
