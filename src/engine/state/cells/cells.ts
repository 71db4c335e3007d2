// Cells: what a window keeps of a set of records for its features. A cell is a number; whoever made
// it frees it. Cells of numbers lie in one array (`NumberCells`), others are boxed (`BoxedCells`).
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';

export interface Cells {
  /** A cell without records. */
  create(): number;
  free(cell: number): void;
  /** Reads what the cell needs soon; the result means nothing. */
  touch(cell: number): number;
  /** Adds the record at a row of the record store. */
  add(cell: number, row: number): void;
  /** Adds all that is in `from`, which stays as it is. */
  merge(into: number, from: number): void;
  /** Whether `unmerge` is exact for all features. */
  readonly canUnmerge: boolean;
  /** Whether cells merged in any order, from whatever parts, come to the same values. */
  readonly isOrderless: boolean;
  /** Whether a cell merged into an empty one makes the same cell, to the last bit. */
  readonly isKeptByMerge: boolean;
  /** Takes away what was merged before. */
  unmerge(into: number, from: number): void;
  /** Puts the values of the features into the row that is being made. */
  put(cell: number): void;
  /** Puts the values of no records. */
  putEmpty(): void;
  write(cell: number, to: StateWriter): void;
  /** A new cell with what was written. */
  read(from: StateReader): number;
  /** Features in the order of what is written, and what each is kept as. */
  readonly forms: readonly { readonly index: number; readonly form: string }[];
  readonly byteLength: number;
  /** Bytes of the cells in use; boxed ones are estimated. */
  readonly liveBytes: number;
}

/** No cell. */
export const noCell = -1;
