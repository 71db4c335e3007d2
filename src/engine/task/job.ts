// A job: one loop on one thread. It asks splits for batches, runs each batch through the views of its
// stream, waits until all that came out has been taken, and goes on. Whatever ends it, splits and
// sinks are closed before `done` settles. It keeps no state across runs.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { StreamNode } from '../../plan/plan.ts';
import { lowerPlan, type SourceStage } from '../lower/lower-plan.ts';
import { JobOutput } from './job-output.ts';
import { JobReport } from './job-report.ts';
import type { Job, JobSpec, JobState, JobSummary } from './job-spec.ts';
import { LocalViewStage } from './local-view-stage.ts';
import { SourceTask } from './source-task.ts';
import type { StageOutput, SubtaskStats, ViewStage } from './view-stage.ts';
import { Wakeup } from './wakeup.ts';

/** While every split is idle, values shrink by the clock in steps of this. */
const idleStepMs = 1000;

/** The loop lets others run at least this often. */
const turnMs = 20;

const defaultBatchRowCount = 16_384;
const defaultFlushIntervalMs = 1000;

/**
 * Starts computing the views of a plan. **Shape**: records of the sources in, feature vectors to
 * every sink. **Order**: of one split, its own; bounded input gives the same vectors every time.
 * **Guarantee**: a record is applied to every view of its stream or becomes a dead letter; the job
 * holds no more than one batch per split beyond what its sinks have taken. **Errors**: `done` rejects
 * with what a source or a sink threw, after closing everything; MR_CONFIG_UNBOUND_STREAM and
 * MR_UNKNOWN_VIEW before anything is opened; MR_INTERNAL for a bug of ours.
 */
export function startJob(spec: JobSpec): Job {
  const loop = new JobLoop(spec);
  const done = loop.run();
  return {
    done,
    stop: async () => {
      loop.stop();
      await done.catch(() => undefined);
    },
    progress: () => loop.report.progress(),
    summary: () => loop.report.summary(),
  };
}

class JobLoop {
  readonly report: JobReport;
  readonly #spec: JobSpec;
  readonly #output: JobOutput;
  readonly #sources: SourceTask[] = [];
  #stage: ViewStage | null = null;
  readonly #wakeup = new Wakeup();
  readonly #abort = new AbortController();
  #isStopping = false;
  #passedMs = 0;
  #blockedMs = 0;
  #flushedMs = 0;
  #turnedMs = 0;
  #idleSteppedMs = 0;

  constructor(spec: JobSpec) {
    this.#spec = spec;
    this.#output = new JobOutput(spec);
    const stats = (): readonly SubtaskStats[] => this.#stage?.stats() ?? [];
    this.report = new JobReport(spec, { sources: this.#sources, output: this.#output, stats });
  }

  stop(): void {
    this.#isStopping = true;
    this.#abort.abort();
    this.#wakeup.set();
  }

  async run(): Promise<JobSummary> {
    let failure: unknown = null;
    try {
      const stage = await this.#open();
      this.report.state = 'running';
      await this.#loop(stage);
      await this.#output.flush();
    } catch (error) {
      failure = asMillraceError(error);
    }
    const closingFailure = await this.#close();
    failure ??= closingFailure;
    this.report.end(endState(failure, this.#isStopping));
    if (failure !== null) throw asMillraceError(failure);
    return this.report.summary();
  }

  async #open(): Promise<ViewStage> {
    const stages = lowerPlan(this.#spec.plan, this.#spec.views);
    for (const { stream } of stages) {
      if (!this.#spec.sources.has(stream.name)) throw unboundStream(stream.name);
    }
    const { plan } = this.#spec;
    const views = new LocalViewStage({ plan, stages, output: this.#stageOutput(stages) });
    this.#stage = views;
    for (const [index, { stream }] of stages.entries()) {
      this.#sources.push(await this.#openSource(stream, index, views));
    }
    return views;
  }

  /** What comes out of the views, with the names of its origin. */
  #stageOutput(stages: readonly SourceStage[]): StageOutput {
    const output = this.#output;
    const nameOf = (stream: number): string => stages[stream]?.stream.name ?? '';
    const splitOf = (stream: number, split: number): string =>
      this.#sources[stream]?.splitId(split) ?? '';
    return {
      emit: (batch) => output.emit(batch),
      late: ({ stream, split }, record) =>
        output.late({ ...record, stream: nameOf(stream), split: splitOf(stream, split) }),
      fail: ({ stream, split, viewUid: operatorUid }, error) =>
        output.fail(error, { stream: nameOf(stream), split: splitOf(stream, split), operatorUid }),
      drain: () => output.drain(),
    };
  }

  async #openSource(stream: StreamNode, index: number, views: ViewStage): Promise<SourceTask> {
    const { formats, clock, baseDirectory, batchRowCount } = this.#spec;
    const source = this.#spec.sources.get(stream.name);
    if (source === undefined) throw unboundStream(stream.name);
    const splits = await source.open({
      stream: stream.name,
      rowType: { fields: stream.fields },
      eventTimeField: stream.eventTime.field,
      startAt: new Map(),
      formats,
      clock,
      baseDirectory,
      signal: this.#abort.signal,
    });
    return new SourceTask({
      stream,
      index,
      views,
      splits,
      isBounded: source.bounded,
      output: this.#output,
      clock,
      batchRowCount: batchRowCount ?? defaultBatchRowCount,
      onRead: () => this.#wakeup.set(),
    });
  }

  async #loop(stage: ViewStage): Promise<void> {
    const startMs = this.#spec.clock.monotonicMs();
    this.#passedMs = startMs;
    this.#flushedMs = startMs;
    this.#turnedMs = startMs;
    this.#requestReads();
    while (!this.#isStopping) {
      let hasWorked = false;
      for (const [i, source] of this.#sources.entries()) {
        if (i > 0) await stage.drain();
        hasWorked = source.step() || hasWorked;
      }
      this.#passTime();
      await stage.drain();
      await this.#keepTime();
      if (this.#sources.every((source) => source.isFinished)) return stage.finish();
      if (!hasWorked && !this.#isStopping) {
        const { clock } = this.#spec;
        const startMs = clock.monotonicMs();
        await this.#wakeup.wait(clock, this.#untilDeadlineMs());
        this.report.waitedMs += clock.monotonicMs() - startMs;
      }
      this.#requestReads();
    }
  }

  #requestReads(): void {
    const nowMs = this.#spec.clock.monotonicMs();
    for (const source of this.#sources) source.requestReads(nowMs);
  }

  /** Tells sources how much time passed in which they could be read. */
  #passTime(): void {
    const nowMs = this.#spec.clock.monotonicMs();
    const blockedMs = this.#output.blockedMs - this.#blockedMs;
    const elapsedMs = Math.max(0, nowMs - this.#passedMs - blockedMs);
    this.#passedMs = nowMs;
    this.#blockedMs = this.#output.blockedMs;
    const isStep = nowMs - this.#idleSteppedMs >= idleStepMs;
    if (isStep) this.#idleSteppedMs = nowMs;
    for (const source of this.#sources) {
      if (source.isFinished) continue;
      source.passTime(elapsedMs);
      if (isStep && source.isAllIdle && this.#spec.nowMode === 'wall') {
        source.advanceIdleTime(this.#spec.clock.nowMs());
      }
    }
  }

  /** Flushes, reports and lets others run, each when it is due. */
  async #keepTime(): Promise<void> {
    const { clock } = this.#spec;
    const nowMs = clock.monotonicMs();
    if (this.#output.isDirty && nowMs - this.#flushedMs >= this.#flushIntervalMs) {
      await this.#output.flush();
      this.#flushedMs = clock.monotonicMs();
    }
    this.report.tick();
    if (nowMs - this.#turnedMs >= turnMs) {
      await clock.turn?.();
      this.#turnedMs = clock.monotonicMs();
    }
  }

  /** How long there is nothing to do unless a split has something. */
  #untilDeadlineMs(): number {
    const { clock, nowMode } = this.#spec;
    const nowMs = clock.monotonicMs();
    let deadlineMs = this.report.untilTickMs;
    if (this.#output.isDirty) {
      deadlineMs = Math.min(deadlineMs, this.#flushedMs + this.#flushIntervalMs - nowMs);
    }
    for (const source of this.#sources) {
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

  async #close(): Promise<unknown> {
    this.#abort.abort();
    const closed = await Promise.all(this.#sources.map((source) => source.close()));
    await this.#stage?.close();
    return (await this.#output.close()) ?? closed.find((error) => error !== null) ?? null;
  }
}

function endState(failure: unknown, isStopping: boolean): JobState {
  if (failure !== null) return 'failed';
  return isStopping ? 'stopped' : 'finished';
}

function unboundStream(name: string): MillraceError {
  return new MillraceError('MR_CONFIG_UNBOUND_STREAM', `stream "${name}" is bound to no source`, {
    context: { path: `streams.${name}` },
    fix: `give "${name}" a source in the environment's streams`,
  });
}

/** Whatever was thrown, as an error that says whose it is. */
function asMillraceError(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const what = error instanceof Error ? error.message : String(error);
  return new MillraceError('MR_INTERNAL', `the job failed: ${what}`, { cause: error });
}
