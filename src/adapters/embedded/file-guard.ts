// LMDB crashes the process when it is given a file that is not its own, so the first bytes are read
// before: both meta pages must carry its mark, and the roots that they name must lie in the file.
// A file that is damaged further inside is not noticed here.
import { closeSync, existsSync, fstatSync, openSync, readSync, statfsSync } from 'node:fs';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

const mark = 0xbeefc0de;
const dataVersion = 2;
const emptyRoot = 0xffff_ffff_ffff_ffffn;
/** Byte positions within a meta page. */
const at = {
  mark: 24,
  version: 28,
  mapBytes: 40,
  pageSize: 48,
  freeRoot: 88,
  mainRoot: 136,
  lastPage: 144,
  transaction: 152,
} as const;
const metaBytes = 176;

/** LMDB's lock file is written through memory: without room for it the process would crash. */
const freeBytesMin = 256 * 1024;

/** Throws MR_STORE_FULL when there is no room on the disk to open a store for writing. */
export function checkRoom(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize >= freeBytesMin) return;
  throw new MillraceError(
    'MR_STORE_FULL',
    `there is no room on the disk for the store ${directory}`,
    {
      context: { path: directory },
      fix: 'make room on that disk and run again',
    },
  );
}

/** Throws MR_STORE_OPEN when the file at `path` is there and is not a database. */
export function checkDatabaseFile(directory: string, path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size === 0 || isDatabase(file, size)) return;
  } finally {
    closeSync(file);
  }
  throw new MillraceError('MR_STORE_OPEN', `${path} is not a store of millrace, or it is damaged`, {
    context: { path: directory },
    fix: `choose another folder, or delete ${directory} and run again: it is computed anew`,
  });
}

/** What the newest commit says of a database's file. */
export interface FileExtent {
  readonly pageBytes: number;
  /** No page after this one has ever been in use. */
  readonly lastPage: number;
  /** How much of the file is mapped by who writes it. */
  readonly mapBytes: number;
}

/** Reads what a file says, as often as one likes; null when it is empty, or no database. */
export function createExtentReader(file: number): (() => FileExtent) | null {
  const first = readMeta(file, 0);
  const pageBytes = first?.getUint32(at.pageSize, true) ?? 0;
  if (first === null || readMeta(file, pageBytes) === null) return null;
  // Both meta pages are read at once: this is done for each transaction.
  const bytes = new Uint8Array(pageBytes + metaBytes);
  const view = new DataView(bytes.buffer);
  const numberAt = (position: number): number =>
    view.getUint32(position + 4, true) * 2 ** 32 + view.getUint32(position, true);
  return () => {
    if (readSync(file, bytes, 0, bytes.length, 0) < bytes.length) throw cutOff();
    const isSecond = numberAt(pageBytes + at.transaction) > numberAt(at.transaction);
    const start = isSecond ? pageBytes : 0;
    const lastPage = numberAt(start + at.lastPage);
    return { pageBytes, lastPage, mapBytes: numberAt(start + at.mapBytes) };
  };
}

function cutOff(): MillraceError {
  return new MillraceError('MR_STORE_OPEN', 'somebody has cut the file of an open store', {
    fix: 'delete its folder and run again: it is computed anew',
  });
}

function isDatabase(file: number, size: number): boolean {
  const first = readMeta(file, 0);
  if (first === null) return false;
  const pageSize = first.getUint32(at.pageSize, true);
  const isPageSize = pageSize >= 512 && pageSize <= 65_536 && size >= 2 * pageSize;
  const second = isPageSize ? readMeta(file, pageSize) : null;
  if (second === null) return false;
  return [first, second].every((meta) =>
    [at.freeRoot, at.mainRoot].every((position) => {
      const root = meta.getBigUint64(position, true);
      return root === emptyRoot || (root + 1n) * BigInt(pageSize) <= BigInt(size);
    }),
  );
}

function readMeta(file: number, position: number): DataView | null {
  const bytes = new Uint8Array(metaBytes);
  if (readSync(file, bytes, 0, metaBytes, position) < metaBytes) return null;
  const view = new DataView(bytes.buffer);
  const isMeta =
    view.getUint32(at.mark, true) === mark && view.getUint32(at.version, true) === dataVersion;
  return isMeta ? view : null;
}
