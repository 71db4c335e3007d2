// Room on the disk for a database that is written through memory. There a write that finds no room
// ends the process (SIGBUS), so blocks are written as zeros before the database gets to them: each
// transaction has all the pages in stock that it may take from the end of the file. What it takes is
// counted generously (two pages an entry, although most come from the free list); should it ever not
// do where the disk is full, the process dies as by `kill -9`, which leaves the last commit.
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { totalmem } from 'node:os';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { type FileExtent, createExtentReader } from './file-guard.ts';

/** The map at first; the file is that long while it is written, most of it a hole. */
const mapBytesMin = 2 ** 30;

/** By the number that the system has for them: ext2 to 4, XFS, tmpfs. They write blocks in place. */
const inPlaceFileSystems: ReadonlySet<number> = new Set([0xef53, 0x5846_5342, 0x0102_1994]);

const zeros = new Uint8Array(256 * 1024);
const stockBytesMax = 16 * 1024 * 1024;
/** A value longer than this part of a page has pages of its own. */
const ownPagesFrom = 0.4;

export interface MappedRoom {
  /** First in a transaction, which keeps others from writing. Throws what the system says. */
  begin(): void;
  /** Before an entry of so many bytes is put or removed. Throws what the system says. */
  take(bytes: number): void;
  /** In a transaction without changes, the last one: cuts the file to what is in use. */
  trim(): void;
  close(): void;
}

/**
 * How much to map of the file at `path`, which nobody else opens for writing now. Null when it cannot
 * be written through memory: blocks that were written once may need room again, the file has holes
 * or is larger than half of memory, or may not be as long as the map.
 */
export function mapBytesFor(directory: string, path: string): number | null {
  if (process.platform !== 'linux') return null;
  if (!inPlaceFileSystems.has(statfsSync(directory).type)) return null;
  const file = openSync(path, 'a+');
  try {
    const { size, blocks } = fstatSync(file);
    const extent = size === 0 ? null : (createExtentReader(file)?.() ?? null);
    const used = extent === null ? 0 : (extent.lastPage + 1) * extent.pageBytes;
    if (blocks * 512 < used || used > memoryBytes() / 2) return null;
    const mapBytes = Math.max(mapBytesMin, extent?.mapBytes ?? 0, 2 * used);
    ftruncateSync(file, Math.max(size, mapBytes));
    // The database takes a file for new when it is empty.
    if (size === 0) ftruncateSync(file, 0);
    return mapBytes;
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}

function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Of the database that lies at `path` and is open for writing. */
export function openMappedRoom(path: string): MappedRoom {
  const file = openSync(path, 'r+');
  const readExtent = createExtentReader(file);
  if (readExtent === null) throw new MillraceError('MR_INTERNAL', 'a database without commits');
  let extent = readExtent();
  /** Pages before this one have blocks. */
  let stockedTo = 0;
  let left = 0;

  const stock = (pages: number): void => {
    const { pageBytes, lastPage } = extent;
    const ahead = Math.min(stockBytesMax / pageBytes, 64 + (lastPage >> 4));
    const end = stockedTo + pages + Math.ceil(ahead);
    lengthen(file, extent, end);
    giveBlocks(file, extent, { from: stockedTo, end });
    left += end - stockedTo;
    stockedTo = end;
  };

  return {
    begin() {
      extent = readExtent();
      const { lastPage } = extent;
      stockedTo = Math.max(stockedTo, lastPage + 1);
      // For branches of the tree and the list of free pages: parts of what there is.
      left = stockedTo - lastPage - 1 - (32 + (lastPage >> 5));
      if (left < 0) stock(-left);
    },
    take(bytes) {
      const { pageBytes } = extent;
      left -= bytes < ownPagesFrom * pageBytes ? 2 : 3 + Math.ceil(bytes / pageBytes);
      if (left < 0) stock(-left);
    },
    trim() {
      const { lastPage, pageBytes } = readExtent();
      ftruncateSync(file, (lastPage + 1) * pageBytes);
    },
    close: () => closeSync(file),
  };
}

/** The database doubles its map when it is full, and cannot tell when the file may not grow. */
function lengthen(file: number, { pageBytes, mapBytes }: FileExtent, pages: number): void {
  if (pages * pageBytes < mapBytes) return;
  const wanted = 2 * pages * pageBytes + 2 ** 20;
  if (fstatSync(file).size < wanted) ftruncateSync(file, wanted);
}

/**
 * Writes zeros where there are only zeros, so that each page has a block of its own. Should the database
 * have got to a page before us, that page has one already and stays as it is.
 */
export function giveBlocks(file: number, { pageBytes }: { pageBytes: number }, range: PageRange) {
  const { from, end } = range;
  const pagesAtOnce = Math.max(1, Math.floor(zeros.length / pageBytes));
  for (let page = from; page < end; ) {
    const count = Math.min(pagesAtOnce, end - page);
    if (isEmpty(file, page * pageBytes, count * pageBytes)) {
      writeWhole(file, page * pageBytes, count * pageBytes);
    } else {
      for (let one = page; one < page + count; one++) {
        const at = one * pageBytes;
        if (isEmpty(file, at, pageBytes)) writeWhole(file, at, pageBytes);
      }
    }
    page += count;
  }
}

interface PageRange {
  readonly from: number;
  readonly end: number;
}

const seen = new Uint8Array(zeros.length);

function isEmpty(file: number, at: number, bytes: number): boolean {
  const read = readSync(file, seen, 0, bytes, at);
  return Buffer.compare(seen.subarray(0, read), zeros.subarray(0, read)) === 0;
}

function writeWhole(file: number, start: number, bytes: number): void {
  for (let at = 0; at < bytes; ) at += writeSync(file, zeros, 0, bytes - at, start + at);
}
