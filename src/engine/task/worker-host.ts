// One worker thread as the hub sees it: its ring of output, and how it ended. However it ends too
// early (an error that it sent, one that nobody caught, no memory, an exit) becomes one MillraceError
// that names the worker; after that the thread gives nothing any more.
import { type MessagePort, type ResourceLimits, Worker } from 'node:worker_threads';
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { ElementReader } from '../exchange/elements.ts';
import {
  inWorker,
  receivedError,
  type SentError,
  type WorkerName,
  type WorkerStart,
} from './worker-protocol.ts';

/** How long a worker may take to end by itself when the exchange is closed. */
const endingMs = 5000;

/** A subtask that runs somewhere else: behind rings. */
export interface SubtaskHost {
  readonly output: ElementReader;
  /** After the exchange was closed: until nothing of it runs any more. */
  close(): Promise<void>;
}

export interface WorkerHostOptions {
  readonly start: WorkerStart;
  /** The hub's end of the worker's port. */
  readonly port: MessagePort;
  readonly clock: Clock;
  /** The worker failed. */
  readonly onFailure: (error: MillraceError) => void;
  readonly resourceLimits?: ResourceLimits | undefined;
  /** The module that the thread runs; default: the one beside this file. */
  readonly entry?: URL | undefined;
}

export class WorkerHost implements SubtaskHost {
  readonly output: ElementReader;
  readonly #options: WorkerHostOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #isClosing = false;
  #hasFailed = false;

  constructor(options: WorkerHostOptions) {
    const { start, port, resourceLimits } = options;
    this.#options = options;
    this.output = new ElementReader(start.output, port);
    this.#worker = new Worker(options.entry ?? ownEntry(), {
      workerData: start,
      transferList: [start.port],
      // Flags of this process say how its own program is given: no business of the thread.
      execArgv: [],
      name: `subtask ${start.subtask}`,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    this.#worker.on('message', (error: SentError) => this.#fail(receivedError(error, this.#name)));
    this.#worker.on('error', (error) => this.#fail(uncaught(error, this.#name)));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#fail(lost(`ended with exit code ${code}`, this.#name));
        resolve();
      });
    });
  }

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

/** The entry beside this file: as source or as built. */
function ownEntry(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./subtask.worker.${extension}`, import.meta.url);
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
