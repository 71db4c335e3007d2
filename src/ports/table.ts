// Whole tables as files: labels in, training sets and exports out. Unlike streams they have no
// declared schema: the file says what its columns are.
import type { Field, FieldType, Value } from '../kernel/types/field-type.ts';

/** Rows as columns of JavaScript values; `columns[i]` belongs to `fields[i]`. */
export interface Table {
  readonly fields: readonly Field[];
  readonly columns: readonly (readonly Value[])[];
  readonly rowCount: number;
}

export interface TableFiles {
  /**
   * Reads a whole file. Columns named in `known` are read as that type where the file has none of its
   * own (text formats); types of the others are inferred from their values.
   * Throws MR_FILE_NOT_FOUND, MR_FILE_ACCESS, MR_FILE_FORMAT, MR_LABELS.
   */
  read(path: string, known: ReadonlyMap<string, FieldType>): Promise<Table>;
  /** Starts a file; nothing is visible at `path` before `close`. */
  create(path: string, fields: readonly Field[]): Promise<TableWriter>;
}

export interface TableWriter {
  /** Appends rows; fields are those that the file was created with. */
  write(columns: readonly (readonly Value[])[], rowCount: number): Promise<void>;
  /** Makes the file visible under its name. */
  close(): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}
