// Cells: what a window keeps of a set of records for its features. A cell is a number; whoever made
// it frees it. Cells of numbers lie in one array (`NumberCells`), others are boxed (`BoxedCells`).

export interface Cells {
  /** A cell without records. */
  create(): number;
  free(cell: number): void;
  /** Adds the record at a row of the record store. */
  add(cell: number, row: number): void;
  /** Adds all that is in `from`, which stays as it is. */
  merge(into: number, from: number): void;
  /** Whether `unmerge` is exact for all features. */
  readonly canUnmerge: boolean;
  /** Takes away what was merged before. */
  unmerge(into: number, from: number): void;
  /** Puts the values of the features into the row that is being made. */
  put(cell: number): void;
  /** Puts the values of no records. */
  putEmpty(): void;
  readonly byteLength: number;
}

/** No cell. */
export const noCell = -1;
