// What the hub gives a worker thread when it starts it, and the words of shared memory by which they
// wake each other. Everything else goes through the rings.
import type { JsonValue } from '../../kernel/json-value.ts';
import type { MessagePort } from 'node:worker_threads';
import { type ErrorCode, errorCatalogue } from '../../kernel/errors/catalogue.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { LateRecord, RecordError } from '../../ports/dead-letter-sink.ts';
import { Doorbell, type SharedWords } from '../exchange/doorbell.ts';
import type { SubtaskSnapshot } from '../checkpoint/subtask-snapshot.ts';
import type { RingMemory } from '../exchange/ring.ts';
import type { SentAggregates } from './worker-aggregates.ts';
import type { RowOrigin, StageState, SubtaskStats } from './view-stage.ts';

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
  readonly state: WorkerState | null;
  readonly aggregates: SentAggregates;
}

/** Where workers keep the state of their keys; each opens the files itself. */
export type WorkerState = Omit<StageState, 'files'>;

/** What the hub asks of its workers, in its place among the rows. */
export type HubMessage =
  | {
      readonly kind: 'restore';
      readonly parts: readonly SubtaskSnapshot[];
      readonly planJson: JsonValue;
    }
  | { readonly kind: 'emitAll' }
  /** Answered when all input before it was processed and all that came out of it is out. */
  | { readonly kind: 'finish' }
  | { readonly kind: 'abortSnapshot' }
  | { readonly kind: 'release'; readonly files: readonly string[] };

/** What a worker tells between vectors. */
export type WorkerMessage =
  | {
      readonly kind: 'late';
      readonly origin: RowOrigin;
      readonly record: Omit<LateRecord, 'stream' | 'split'>;
    }
  | { readonly kind: 'fail'; readonly origin: RowOrigin; readonly error: RecordError }
  | { readonly kind: 'stats'; readonly stats: SubtaskStats }
  /** What was asked for (`restore`, `emitAll`, `finish`) is done. */
  | { readonly kind: 'answer' }
  | { readonly kind: 'snapshot'; readonly id: number; readonly snapshot: SubtaskSnapshot }
  | { readonly kind: 'snapshotFailed'; readonly id: number; readonly error: SentError };

/** An error on its way between threads: what structured cloning would lose is spelt out. */
export interface SentError {
  readonly code: string | null;
  readonly message: string;
  readonly fix: string | null;
  readonly context: Readonly<Record<string, unknown>>;
  readonly stack: string;
}

export function sentError(error: unknown): SentError {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  if (!(error instanceof MillraceError)) {
    return { code: null, message, fix: null, context: {}, stack };
  }
  const { code, fix, context } = error;
  return { code, message, fix: fix ?? null, context: plainContext(context), stack };
}

/** The error again, with the name of the worker that sent it. */
export function receivedError(sent: SentError, name: WorkerName): MillraceError {
  const { code, message, fix, context, stack } = sent;
  const isKnown = code !== null && Object.hasOwn(errorCatalogue, code);
  return new MillraceError(isKnown ? (code as ErrorCode) : 'MR_INTERNAL', inWorker(message, name), {
    context: { ...context, ...name },
    ...(fix === null ? {} : { fix }),
    cause: stack,
  });
}

export interface WorkerName {
  readonly worker: number;
  readonly of: number;
}

/** A sentence about a worker, for people: they count from 1. */
export function inWorker(what: string, { worker, of }: WorkerName): string {
  return `worker ${worker + 1} of ${of}: ${what}`;
}

/** Only what can be cloned. */
function plainContext(context: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(context).map(([name, value]) => [
      name,
      typeof value === 'object' || typeof value === 'function' ? String(value) : value,
    ]),
  );
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
