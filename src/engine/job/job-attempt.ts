// One life of a job between failures: one loop on one thread. It asks splits for batches, hands each to
// the stage of the views, waits until what came out has been taken, and goes on; checkpoints begin
// between two batches. However it ends, splits and stage are closed; sinks stay open for the next life.
import type { Manifest } from '../checkpoint/manifest.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { breakerError } from './failure-breaker.ts';
import { JobParts, type PartsOptions } from './job-parts.ts';
import type { JobReport } from './job-report.ts';
import type { JobSpec } from './job-spec.ts';
import { Wakeup } from './wakeup.ts';

/** While every split is idle, values shrink by the clock in steps of this. */
const idleStepMs = 1000;

/** The loop lets others run at least this often. */
const turnMs = 20;

/** A batch that took so long makes a checkpoint wait; then turns take up to this share of its time. */
const longBatchMs = 20;
const checkpointTurnShare = 0.2;
const checkpointTurnMs = 40;

const defaultFlushIntervalMs = 1000;

export interface AttemptOptions extends Omit<PartsOptions, 'wakeup' | 'signal'> {
  readonly report: JobReport;
}

export class JobAttempt {
  /** Everything was opened and restored. */
  hasRun = false;
  readonly #spec: JobSpec;
  readonly #options: AttemptOptions;
  readonly #parts: JobParts;
  readonly #wakeup = new Wakeup();
  readonly #abort = new AbortController();
  /** Resolved when everything is open, or cannot be opened. */
  readonly #opened = Promise.withResolvers<void>();
  #isStopping = false;
  #passedMs = 0;
  #blockedMs = 0;
  #flushedMs = 0;
  #turnedMs = 0;
  /** When the loop last kept time, or last waited. */
  #keptMs = Number.POSITIVE_INFINITY;
  #idleSteppedMs = 0;

  constructor(options: AttemptOptions) {
    this.#spec = options.spec;
    this.#options = options;
    const parts = { ...options, wakeup: this.#wakeup, signal: this.#abort.signal };
    this.#parts = new JobParts(parts);
  }

  stop(): void {
    this.#isStopping = true;
    this.#abort.abort();
    this.#wakeup.set();
  }

  /** A checkpoint between the next two batches. */
  async checkpoint(): Promise<Manifest> {
    await this.#opened.promise;
    const { coordinator } = this.#parts;
    if (coordinator !== null) return coordinator.request();
    throw new MillraceError('MR_CHECKPOINT_FAILED', 'the job takes no checkpoints or has failed', {
      fix: 'give the environment `checkpoints`',
    });
  }

  /** Runs to the end of input or until stopped; what failed it, or null. */
  async run(): Promise<unknown> {
    let failure: unknown = null;
    try {
      await this.#parts.open();
      this.#options.report.begin(this.#parts);
      this.hasRun = true;
      this.#opened.resolve();
      if (!this.#parts.isDone) await this.#live();
    } catch (error) {
      failure = error;
    }
    this.#opened.resolve();
    this.#abort.abort();
    await this.#options.output.settle();
    const closing = await this.#parts.close();
    return failure ?? closing;
  }

  async #live(): Promise<void> {
    const { coordinator, restored } = this.#parts;
    const { output } = this.#options;
    this.#startTimes();
    if (coordinator !== null && restored === null) await this.#during(coordinator.take());
    await this.#refill();
    await this.#loop();
    await this.#end();
    await output.flush();
    // What was lost while the last of it was written: nobody else writes it again.
    await this.#refill();
  }

  /** A sink has lost rows: it gets those of all keys, before anything else is read. */
  async #refill(): Promise<void> {
    const { output } = this.#options;
    if (output.needsRefill) await output.refillBy(() => this.#parts.stage.emitAll());
  }

  #startTimes(): void {
    const nowMs = this.#spec.clock.monotonicMs();
    this.#passedMs = nowMs;
    this.#flushedMs = nowMs;
    this.#turnedMs = nowMs;
    this.#blockedMs = this.#options.output.blockedMs;
  }

  async #loop(): Promise<void> {
    const { sources, stage, coordinator } = this.#parts;
    const { output } = this.#options;
    this.#requestReads();
    while (!this.#isStopping) {
      let hasWorked = false;
      for (const [i, source] of sources.entries()) {
        if (i > 0) await stage.drain();
        if (this.#takesInput()) hasWorked = source.step() || hasWorked;
      }
      this.#passTime();
      await stage.drain();
      await this.#keepTime();
      // A barrier that is on its way must not be overtaken.
      if (coordinator?.isUnderWay !== true) await this.#refill();
      const broken = output.breaker?.broken ?? null;
      if (broken !== null && output.breaker?.onBreak === 'stop') throw breakerError(broken);
      if (sources.every((source) => source.isAtEnd)) return;
      if (coordinator?.step() === true) await stage.drain();
      hasWorked = stage.work(!hasWorked) || hasWorked;
      if (!hasWorked && !this.#isStopping) await this.#wait();
      this.#requestReads();
    }
  }

  /** False while sinks are full, and from when too many records failed. */
  #takesInput(): boolean {
    const { output, report } = this.#options;
    if ((output.breaker?.broken ?? null) === null) return !output.isHeldBack;
    report.state = 'paused';
    return false;
  }

  async #end(): Promise<void> {
    const { sources, stage, coordinator, holdsEnd } = this.#parts;
    if (coordinator === null) return this.#finish();
    await this.#during(coordinator.settle());
    const isEnding = holdsEnd && sources.every((source) => source.isAtEnd);
    if (!isEnding && !this.#isStopping) await this.#finish();
    const before = await this.#during(coordinator.take());
    if (!isEnding) return stage.finish();
    await this.#finish();
    await coordinator.end(before);
  }

  /** Everything that is in comes out; what has ended fires all. */
  async #finish(): Promise<void> {
    const { sources, stage } = this.#parts;
    for (const source of sources) if (source.isAtEnd) source.finish();
    await stage.finish();
  }

  /** Until a checkpoint is done: the stage works for it and gives out what it has. */
  async #during<T>(task: Promise<T>): Promise<T> {
    const { stage } = this.#parts;
    const { clock } = this.#spec;
    let isDone = false;
    const done = (): void => {
      isDone = true;
      this.#wakeup.set();
    };
    task.then(done, done);
    while (!isDone) {
      await stage.drain();
      if (stage.work()) await this.#turn();
      else await this.#wakeup.wait(clock, this.#options.report.untilTickMs);
      this.#options.report.tick();
    }
    return task;
  }

  async #wait(): Promise<void> {
    const { clock } = this.#spec;
    const { report } = this.#options;
    const startMs = clock.monotonicMs();
    await this.#wakeup.wait(clock, this.#untilDeadlineMs());
    this.#keptMs = clock.monotonicMs();
    report.waitedMs += this.#keptMs - startMs;
  }

  #requestReads(): void {
    const nowMs = this.#spec.clock.monotonicMs();
    for (const source of this.#parts.sources) source.requestReads(nowMs);
  }

  /** Tells sources how much time passed in which they could be read. */
  #passTime(): void {
    const { output, report } = this.#options;
    const nowMs = this.#spec.clock.monotonicMs();
    const blockedMs = output.blockedMs - this.#blockedMs;
    const elapsedMs = Math.max(0, nowMs - this.#passedMs - blockedMs);
    this.#passedMs = nowMs;
    this.#blockedMs = output.blockedMs;
    const isStep = nowMs - this.#idleSteppedMs >= idleStepMs;
    if (isStep) this.#idleSteppedMs = nowMs;
    for (const source of this.#parts.sources) {
      // A job that takes no input does not know whether a split has any.
      if (source.isFinished || report.state === 'paused') continue;
      source.passTime(elapsedMs);
      if (isStep && source.isAllIdle && this.#spec.nowMode === 'wall') {
        source.advanceIdleTime(this.#spec.clock.nowMs());
      }
    }
  }

  /** Flushes, reports and lets others run, each when it is due. */
  async #keepTime(): Promise<void> {
    const { output, report } = this.#options;
    const { clock } = this.#spec;
    const nowMs = clock.monotonicMs();
    if (output.isDirty && nowMs - this.#flushedMs >= this.#flushIntervalMs) {
      await output.flush();
      this.#flushedMs = clock.monotonicMs();
    }
    report.tick();
    if (nowMs - this.#turnedMs >= turnMs) await this.#turn();
    await this.#turnForCheckpoint(nowMs - this.#keptMs);
    this.#keptMs = nowMs;
  }

  async #turn(): Promise<void> {
    const { clock } = this.#spec;
    await clock.turn?.();
    this.#turnedMs = clock.monotonicMs();
  }

  /**
   * More turns while a checkpoint is saved, after a batch that took long: each file of a checkpoint
   * needs several, and with one a batch it would not be complete before the input is.
   */
  async #turnForCheckpoint(workedMs: number): Promise<void> {
    const { clock } = this.#spec;
    const { coordinator } = this.#parts;
    if (workedMs < longBatchMs || clock.turn === undefined) return;
    const restMs = Math.min(workedMs * checkpointTurnShare, checkpointTurnMs);
    const untilMs = clock.monotonicMs() + restMs;
    while (coordinator?.isSaving === true && clock.monotonicMs() < untilMs) await clock.turn();
    this.#turnedMs = clock.monotonicMs();
  }

  /** How long there is nothing to do unless a split has something. */
  #untilDeadlineMs(): number {
    const { clock, nowMode } = this.#spec;
    const { output, report } = this.#options;
    const { sources, coordinator } = this.#parts;
    const nowMs = clock.monotonicMs();
    let deadlineMs = report.untilTickMs;
    if (output.isDirty) {
      deadlineMs = Math.min(deadlineMs, this.#flushedMs + this.#flushIntervalMs - nowMs);
    }
    if (coordinator !== null) deadlineMs = Math.min(deadlineMs, coordinator.dueMs - nowMs);
    for (const source of sources) {
      if (source.isFinished) continue;
      deadlineMs = Math.min(deadlineMs, source.idleDeadlineMs);
      deadlineMs = Math.min(deadlineMs, source.retryAtMs - nowMs);
      if (source.isAllIdle && nowMode === 'wall') deadlineMs = Math.min(deadlineMs, idleStepMs);
    }
    return Math.max(1, deadlineMs);
  }

  get #flushIntervalMs(): number {
    return this.#spec.flushIntervalMs ?? defaultFlushIntervalMs;
  }
}
