// Finds the cells of one CSV record (RFC 4180) in bytes that end with a line feed. No strings are
// made; escapes are left for later. Cells may hold line feeds only inside quotes.

/** Cells of the record at hand: ranges without their quotes. */
export interface CsvCells {
  count: number;
  starts: Int32Array;
  ends: Int32Array;
  /** 0 bare, 1 quoted, 2 quoted with doubled quotes inside. */
  kinds: Uint8Array;
}

export const bareCell = 0;
export const quotedCell = 1;
export const escapedCell = 2;

/** The bytes ran out inside quotes: more must come. */
export const unfinished = -1;
/** A quote where none may be. */
export const misquoted = -2;

export function createCells(): CsvCells {
  return {
    count: 0,
    starts: new Int32Array(64),
    ends: new Int32Array(64),
    kinds: new Uint8Array(64),
  };
}

const quote = 0x22;

/** Classes of bytes that end a bare cell. */
export function stopTable(delimiter: number): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of [delimiter, quote, 10, 13]) table[byte] = 1;
  return table;
}

/** Reads the record at `start`; returns the position after it, `unfinished` or `misquoted`. */
export function scanRecord(
  bytes: Uint8Array,
  start: number,
  limit: number,
  { cells, stops, delimiter }: ScanContext,
): number {
  cells.count = 0;
  let p = start;
  for (;;) {
    const index = cells.count++;
    if (index === cells.starts.length) growCells(cells);
    if (bytes[p] === quote) {
      p = scanQuoted(bytes, p + 1, limit, cells);
      if (p < 0) return unfinished;
    } else {
      cells.starts[index] = p;
      while (stops[bytes[p] as number] === 0 || (bytes[p] === 13 && bytes[p + 1] !== 10)) p++;
      cells.ends[index] = p;
      cells.kinds[index] = bareCell;
    }
    const c = bytes[p];
    if (c === delimiter) {
      p++;
      continue;
    }
    if (c === 10) return p + 1;
    if (c === 13 && bytes[p + 1] === 10) return p + 2;
    return misquoted;
  }
}

export interface ScanContext {
  readonly cells: CsvCells;
  readonly stops: Uint8Array;
  readonly delimiter: number;
}

function scanQuoted(bytes: Uint8Array, start: number, limit: number, cells: CsvCells): number {
  const index = cells.count - 1;
  let p = start;
  let kind = quotedCell;
  for (;;) {
    while (p < limit && bytes[p] !== quote) p++;
    if (p >= limit) return unfinished;
    if (bytes[p + 1] !== quote) break;
    kind = escapedCell;
    p += 2;
  }
  cells.starts[index] = start;
  cells.ends[index] = p;
  cells.kinds[index] = kind;
  return p + 1;
}

function growCells(cells: CsvCells): void {
  const length = cells.starts.length * 2;
  const { starts, ends, kinds } = cells;
  cells.starts = new Int32Array(length);
  cells.ends = new Int32Array(length);
  cells.kinds = new Uint8Array(length);
  cells.starts.set(starts);
  cells.ends.set(ends);
  cells.kinds.set(kinds);
}

/** Makes doubled quotes single where they stand; returns the new end. */
export function unquoteInPlace(bytes: Uint8Array, start: number, end: number): number {
  let to = start;
  for (let p = start; p < end; p++) {
    const c = bytes[p] as number;
    bytes[to++] = c;
    if (c === quote) p++;
  }
  return to;
}
