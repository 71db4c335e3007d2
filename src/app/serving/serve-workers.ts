// Several processes that serve on one port. Processes, not threads: a worker that runs out of memory
// or is killed takes nothing with it, and stores are opened by each for itself as in any other process.
// The first process opens the port and hands connections out in turn, so this works wherever Node
// does; it starts a worker that dies again, later each time, and adds up their metrics.
import cluster, { type Worker } from 'node:cluster';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { mergeMetrics } from '../../kernel/metrics/merge-metrics.ts';

/** True in a process that `serveWorkers` has started. */
export const isServeWorker: boolean = cluster.isWorker;

export interface ServeWorkersOptions {
  readonly count: number;
  readonly signal: AbortSignal;
  /** All workers serve. */
  readonly onServing: (url: string) => void;
  readonly onNotice: (message: string) => void;
}

/** What processes tell each other. */
type Message =
  | { readonly kind: 'serving'; readonly url: string }
  | { readonly kind: 'stop' }
  | { readonly kind: 'metrics-asked'; readonly id: number }
  | { readonly kind: 'metrics-wanted'; readonly id: number }
  | { readonly kind: 'metrics-own'; readonly id: number; readonly text: string }
  | { readonly kind: 'metrics-merged'; readonly id: number; readonly text: string };

const restartMs = { first: 200, most: 10_000 };
const metricsWaitMs = 1000;

/** Runs until the signal aborts; every worker runs this process's command again. */
export async function serveWorkers(options: ServeWorkersOptions): Promise<void> {
  const pool = new WorkerPool(options);
  await pool.run();
}

class WorkerPool {
  readonly #options: ServeWorkersOptions;
  readonly #workers = new Set<Worker>();
  readonly #serving = new Set<Worker>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #asks = new Map<number, MetricsAsk>();
  #nextAsk = 1;
  #isAnnounced = false;
  #restarts = 0;

  constructor(options: ServeWorkersOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { count, signal } = this.#options;
    cluster.schedulingPolicy = cluster.SCHED_RR;
    for (let i = 0; i < count; i++) this.#start();
    const stop = (): void => this.#stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    await this.#ended.promise;
    signal.removeEventListener('abort', stop);
  }

  #start(): void {
    const worker = cluster.fork();
    this.#workers.add(worker);
    worker.on('message', (message: Message) => this.#take(worker, message));
    worker.on('exit', (code, signal) => this.#left(worker, signal ?? `exit code ${code}`));
  }

  #take(worker: Worker, message: Message): void {
    switch (message.kind) {
      case 'serving': {
        this.#serving.add(worker);
        this.#restarts = 0;
        if (this.#isAnnounced || this.#serving.size < this.#options.count) return;
        this.#isAnnounced = true;
        return this.#options.onServing(message.url);
      }
      case 'metrics-asked':
        return this.#askAll(worker, message.id);
      case 'metrics-own':
        return this.#asks.get(message.id)?.take(message.text);
      default:
    }
  }

  #askAll(asker: Worker, askerId: number): void {
    const id = this.#nextAsk++;
    const asked = [...this.#serving].filter((worker) => worker.isConnected());
    const ask = new MetricsAsk(asked.length, (text) => {
      this.#asks.delete(id);
      tell(asker, { kind: 'metrics-merged', id: askerId, text });
    });
    this.#asks.set(id, ask);
    for (const worker of asked) tell(worker, { kind: 'metrics-wanted', id });
    void systemClock.sleep(metricsWaitMs).then(() => ask.end());
  }

  #left(worker: Worker, how: string): void {
    const { signal, onNotice } = this.#options;
    this.#workers.delete(worker);
    const wasServing = this.#serving.delete(worker);
    if (signal.aborted) {
      if (this.#workers.size === 0) this.#ended.resolve();
      return;
    }
    if (!wasServing && !this.#isAnnounced) return this.#fail(how);
    const waitMs = Math.min(restartMs.most, restartMs.first * 2 ** this.#restarts++);
    onNotice(`a worker has ended (${how}); another one starts in ${waitMs} ms`);
    void systemClock.sleep(waitMs, signal).then(() => {
      if (!signal.aborted) this.#start();
      else if (this.#workers.size === 0) this.#ended.resolve();
    });
  }

  /** A worker that could not even begin: the others would not either. It has said why. */
  #fail(how: string): void {
    this.#ended.reject(
      new MillraceError('MR_WORKER_LOST', `a worker could not start serving: ${how}`, {
        fix: 'see what it said; the same command without --workers shows it alone',
      }),
    );
    this.#stop();
  }

  #stop(): void {
    if (this.#workers.size === 0) this.#ended.resolve();
    // Not by a signal: a second one, after Ctrl-C for the whole group, would end them at once.
    for (const worker of this.#workers) tell(worker, { kind: 'stop' });
  }
}

/** One that ends just now need not hear it: without a callback that would be an error of this process. */
function tell(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.send(message, () => {});
}

/** Texts of metrics until all are there, or it is time. */
class MetricsAsk {
  readonly #texts: string[] = [];
  readonly #count: number;
  readonly #done: (text: string) => void;
  #isOver = false;

  constructor(count: number, done: (text: string) => void) {
    this.#count = count;
    this.#done = done;
  }

  take(text: string): void {
    this.#texts.push(text);
    if (this.#texts.length >= this.#count) this.end();
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#done(mergeMetrics(this.#texts));
  }
}

/** This worker's side: says where it serves, and gets the metrics of all. */
export interface WorkerLink {
  serving(url: string): void;
  /** Renders the metrics of all workers, or this one's own when the first process does not answer. */
  readonly renderMetrics: (own: () => string) => () => Promise<string>;
  /** Aborts when the first process wants this one to stop. */
  readonly stopped: AbortSignal;
  close(): void;
}

export function linkToPool(): WorkerLink {
  const stop = new AbortController();
  let renderOwn: (() => string) | null = null;
  let nextId = 1;
  const waiting = new Map<number, (text: string) => void>();
  const send = (message: Message): void => {
    process.send?.(message, undefined, undefined, () => {});
  };
  const take = (message: Message): void => {
    if (message.kind === 'stop') stop.abort();
    else if (message.kind === 'metrics-merged') waiting.get(message.id)?.(message.text);
    else if (message.kind === 'metrics-wanted') {
      send({ kind: 'metrics-own', id: message.id, text: renderOwn?.() ?? '# EOF\n' });
    }
  };
  process.on('message', take);
  return {
    serving: (url) => send({ kind: 'serving', url }),
    stopped: stop.signal,
    renderMetrics(own) {
      renderOwn = own;
      return async () => {
        const id = nextId++;
        const merged = new Promise<string>((resolve) => waiting.set(id, resolve));
        send({ kind: 'metrics-asked', id });
        const late = systemClock.sleep(metricsWaitMs * 2).then(own);
        const text = await Promise.race([merged, late]);
        waiting.delete(id);
        return text;
      };
    },
    close() {
      process.off('message', take);
      if (cluster.isWorker) process.disconnect?.();
    },
  };
}
