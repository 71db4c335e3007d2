// One life of the simulated job: the real job with its real parts, on ports that fail as its mood
// says, until it finishes, fails, or dies on the spot.
import { openCheckpointStore } from '../../src/engine/checkpoint/checkpoint-store.ts';
import { startJob } from '../../src/engine/job/job.ts';
import type { JobSpec } from '../../src/engine/job/job-spec.ts';
import { MillraceError } from '../../src/kernel/errors/millrace-error.ts';
import type { StateFiles } from '../../src/ports/state-files.ts';
import { FaultyStateFiles, SimulatedCrash } from '../../src/testing/faults/faulty-state-files.ts';
import type { HistoryBook } from './history.ts';
import type { LifeMood } from './moods.ts';
import type { SimOutputs } from './outputs.ts';
import type { SimCase } from './sim-case.ts';
import { simClock } from './sim-clock.ts';
import { lateSink, letterSink, logSink, storeSink } from './sim-sinks.ts';
import { simSource } from './sim-source.ts';
import { simStage } from './sim-stage.ts';
import { type SimVault, simStorage } from './sim-storage.ts';
import { SimProcess, type SimWorld } from './world.ts';

/** What outlives every process. */
export interface Surroundings {
  readonly simCase: SimCase;
  readonly world: SimWorld;
  readonly vault: SimVault;
  readonly outputs: SimOutputs;
  readonly book: HistoryBook;
}

/** A computer: its name and its disk. */
export interface Machine {
  readonly name: string;
  readonly files: FaultyStateFiles;
  readonly alive: Set<number>;
}

export type LifeState = 'alive' | 'finished' | 'failed' | 'dead';

const leaseMs = 600;

export class Life {
  state: LifeState = 'alive';
  /** Why it failed. */
  error: MillraceError | null = null;
  isFrozen = false;
  restoredId: number | null = null;
  checkpoints = 0;
  readonly number: number;
  readonly machine: Machine;
  readonly process: SimProcess;
  readonly #surroundings: Surroundings;
  readonly #mood: LifeMood;
  #steps = 0;
  #hasFrozen = false;

  constructor(
    surroundings: Surroundings,
    number: number,
    on: { machine: Machine; mood: LifeMood },
  ) {
    this.#surroundings = surroundings;
    this.number = number;
    this.machine = on.machine;
    this.#mood = on.mood;
    this.process = new SimProcess(surroundings.world, `p${number}`, () => this.#step());
  }

  get isOver(): boolean {
    return this.state !== 'alive';
  }

  start(): void {
    const { world } = this.#surroundings;
    const { parallelism, memoryBytesMax, diesInAppend } = this.#mood;
    const { alive, files, name } = this.machine;
    alive.add(this.number);
    world.note(
      `${this.process.name} starts on ${name}, ${parallelism} subtasks, ${memoryBytesMax}`,
    );
    files.readErrorRate = this.#mood.readErrorRate;
    files.bitFlipRate = this.#mood.bitFlipRate;
    files.appendsUntilCrash = diesInAppend;
    this.#disturb();
    this.#live().then(
      () => this.#end('finished', null),
      (error: unknown) => this.#end('failed', error),
    );
  }

  /** Dies here and now. */
  die(): void {
    if (this.isOver) return;
    const { world } = this.#surroundings;
    const { losesPower } = this.#mood;
    this.state = 'dead';
    this.process.die();
    this.machine.alive.delete(this.number);
    world.fault(losesPower ? 'power lost' : 'process killed', this.process.name);
    if (losesPower) this.machine.files.losePower();
    else this.machine.files.crash();
  }

  #end(state: 'finished' | 'failed', error: unknown): void {
    if (this.isOver) return;
    const { world } = this.#surroundings;
    this.state = state;
    this.error = error === null || error instanceof MillraceError ? error : unexpected(error);
    world.note(
      `${this.process.name} ${state} ${this.error?.code ?? ''} ${this.error?.message ?? ''}`,
    );
    this.process.die();
    this.machine.alive.delete(this.number);
    this.machine.files.crash();
  }

  #step(): void {
    const { world } = this.#surroundings;
    const { diesAt, freezesAt } = this.#mood;
    this.#steps += 1;
    if (this.#steps === diesAt) this.die();
    if (this.#hasFrozen || this.#steps < freezesAt || this.process.indivisible > 0) return;
    this.#hasFrozen = true;
    this.process.frozenUntilMs = world.monotonicMs + leaseMs * 4 * world.next();
    this.isFrozen = true;
    world.fault('process frozen', this.process.name);
  }

  /** Trouble that comes at its time. */
  #disturb(): void {
    const { world } = this.#surroundings;
    const { files } = this.machine;
    const { diskFullAtMs, clockJumpAtMs } = this.#mood;
    if (Number.isFinite(diskFullAtMs)) {
      const fill = (): void => {
        files.freeBytes = world.below(200);
        world.fault('disk full');
        world.schedule('disk has room', 100 * world.next(), () => {
          files.freeBytes = Number.POSITIVE_INFINITY;
        });
      };
      world.schedule('disk full', diskFullAtMs, fill, this.process);
    }
    if (!Number.isFinite(clockJumpAtMs)) return;
    const jump = (): void => {
      const ms = Math.floor((world.next() - 0.5) * 10_000);
      world.wallOffsetMs += ms;
      world.fault(ms < 0 ? 'clock set back' : 'clock set forward');
    };
    world.schedule('clock jumps', clockJumpAtMs, jump, this.process);
  }

  async #live(): Promise<void> {
    const { vault, simCase } = this.#surroundings;
    const clock = simClock(this.process);
    const { storage: mood } = this.#mood;
    const { files, name: place } = this.machine;
    const storage = simStorage({
      vault,
      process: this.process,
      mood,
      filesOf: (path) => ({ files, name: path.slice('memory:'.length) }),
    });
    const store = await openCheckpointStore({
      storage,
      job: 'sim',
      clock,
      leaseMs,
      self: {
        owner: this.process.name,
        host: place,
        pid: this.number,
        place,
        isAlive: (pid) => this.machine.alive.has(pid),
      },
    });
    const job = startJob(this.#spec(simCase, clock, store));
    try {
      const summary = JSON.stringify(await job.done);
      this.#surroundings.world.note(`${this.process.name} sums up ${summary}`);
    } finally {
      const progress = job.progress();
      this.restoredId = progress.checkpoints.restoredId;
      this.checkpoints = progress.checkpoints.completed;
      await store.close().catch(() => undefined);
    }
  }

  #spec(
    simCase: SimCase,
    clock: JobSpec['clock'],
    store: NonNullable<JobSpec['checkpoints']>['store'],
  ): JobSpec {
    const { world, outputs, book } = this.#surroundings;
    const { process } = this;
    const mood = this.#mood;
    const sinks = { plan: simCase.plan, outputs, process, mood: mood.sink };
    return {
      plan: simCase.plan,
      sources: new Map(
        simCase.streams.map((script) => [script.stream, simSource(script, process, mood.source)]),
      ),
      formats: new Map(),
      sinks: [storeSink(sinks), logSink(sinks)],
      deadLetters: letterSink(sinks),
      lateRecords: lateSink(sinks),
      clock,
      baseDirectory: '/',
      nowMode: simCase.seed % 2 === 0 ? 'wall' : 'event',
      batchRowCount: mood.batchRowCount,
      parallelism: mood.parallelism,
      createStage: (options) =>
        simStage(options, book, {
          process,
          lossRate: mood.workerLossRate,
          stepMs: mood.workerStepMs,
        }),
      state: {
        files: this.#stateFiles(),
        threads: null,
        memoryBytesMax: mood.memoryBytesMax,
        memoryBytesMin: 0,
        segmentBytes: mood.segmentBytes,
      },
      checkpoints: {
        store,
        intervalMs: mood.intervalMs,
        minPauseMs: 0,
        timeoutMs: 400,
        failuresTolerated: 3,
        report: (message) => world.note(`${process.name} reports ${message}`),
      },
      restart: { kind: 'fixedDelay', delayMs: 5, attempts: 2 },
      random: world,
    };
  }

  /** The disk, which may take the process down in the middle of a write. */
  #stateFiles(): StateFiles {
    const { files } = this.machine;
    const guarded = <T>(action: () => T): T => {
      try {
        return action();
      } catch (error) {
        if (error instanceof SimulatedCrash && this.process.isAlive) {
          this.#surroundings.world.fault('died in a write', this.process.name);
          this.die();
        }
        throw error;
      }
    };
    return {
      create: (name) => {
        const writer = guarded(() => files.create(name));
        return {
          get position() {
            return writer.position;
          },
          append: (bytes) => guarded(() => writer.append(bytes)),
          close: () => guarded(() => writer.close()),
        };
      },
      open: (name) => guarded(() => files.open(name)),
      list: () => files.list(),
      remove: (name) => guarded(() => files.remove(name)),
      path: (name) => files.path(name),
    };
  }
}

function unexpected(error: unknown): MillraceError {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new MillraceError('MR_INTERNAL', `the job threw ${what}`);
}
