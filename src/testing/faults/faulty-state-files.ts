// State files in memory that fail on command and by a seed: full disk, failing and flipped reads,
// a process that dies in the middle of an append, power that takes what was never made durable.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { type Random, seededRandom } from '../../kernel/random.ts';
import type { StateFileReader, StateFiles, StateFileWriter } from '../../ports/state-files.ts';

/** Thrown where the process would have died; whoever catches it is the machine, not the program. */
export class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash';
}

interface MemoryFile {
  bytes: Uint8Array;
  length: number;
  /** What is safe from a loss of power. */
  durable: number;
}

export interface FaultyStateFilesOptions {
  readonly seed?: number;
}

/** State files for tests and the simulator; faults are switched by its fields and methods. */
export class FaultyStateFiles implements StateFiles {
  /** Space left: an append beyond it fails with MR_STATE_DISK_FULL and writes nothing. */
  freeBytes: number = Number.POSITIVE_INFINITY;
  /** Appends that still work; the one after them writes a part and dies. */
  appendsUntilCrash: number = Number.POSITIVE_INFINITY;
  /** Probability that a read fails as a broken disk does. */
  readErrorRate = 0;
  /** Probability that a read returns one wrong bit. */
  bitFlipRate = 0;
  appends = 0;
  reads = 0;
  readonly #files = new Map<string, MemoryFile>();
  readonly #random: Random;
  /** Handles of an older one belong to a process that is dead. */
  #process = 0;
  #isDead = false;

  constructor({ seed = 1 }: FaultyStateFilesOptions = {}) {
    this.#random = seededRandom(seed);
  }

  create(name: string): StateFileWriter {
    this.#alive(this.#process);
    const file: MemoryFile = { bytes: new Uint8Array(256), length: 0, durable: 0 };
    this.#files.set(name, file);
    const process = this.#process;
    const append = (bytes: Uint8Array): void => {
      this.#alive(process);
      this.#append(name, file, bytes);
    };
    return {
      get position() {
        return file.length;
      },
      append,
      close: () => this.#alive(process),
    };
  }

  open(name: string): StateFileReader {
    this.#alive(this.#process);
    const file = this.#file(name);
    const process = this.#process;
    return {
      get size() {
        return file.length;
      },
      readInto: (target, at, length, position) => {
        this.#alive(process);
        const end = Math.min(file.length, position + length);
        const part = file.bytes.subarray(Math.min(position, end), end);
        this.#read(name, target.subarray(at, at + part.length), part);
        return part.length;
      },
      close: () => this.#alive(process),
    };
  }

  list(): readonly { name: string; bytes: number }[] {
    return [...this.#files].map(([name, { length }]) => ({ name, bytes: length }));
  }

  remove(name: string): void {
    this.#alive(this.#process);
    this.#files.delete(name);
  }

  path(name: string): string {
    return `memory:${name}`;
  }

  /** Makes all that was appended to a file safe from a loss of power. */
  sync(name: string): void {
    const file = this.#file(name);
    file.durable = file.length;
  }

  /** The whole content of a file. */
  read(name: string): Uint8Array {
    const file = this.#file(name);
    return file.bytes.slice(0, file.length);
  }

  /** Puts a file in place, durable. */
  write(name: string, bytes: Uint8Array): void {
    this.#files.set(name, { bytes: bytes.slice(), length: bytes.length, durable: bytes.length });
  }

  /** The process ends here: its handles are dead, what it appended stays. */
  crash(): void {
    this.#process += 1;
    this.#isDead = false;
    this.appendsUntilCrash = Number.POSITIVE_INFINITY;
  }

  /** As `crash`, and of each file only what is durable is sure to stay: of the rest, a random part. */
  losePower(): void {
    this.crash();
    for (const [name, file] of [...this.#files]) {
      const unsafe = file.length - file.durable;
      if (unsafe === 0) continue;
      file.length = file.durable + Math.floor(this.#random.next() * (unsafe + 1));
      for (let at = file.durable; at < file.length; at++) {
        if (this.#random.next() < 0.1) file.bytes[at] = 0;
      }
      if (file.length === 0) this.#files.delete(name);
    }
  }

  #append(name: string, file: MemoryFile, bytes: Uint8Array): void {
    this.appends += 1;
    if (bytes.length > this.freeBytes) {
      throw new MillraceError('MR_STATE_DISK_FULL', `no space left for state file "${name}"`, {
        context: { path: name },
      });
    }
    const isLast = this.appendsUntilCrash <= 0;
    this.appendsUntilCrash -= 1;
    const written = isLast ? Math.floor(this.#random.next() * bytes.length) : bytes.length;
    if (file.length + written > file.bytes.length) {
      const larger = new Uint8Array(Math.max(file.bytes.length * 2, file.length + written));
      larger.set(file.bytes.subarray(0, file.length));
      file.bytes = larger;
    }
    file.bytes.set(bytes.subarray(0, written), file.length);
    file.length += written;
    this.freeBytes -= written;
    if (!isLast) return;
    this.#isDead = true;
    throw new SimulatedCrash(`died in an append to "${name}"`);
  }

  #read(name: string, target: Uint8Array, bytes: Uint8Array): void {
    this.reads += 1;
    if (this.#random.next() < this.readErrorRate) {
      throw new MillraceError('MR_FILE_ACCESS', `cannot use "${name}": EIO`, {
        context: { path: name },
      });
    }
    target.set(bytes);
    if (bytes.length === 0 || this.#random.next() >= this.bitFlipRate) return;
    const bit = Math.floor(this.#random.next() * bytes.length * 8);
    target[bit >> 3] = (target[bit >> 3] as number) ^ (1 << (bit & 7));
  }

  #file(name: string): MemoryFile {
    const file = this.#files.get(name);
    if (file !== undefined) return file;
    throw new MillraceError('MR_STATE_MISSING', `state file "${name}" does not exist`, {
      context: { path: name },
    });
  }

  #alive(process: number): void {
    if (this.#isDead || process !== this.#process) throw new SimulatedCrash('the process is dead');
  }
}
