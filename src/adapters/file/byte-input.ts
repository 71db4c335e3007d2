// A file as bytes in order. Damage at the end of a compressed file is not thrown: what could be
// decompressed is delivered first, then `damage` says what is wrong.
import type { MillraceError } from '../../kernel/errors/millrace-error.ts';

export interface ByteInput {
  /** Fills as much as is there; 0 at the end. */
  read(target: Uint8Array, at: number, length: number): Promise<number>;
  /** Known once `read` returned 0; null when the file is whole. */
  readonly damage: MillraceError | null;
  close(): Promise<void>;
}
