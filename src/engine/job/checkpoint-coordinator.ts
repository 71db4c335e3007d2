// Checkpoints of a running job. One at a time: positions are noted between two batches, a barrier goes
// through the stage, sinks prepare when the output before it is out, and when state and sinks are done
// the manifest is written; only then sinks commit. A checkpoint that fails is given up and counted; a
// sink that fails, or too many in a row, fail the job, which goes back to the last one that is whole.
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { StateFiles } from '../../ports/state-files.ts';
import {
  checkpointEnded,
  checkpointStarted,
  decideTrigger,
  firstTrigger,
  type TriggerState,
} from '../checkpoint/decide-trigger.ts';
import {
  type EndedInput,
  type Manifest,
  positionsOf,
  type SourceState,
} from '../checkpoint/manifest.ts';
import { filesOf } from '../checkpoint/manifest-codec.ts';
import type { SubtaskSnapshot } from '../checkpoint/subtask-snapshot.ts';
import type { CheckpointLog } from './checkpoint-log.ts';
import type { JobOutput, PreparedSinks } from './job-output.ts';
import type { JobCheckpointOptions } from './job-spec.ts';
import type { ViewStage } from '../task/view-stage.ts';

export interface CoordinatorOptions {
  readonly checkpoints: JobCheckpointOptions;
  readonly files: StateFiles;
  readonly clock: Clock;
  readonly parallelism: number;
  readonly plan: { readonly fingerprint: string; readonly json: JsonValue };
  readonly stage: ViewStage;
  readonly output: JobOutput;
  readonly log: CheckpointLog;
  /** What manifests say of sources and totals, as of now. */
  readonly sources: () => Readonly<Record<string, SourceState>>;
  readonly counters: () => Readonly<Record<string, number>>;
  /** Called when there is something to do or to see for the loop, which may be waiting. */
  readonly onChange: () => void;
  /** Told after a checkpoint which ones may be restored from now on. */
  readonly onRetained: (manifests: readonly Manifest[]) => void;
  /** Files of the newest whole checkpoint. */
  readonly restored: Manifest | null;
}

/** Before a checkpoint without which nothing goes on is tried again. */
const retryMs = 1000;

/** What was noted at a barrier. */
interface Barrier {
  readonly id: number;
  readonly startMs: number;
  readonly sources: Readonly<Record<string, SourceState>>;
  readonly counters: Readonly<Record<string, number>>;
}

/** A checkpoint before its manifest. */
interface Collected extends Barrier {
  readonly subtasks: readonly SubtaskSnapshot[];
  readonly sinks: PreparedSinks;
  readonly pauseMs: number;
}

export class CheckpointCoordinator {
  readonly #options: CoordinatorOptions;
  #state: TriggerState;
  /** The attempt under way; null when there is none. Never rejects. */
  #running: Promise<Manifest | null> | null = null;
  #isSaving = false;
  #isTimedOut = false;
  #requests: PromiseWithResolvers<Manifest>[] = [];
  #failure: unknown = null;
  /** Local files that were given to storage and may go when no checkpoint needs them. */
  #files: ReadonlySet<string>;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#state = firstTrigger(options.clock.monotonicMs());
    this.#files = filesIn(options.restored);
    const { lost } = options.checkpoints.store;
    lost.addEventListener('abort', () => options.onChange(), { once: true });
  }

  /**
   * Between two batches: begins or gives up a checkpoint when it is due; true when it began one.
   * Throws what fails the job.
   */
  step(): boolean {
    this.#options.checkpoints.store.lost.throwIfAborted();
    if (this.#failure !== null) throw this.#failure;
    const decision = decideTrigger(this.#options.checkpoints, this.#state, this.#nowMs);
    if (decision.kind === 'giveUp') throw this.#tooMany();
    if (decision.kind === 'timeOut') this.#timeOut();
    const isWanted = decision.kind === 'start' || this.#requests.length > 0;
    if (!isWanted || this.#running !== null) return false;
    this.#answer(this.#start());
    return true;
  }

  /** A checkpoint is wanted at the next `step`. */
  request(): Promise<Manifest> {
    const request = Promise.withResolvers<Manifest>();
    this.#requests.push(request);
    this.#options.onChange();
    return request.promise;
  }

  #answer(running: Promise<Manifest | null>): void {
    const requests = this.#requests;
    this.#requests = [];
    void running.then((manifest) => {
      for (const { resolve, reject } of requests) {
        if (manifest === null) reject(this.#failureNow);
        else resolve(manifest);
      }
    });
  }

  /** The job ends: nobody answers requests any more. */
  close(): void {
    const message = 'the job ended before a checkpoint could be taken';
    for (const { reject } of this.#requests) {
      reject(new MillraceError('MR_CHECKPOINT_FAILED', message));
    }
    this.#requests = [];
  }

  /** When `step` has something to do; monotonic. */
  get dueMs(): number {
    if (this.#requests.length > 0 && this.#running === null) return this.#nowMs;
    const decision = decideTrigger(this.#options.checkpoints, this.#state, this.#nowMs);
    return decision.kind === 'wait' ? decision.untilMs : this.#nowMs;
  }

  /**
   * A checkpoint of now, while nothing is read and none is under way; tried again as often as
   * failures are tolerated.
   */
  async take(): Promise<Manifest> {
    const { checkpoints, clock } = this.#options;
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      const manifest = await this.#start();
      if (manifest !== null) return manifest;
      if (this.#failure !== null) throw this.#failure;
      if (this.#state.failuresInRow > checkpoints.failuresTolerated) throw this.#tooMany();
      await clock.sleep(Math.min(retryMs, checkpoints.intervalMs));
    }
  }

  get #failureNow(): unknown {
    const message = `the checkpoint failed: ${this.#reason}`;
    return this.#failure ?? new MillraceError('MR_CHECKPOINT_FAILED', message);
  }

  /** After the end fired: the same state as in `before`, with everything that came out. */
  async end(before: Manifest): Promise<Manifest> {
    const { checkpoints, output } = this.#options;
    const barrier = this.#begin(checkpoints.store.nextId());
    await output.drain();
    const { subtasks, sources } = before;
    const sinks = await output.prepare(barrier.id, positionsOf(sources));
    const ended = { id: before.id, sinks: before.sinks, counters: before.counters };
    const collected = { ...barrier, subtasks, sources, sinks, pauseMs: 0 };
    const manifest = await this.#commit(collected, ended);
    this.#ended('completed');
    return manifest;
  }

  /** A checkpoint has begun and is not complete. */
  get isUnderWay(): boolean {
    return this.#running !== null;
  }

  /** Its state is written: it waits for sinks and storage. */
  get isSaving(): boolean {
    return this.#isSaving;
  }

  /** Waits for the attempt under way, whatever becomes of it. */
  async settle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  #start(): Promise<Manifest | null> {
    const barrier = this.#begin(this.#options.checkpoints.store.nextId());
    const running = this.#attempt(barrier).finally(() => {
      this.#running = null;
      this.#isSaving = false;
      this.#options.onChange();
    });
    this.#running = running;
    this.#options.onChange();
    return running;
  }

  #begin(id: number): Barrier {
    const startMs = this.#nowMs;
    this.#state = checkpointStarted(this.#state, startMs);
    this.#isTimedOut = false;
    const { sources, counters } = this.#options;
    return { id, startMs, sources: sources(), counters: counters() };
  }

  async #attempt(barrier: Barrier): Promise<Manifest | null> {
    try {
      const collected = await this.#collect(barrier);
      if (this.#isTimedOut) return null;
      const manifest = await this.#commit(collected);
      if (!this.#isTimedOut) this.#ended('completed');
      return manifest;
    } catch (error) {
      this.#failed(error);
      return null;
    }
  }

  async #collect(barrier: Barrier): Promise<Collected> {
    const { stage, output } = this.#options;
    let prepared: Promise<PreparedSinks> = Promise.resolve({});
    let pauseMs = 0;
    output.holdRefused();
    const snapshot = stage.snapshot(barrier.id, async () => {
      await output.drain();
      prepared = output.prepare(barrier.id, positionsOf(barrier.sources));
      output.releaseRefused();
      prepared.catch((error: unknown) => this.#fail(error));
      pauseMs = this.#nowMs - barrier.startMs;
    });
    const subtasks = await snapshot.finally(() => output.releaseRefused());
    this.#isSaving = true;
    return { ...barrier, subtasks, sinks: await prepared, pauseMs };
  }

  async #commit(collected: Collected, ended?: EndedInput): Promise<Manifest> {
    const { checkpoints, files, parallelism, plan, output } = this.#options;
    const { id, sources, subtasks, sinks, counters } = collected;
    const noted = { id, plan, parallelism, sources, subtasks, sinks, counters };
    const draft = { ...noted, storeEpoch: null };
    const manifest = await checkpoints.store.commit(
      ended === undefined ? draft : { ...draft, ended },
      (file) => files.path(file),
    );
    await output.commit(id).catch((error: unknown) => {
      this.#fail(error);
      throw error;
    });
    this.#note(manifest, collected);
    this.#options.onRetained(checkpoints.store.retained);
    return manifest;
  }

  #note(manifest: Manifest, { startMs, pauseMs }: Collected): void {
    const { log, clock, stage } = this.#options;
    const all = filesOf(manifest);
    let bytes = 0;
    let fullBytes = 0;
    for (const [file, size] of all) {
      fullBytes += size;
      if (!this.#files.has(file)) bytes += size;
    }
    stage.release([...this.#files].filter((file) => !all.has(file)));
    this.#files = new Set(all.keys());
    const durationMs = this.#nowMs - startMs;
    log.completed({ id: manifest.id, atMs: clock.nowMs(), durationMs, pauseMs, bytes, fullBytes });
  }

  /** The job cannot go on: what a sink holds is not known any more. */
  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#options.onChange();
  }

  #failed(error: unknown): void {
    if (error instanceof MillraceError && error.code === 'MR_FENCED') this.#fail(error);
    if (this.#isTimedOut) return;
    this.#options.log.failed(error instanceof Error ? error.message : String(error));
    this.#ended('failed');
  }

  #timeOut(): void {
    if (this.#isTimedOut) return;
    const { timeoutMs } = this.#options.checkpoints;
    this.#options.log.failed(`it took longer than ${timeoutMs} ms`);
    this.#ended('failed');
    this.#isTimedOut = true;
    this.#options.stage.abortSnapshot();
  }

  #ended(outcome: 'completed' | 'failed'): void {
    this.#state = checkpointEnded(this.#state, this.#nowMs, outcome);
  }

  #tooMany(): MillraceError {
    const { failuresTolerated } = this.#options.checkpoints;
    const message = `more than ${failuresTolerated} checkpoints in a row failed: ${this.#reason}`;
    return new MillraceError('MR_CHECKPOINT_FAILED', message, {
      fix: 'see why the last one failed; the job goes back to the last whole one',
    });
  }

  get #reason(): string {
    return this.#options.log.progress().failure ?? 'it was given up';
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

function filesIn(manifest: Manifest | null): ReadonlySet<string> {
  return new Set(manifest === null ? [] : filesOf(manifest).keys());
}
