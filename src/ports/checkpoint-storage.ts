// Where checkpoints live: a small store of named objects with conditional writes, which is what a
// folder and an object store such as S3 have in common. Names are relative, with `/` between parts
// of `A-Z a-z 0-9 . _ -`; an object is seen whole or not at all.

/** An object and its size. */
export interface StoredObject {
  readonly name: string;
  readonly bytes: number;
}

/** What must hold for a write to happen: nothing of that name, or exactly the version last read. */
export type WriteCondition = 'absent' | { readonly etag: string };

/**
 * A place for checkpoints. Every write is atomic and durable once it resolves; reads and lists see
 * all writes that resolved before they were asked. A write that rejects may have happened.
 * Errors: `MR_CHECKPOINT_ACCESS` (rights, no such bucket), `MR_CHECKPOINT_FULL`,
 * `MR_CHECKPOINT_MISSING` (an object to be copied or fetched), `MR_CHECKPOINT_STORAGE` (the rest).
 */
export interface CheckpointStorage {
  /** For people: `folder /data/checkpoints`, `s3://bucket/prefix`. */
  readonly description: string;
  /** Every object whose name begins with `prefix`, in the order of names. */
  list(prefix: string): Promise<readonly StoredObject[]>;
  /** The object, with the mark of its version; null when there is none. */
  read(name: string): Promise<{ readonly bytes: Uint8Array; readonly etag: string } | null>;
  /** Writes the object; null, and nothing is written, when the condition does not hold. */
  write(
    name: string,
    bytes: Uint8Array,
    condition?: WriteCondition,
  ): Promise<{ readonly etag: string } | null>;
  /** Makes a local file durable and an object of that name: by hard link, copy or upload. */
  writeFrom(name: string, localPath: string): Promise<void>;
  /** The object as a local file, durable or not, with the right size; replaces what is there. */
  readTo(name: string, localPath: string): Promise<void>;
  /** A second object with the same content, without moving the bytes where that can be done. */
  copy(from: string, to: string): Promise<void>;
  /** Nothing happens for names that do not exist. */
  remove(names: readonly string[]): Promise<void>;
}
