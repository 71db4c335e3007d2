// The file that each snapshot adds: the heads of the views, and which records of which segments count.
// Header, heads, one bitmap per segment, and a CRC-32C over all of it. A key that is in no bitmap does
// not exist, so nothing has to say that a key was forgotten.
import { crc32c } from '../../../kernel/crc32c.ts';
import type { StateFiles, StateFileWriter } from '../../../ports/state-files.ts';
import { StateReader } from '../bytes/state-reader.ts';
import { StateWriter } from '../bytes/state-writer.ts';
import { corrupt, newer, readExactly } from './segment-format.ts';
import type { Segment } from './segment.ts';

const magic = 0x4844524d;
const formatVersion = 1;
const chunkBytes = 512 * 1024;

/** What a head file holds. */
export interface SnapshotHead {
  /** By uid of the view. */
  readonly heads: ReadonlyMap<string, Uint8Array>;
  readonly segments: readonly { readonly name: string; readonly live: Uint8Array }[];
}

/** Writes a head file, a piece at a time. Errors: MR_STATE_DISK_FULL. */
export class SnapshotHeadWriter {
  readonly name: string;
  /** Bytes of the complete file. */
  bytes = 0;
  readonly #files: StateFiles;
  readonly #heads: Uint8Array;
  readonly #segments: readonly Segment[];
  #file: StateFileWriter | null = null;
  #crc = 0;
  #headsDone = 0;
  #segmentsDone = 0;

  constructor(
    files: StateFiles,
    name: string,
    { heads, segments }: { heads: Uint8Array; segments: readonly Segment[] },
  ) {
    this.name = name;
    this.#files = files;
    this.#heads = heads;
    this.#segments = segments;
  }

  /** Writes a piece; true when the file is complete. */
  step(): boolean {
    const file = (this.#file ??= this.#files.create(this.name));
    if (this.#headsDone < this.#heads.length) {
      const end = Math.min(this.#heads.length, this.#headsDone + chunkBytes);
      this.#append(file, this.#heads.subarray(this.#headsDone, end));
      this.#headsDone = end;
      return false;
    }
    const writer = new StateWriter(1024);
    const first = this.#segmentsDone;
    if (first === 0) writer.u32(this.#segments.length);
    let next = first;
    while (next < this.#segments.length && writer.length < chunkBytes) {
      const { name, count, live } = this.#segments[next] as Segment;
      writer.string(name);
      writer.varint(count);
      writer.bytes(live, 0, (count + 7) >> 3);
      next += 1;
    }
    this.#append(file, writer.data.subarray(0, writer.length));
    this.#segmentsDone = next;
    if (next < this.#segments.length) return false;
    writer.reset();
    writer.u32(this.#crc);
    file.append(writer.toBytes());
    this.bytes = file.position;
    this.#file = null;
    file.close();
    return true;
  }

  /** The snapshot is given up. */
  remove(): void {
    this.#file?.close();
    this.#files.remove(this.name);
  }

  #append(file: StateFileWriter, bytes: Uint8Array): void {
    file.append(bytes);
    this.#crc = crc32c(bytes, 0, bytes.length, this.#crc);
  }
}

/** Begins the content of a head file: what comes before the bitmaps. */
export function beginHeads(viewCount: number): StateWriter {
  const writer = new StateWriter(1 << 16);
  writer.u32(magic);
  writer.u32(formatVersion);
  writer.varint(viewCount);
  return writer;
}

/** Reads a head file. Errors: MR_STATE_CORRUPT, MR_STATE_VERSION, MR_STATE_MISSING. */
export function readSnapshotHead(files: StateFiles, name: string): SnapshotHead {
  const file = files.open(name);
  try {
    const { size } = file;
    const bytes = readExactly(file, name, 0, size);
    const from = new StateReader(bytes);
    if (size < 16 || from.u32() !== magic)
      throw corrupt(name, 0, 'it is not the head of a snapshot');
    const version = from.u32();
    from.reset(bytes, size - 4, size);
    if (from.u32() !== crc32c(bytes, 0, size - 4)) {
      throw corrupt(name, 0, 'its checksum does not match');
    }
    if (version !== formatVersion) throw newer(name, version, formatVersion);
    from.reset(bytes, 8, size - 4);
    return parse(from);
  } finally {
    file.close();
  }
}

function parse(from: StateReader): SnapshotHead {
  const heads = new Map<string, Uint8Array>();
  for (let left = from.varint(); left > 0; left--) {
    const uid = from.string();
    const end = from.sectionEnd();
    heads.set(uid, from.data.subarray(from.at, end));
    from.at = end;
  }
  const segments = Array.from({ length: from.u32() }, () => {
    const name = from.string();
    from.varint();
    return { name, live: from.bytes() };
  });
  return { heads, segments };
}
