// LMDB behind the few calls that the store uses. Writes happen only inside `transaction`, which is
// synchronous and all or nothing; reads see the newest commit of any process. Values returned by
// `peek` are valid until the next call.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type RootDatabase, open } from 'lmdb';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { checkDatabaseFile, checkRoom } from './file-guard.ts';
import { type MappedRoom, mapBytesFor, openMappedRoom } from './mapped-room.ts';

export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface Database {
  peek(key: Uint8Array): Uint8Array | undefined;
  /** Only inside `transaction`. The bytes are copied before it returns. */
  put(key: Uint8Array, value: Uint8Array): void;
  /** Only inside `transaction`. */
  remove(key: Uint8Array): void;
  /** The body may run again when the commit was undone. */
  transaction(body: () => void): void;
  /** The first `limit` entries from `start` up to, not including, `end`; keys and values are copies. */
  entries(start: Uint8Array, end: Uint8Array, limit: number): readonly Entry[];
  /** Forces what was written to the disk. */
  sync(): void;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /**
   * `write`: the caller holds the lock of writers. `correct`: writes to what is there, beside the
   * process that writes it.
   */
  readonly mode: 'read' | 'write' | 'correct';
  readonly syncEachWrite: boolean;
}

const fileName = 'data.mdb';

export function openDatabase(directory: string, options: DatabaseOptions): Database {
  const path = join(directory, fileName);
  if (options.mode === 'write') {
    mkdirSync(directory, { recursive: true });
    checkRoom(directory);
  } else if (!existsSync(path)) {
    throw new MillraceError('MR_STORE_OPEN', `there is no store in ${directory} yet`, {
      context: { path: directory },
      fix: 'run the job first (millrace run), or check the path of the online store',
    });
  }
  checkDatabaseFile(directory, path);
  if (options.mode !== 'read') refuseReaders(directory, path);
  const isReading = options.mode === 'read';
  if (isReading) readersHere.set(path, (readersHere.get(path) ?? 0) + 1);
  const mayBeMapped = options.mode === 'write' && !options.syncEachWrite;
  const mapBytes = mayBeMapped ? mapBytesFor(directory, path) : null;
  const db = open<Uint8Array, Uint8Array>({
    path,
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
    cache: false,
    maxReaders: 510,
    readOnly: isReading,
    ...(options.syncEachWrite ? { overlappingSync: false } : { noSync: true }),
    ...(mapBytes === null ? {} : { useWritemap: true, mapSize: mapBytes }),
  });
  const room = mapBytes === null ? null : openMappedRoom(path);
  return databaseOf(db, path, { isReading, room });
}

interface OpenedAs {
  readonly isReading: boolean;
  /** Null: written by calls, which say when there is no room. */
  readonly room: MappedRoom | null;
}

function databaseOf(
  db: RootDatabase<Uint8Array, Uint8Array>,
  path: string,
  { isReading, room }: OpenedAs,
): Database {
  let isOpen = true;
  return {
    peek(key) {
      const bytes = db.getBinaryFast(key);
      // The shared buffer is longer than the value: only its `length` property says how much counts.
      return bytes?.subarray(0, bytes.length);
    },
    put(key, value) {
      room?.take(key.length + value.length);
      db.putSync(key, value);
    },
    remove(key) {
      room?.take(key.length);
      db.removeSync(key);
    },
    transaction(body) {
      commitAgain(() =>
        db.transactionSync(() => {
          room?.begin();
          body();
        }),
      );
    },
    entries: (start, end, limit) => [...db.getRange({ start, end, limit })],
    sync: () => syncFile(path),
    close() {
      if (isOpen && room !== null) {
        db.transactionSync(() => room.trim());
        room.close();
      }
      if (isOpen && isReading) readersHere.set(path, (readersHere.get(path) ?? 1) - 1);
      isOpen = false;
      return db.close();
    },
  };
}

const badTransaction = -30_782;
const commitsMax = 5;

/**
 * At times, with nothing wrong, LMDB does not find the record of the free pages that a commit may have to
 * write, and reports whatever is in its memory there: an empty record ends the commit ("reserved
 * freelist had a data entry with zero-size"). All is undone then, and the list of free pages is read anew
 * by the next transaction. Seen once in some fifty runs of a few ten thousand transactions.
 */
export function commitAgain(transaction: () => void): void {
  for (let commits = 1; ; commits++) {
    try {
      return transaction();
    } catch (error) {
      if ((error as { code?: unknown }).code !== badTransaction || commits === commitsMax)
        throw error;
    }
  }
}

/** How often this process has a database open for reading only. */
const readersHere = new Map<string, number>();

/** LMDB opens a file once per process: what was first opened for reading cannot be written then. */
function refuseReaders(directory: string, path: string): void {
  if ((readersHere.get(path) ?? 0) === 0) return;
  throw new MillraceError('MR_STORE_OPEN', `this process reads the store ${directory} already`, {
    context: { path: directory },
    fix: 'close what reads it first (app.close(), the server), or write from another process',
  });
}

function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
