// Files in which a subtask keeps its state: written once from front to back, then only read. All
// calls are synchronous, since an operator waits for them; nothing here makes data durable, that is
// the checkpoint storage's part.

/** A flat folder of state files. Errors: `MR_STATE_DISK_FULL`, `MR_STATE_MISSING`, `MR_FILE_ACCESS`. */
export interface StateFiles {
  /** A new, empty file; one of that name is replaced. */
  create(name: string): StateFileWriter;
  /** Also of a file that is still written: what was appended can be read. */
  open(name: string): StateFileReader;
  list(): readonly { readonly name: string; readonly bytes: number }[];
  /** Nothing happens when there is no such file. */
  remove(name: string): void;
  /** Where others find the file, for links and copies. */
  path(name: string): string;
}

export interface StateFileWriter {
  /** Bytes appended so far. */
  readonly position: number;
  /** All or nothing: when it throws, `position` is as before and the call may be repeated. */
  append(bytes: Uint8Array): void;
  close(): void;
}

export interface StateFileReader {
  readonly size: number;
  /**
   * Reads up to `length` bytes from `position` of the file to `target[at …]`; how many there were:
   * fewer only at the end of the file.
   */
  readInto(target: Uint8Array, at: number, length: number, position: number): number;
  close(): void;
}
