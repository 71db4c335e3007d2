// What the hub gives a worker thread when it starts it, and the words of shared memory by which they
// wake each other. Everything else goes through the rings.
import type { MessagePort } from 'node:worker_threads';
import type { LateRecord, RecordError } from '../../ports/dead-letter-sink.ts';
import { Doorbell, type SharedWords } from '../exchange/doorbell.ts';
import type { RingMemory } from '../exchange/ring.ts';
import type { RowOrigin, SubtaskStats } from './view-stage.ts';

/** All that a worker knows of its job. */
export interface WorkerStart {
  readonly planJson: string;
  readonly views: readonly string[];
  readonly subtask: number;
  readonly parallelism: number;
  /** Read by all workers. */
  readonly input: RingMemory;
  /** Written by this worker. */
  readonly output: RingMemory;
  readonly words: SharedWords;
  /** For elements that no ring holds. */
  readonly port: MessagePort;
}

/** What a worker tells between vectors. */
export type WorkerMessage =
  | {
      readonly kind: 'late';
      readonly origin: RowOrigin;
      readonly record: Omit<LateRecord, 'stream' | 'split'>;
    }
  | { readonly kind: 'fail'; readonly origin: RowOrigin; readonly error: RecordError }
  | { readonly kind: 'stats'; readonly stats: SubtaskStats }
  /** All input was processed, and all that came out of it is out. */
  | { readonly kind: 'done'; readonly stats: SubtaskStats };

/** An error on its way between threads: what structured cloning would lose is spelt out. */
export interface SentError {
  readonly kind: 'failed';
  readonly code: string | null;
  readonly message: string;
  readonly fix: string | null;
  readonly context: Readonly<Record<string, unknown>>;
  readonly stack: string;
}

/** Words of different threads do not share a cache line. */
const stride = 16;

/** The bells of the hub and the workers, and whether the exchange is closed. */
export class WorkerSignals {
  readonly words: SharedWords;
  readonly hub: Doorbell;
  readonly workers: readonly Doorbell[];

  constructor(words: SharedWords) {
    this.words = words;
    this.hub = new Doorbell(words, stride);
    const workerCount = words.length / stride - 2;
    this.workers = Array.from(
      { length: workerCount },
      (_, i) => new Doorbell(words, (2 + i) * stride),
    );
  }

  static create(workerCount: number): WorkerSignals {
    return new WorkerSignals(new Int32Array(new SharedArrayBuffer((2 + workerCount) * stride * 4)));
  }

  get isClosed(): boolean {
    return Atomics.load(this.words, 0) === 1;
  }

  /** Wakes everybody who waits for anything: nothing comes any more. */
  close(): void {
    Atomics.store(this.words, 0, 1);
    for (const bell of this.workers) bell.ring();
    this.hub.ring();
  }
}
