// Subtasks behind rings, as on threads, but in this thread: each takes its next element when the
// seed says so. Rings, barriers and alignment are the real ones; only who runs when is made up.
import type { UserAggregateNode } from '../../src/plan/user-aggregate.ts';
import type { StateFiles } from '../../src/ports/state-files.ts';
import { MillraceError } from '../../src/kernel/errors/millrace-error.ts';
import { ElementReader } from '../../src/engine/exchange/elements.ts';
import type { SubtaskHost, WorkerHostOptions } from '../../src/engine/task/worker-host.ts';
import {
  receivedError,
  sentError,
  WorkerSignals,
  type WorkerStart,
} from '../../src/engine/task/worker-protocol.ts';
import { WorkerSubtask } from '../../src/engine/task/worker-subtask.ts';
import { simClock } from './sim-clock.ts';
import type { SimProcess } from './world.ts';

export interface SimWorkersOptions {
  readonly process: SimProcess;
  readonly stateFiles: StateFiles;
  /** Aggregates of the plan: these workers share its thread, and so its functions. */
  readonly aggregates: readonly UserAggregateNode[];
  /** Probability that a worker is lost at a step. */
  readonly lossRate: number;
  /** Most time from one step to the next. */
  readonly stepMs: number;
}

/** The workers of one stage. */
export class SimWorkers {
  readonly #options: SimWorkersOptions;
  #signals: WorkerSignals | null = null;

  constructor(options: SimWorkersOptions) {
    this.#options = options;
  }

  /** For `WorkerViewStageOptions.startSubtask`. */
  start(options: WorkerHostOptions): SubtaskHost {
    this.#signals ??= new WorkerSignals(options.start.words);
    return new SimHost(options, this.#signals, this.#options);
  }

  /** For `WorkerViewStageOptions.wait`: the hub sleeps until somebody rings. */
  wait(seen: number): Promise<void> {
    const { process } = this.#options;
    return new Promise((resolve) => {
      if (!process.isAlive) return;
      process.world.watch(
        () => this.#signals?.hub.count !== seen,
        () => process.world.schedule('hub wakes', process.world.next() * 0.2, resolve, process),
      );
    });
  }
}

class SimHost implements SubtaskHost {
  readonly output: ElementReader;
  readonly #host: WorkerHostOptions;
  readonly #options: SimWorkersOptions;
  readonly #signals: WorkerSignals;
  readonly #subtask: WorkerSubtask;
  #isClosed = false;

  constructor(host: WorkerHostOptions, signals: WorkerSignals, options: SimWorkersOptions) {
    const { start, port } = host;
    this.#host = host;
    this.#signals = signals;
    this.#options = options;
    this.output = new ElementReader(start.output, port);
    this.#subtask = new WorkerSubtask(start, {
      clock: simClock(options.process),
      stateFiles: options.stateFiles,
      aggregates: options.aggregates,
      mayBlock: false,
    });
    this.#soon();
  }

  #soon(): void {
    const { process, stepMs } = this.#options;
    const { subtask } = this.#host.start;
    process.world.schedule(
      `worker ${subtask}`,
      process.world.next() * stepMs,
      () => this.#step(),
      process,
    );
  }

  #step(): void {
    const { process, lossRate } = this.#options;
    const { start, onFailure } = this.#host;
    if (this.#isClosed || this.#signals.isClosed) return;
    process.step(`worker ${start.subtask}`);
    if (!process.isAlive) return;
    if (process.world.chance(lossRate)) {
      process.world.fault('worker lost', String(start.subtask));
      this.#isClosed = true;
      return onFailure(new MillraceError('MR_WORKER_LOST', 'the simulation lost a worker'));
    }
    const bell = this.#signals.workers[start.subtask];
    const seen = bell?.count;
    try {
      if (this.#subtask.step()) return this.#soon();
    } catch (error) {
      this.#isClosed = true;
      return onFailure(receivedError(sentError(error), nameOf(start)));
    }
    process.world.watch(
      () => bell?.count !== seen,
      () => this.#soon(),
    );
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#subtask.close();
    this.#host.port.close();
    return Promise.resolve();
  }
}

function nameOf({ subtask, parallelism }: WorkerStart) {
  return { worker: subtask, of: parallelism };
}
