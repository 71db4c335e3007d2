// One worker thread as the hub sees it: its ring of output, and how it ended. However it ends too
// early (an error that it sent, one that nobody caught, no memory, an exit) becomes one MillraceError
// that names the worker; after that the thread gives nothing any more.
import { type MessagePort, type ResourceLimits, Worker } from 'node:worker_threads';
import type { Clock } from '../../kernel/clock.ts';
import { errorCatalogue, type ErrorCode } from '../../kernel/errors/catalogue.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { ElementReader } from '../exchange/elements.ts';
import type { SentError, WorkerStart } from './worker-protocol.ts';

/** How long a worker may take to end by itself when the exchange is closed. */
const endingMs = 5000;

export interface WorkerHostOptions {
  readonly start: WorkerStart;
  /** The hub's end of the worker's port. */
  readonly port: MessagePort;
  readonly resourceLimits: ResourceLimits | null;
  readonly clock: Clock;
  /** The worker failed. */
  readonly onFailure: (error: MillraceError) => void;
}

export class WorkerHost {
  readonly output: ElementReader;
  /** It said that all of its output is out. */
  isDone = false;
  readonly #options: WorkerHostOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #isClosing = false;
  #hasFailed = false;

  constructor(options: WorkerHostOptions) {
    const { start, port, resourceLimits } = options;
    this.#options = options;
    this.output = new ElementReader(start.output, port);
    this.#worker = new Worker(entry(), {
      workerData: start,
      transferList: [start.port],
      name: `subtask ${start.subtask}`,
      ...(resourceLimits === null ? {} : { resourceLimits }),
    });
    this.#worker.on('message', (error: SentError) => this.#fail(errorOf(error, this.#name)));
    this.#worker.on('error', (error) => this.#fail(uncaught(error, this.#name)));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        if (!this.isDone) this.#fail(lost(`ended with exit code ${code}`, this.#name));
        resolve();
      });
    });
  }

  /** After the exchange was closed: until the thread is gone. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const timer = new AbortController();
    const late = this.#options.clock.sleep(endingMs, timer.signal).then(() => {
      if (!timer.signal.aborted) void this.#worker.terminate();
    });
    await this.#exited;
    timer.abort();
    await late;
    this.#options.port.close();
  }

  get #name(): WorkerName {
    const { subtask, parallelism } = this.#options.start;
    return { worker: subtask, of: parallelism };
  }

  #fail(error: MillraceError): void {
    if (this.#hasFailed || this.#isClosing) return;
    this.#hasFailed = true;
    this.#options.onFailure(error);
  }
}

interface WorkerName {
  readonly worker: number;
  readonly of: number;
}

/** The entry beside this file: as source or as built. */
function entry(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./subtask.worker.${extension}`, import.meta.url);
}

function errorOf(
  { code, message, fix, context, stack }: SentError,
  name: WorkerName,
): MillraceError {
  const isKnown = code !== null && Object.hasOwn(errorCatalogue, code);
  return new MillraceError(isKnown ? (code as ErrorCode) : 'MR_INTERNAL', inWorker(message, name), {
    context: { ...context, ...name },
    ...(fix === null ? {} : { fix }),
    cause: stack,
  });
}

function uncaught(error: unknown, name: WorkerName): MillraceError {
  if ((error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new MillraceError('MR_WORKER_MEMORY', inWorker('it ran out of memory', name), {
      context: { ...name },
      fix: 'keep less state in memory (state on disk, coarser windows), or give it more memory',
      cause: error,
    });
  }
  return lost(error instanceof Error ? error.message : String(error), name, error);
}

function lost(what: string, name: WorkerName, cause?: unknown): MillraceError {
  return new MillraceError('MR_WORKER_LOST', inWorker(what, name), { context: { ...name }, cause });
}

function inWorker(what: string, { worker, of }: WorkerName): string {
  return `worker ${worker + 1} of ${of}: ${what}`;
}
