// The parts of a job in one of its lives, opened and restored: the stage of its views, the source of
// each stream, the coordinator of its checkpoints. Sinks stand where the restored checkpoint was.
import type { JsonValue } from '../../kernel/json-value.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { planFingerprint } from '../../plan/fingerprint.ts';
import { planToJson } from '../../plan/plan-json.ts';
import type { StreamNode } from '../../plan/plan.ts';
import type { SourceSplit } from '../../ports/source.ts';
import {
  type EndedInput,
  type Manifest,
  positionsOf,
  type SourceState,
} from '../checkpoint/manifest.ts';
import { isChained, lowerPlan, type SourceStage } from '../lower/lower-plan.ts';
import { CheckpointCoordinator } from './checkpoint-coordinator.ts';
import type { CheckpointLog } from './checkpoint-log.ts';
import type { JobOutput, RestoredSinks } from './job-output.ts';
import { recoverStage } from './job-recovery.ts';
import type { JobCheckpointOptions, JobSpec, JobStateOptions } from './job-spec.ts';
import { LocalViewStage } from '../task/local-view-stage.ts';
import { SourceTask } from '../task/source-task.ts';
import type { StageOutput, StageState, ViewStage } from '../task/view-stage.ts';
import type { Wakeup } from './wakeup.ts';
import { WorkerViewStage } from '../task/worker-view-stage.ts';

const defaultBatchRowCount = 16_384;

export interface PartsOptions {
  readonly spec: JobSpec;
  readonly output: JobOutput;
  readonly log: CheckpointLog;
  readonly wakeup: Wakeup;
  /** Aborted when sources are not needed any more. */
  readonly signal: AbortSignal;
  /** Number of this life, from 0. */
  readonly life: number;
}

export class JobParts {
  readonly sources: SourceTask[] = [];
  coordinator: CheckpointCoordinator | null = null;
  /** The checkpoint that this life goes on from; null when it begins anew. */
  restored: Manifest | null = null;
  readonly #options: PartsOptions;
  #stage: ViewStage | null = null;
  #parallelism: number;

  constructor(options: PartsOptions) {
    this.#options = options;
    this.#parallelism = options.spec.parallelism ?? 1;
  }

  get stage(): ViewStage {
    if (this.#stage === null) throw new Error('the job is not open');
    return this.#stage;
  }

  get isOpen(): boolean {
    return this.#stage !== null;
  }

  /** The end is only told to the views after a checkpoint: all input ends. */
  get holdsEnd(): boolean {
    const { spec } = this.#options;
    return spec.checkpoints !== undefined && [...spec.sources.values()].every((s) => s.bounded);
  }

  async open(): Promise<void> {
    const { spec } = this.#options;
    const stages = lowerPlan(spec.plan, spec.views);
    // Views hand their rows on within one thread.
    if (isChained(stages)) this.#parallelism = 1;
    const read = stages.filter(({ stream }) => stream.rowsOf === undefined);
    for (const { stream } of read) {
      if (!spec.sources.has(stream.name)) throw unboundStream(stream.name);
    }
    await this.#openStage(stages);
    for (const [index, { stream }] of read.entries()) {
      this.sources.push(await this.#openSource(stream, index));
    }
    await this.#recoverSinks();
    if (spec.checkpoints !== undefined && spec.state !== undefined) {
      this.coordinator = this.#createCoordinator(spec.checkpoints, spec.state);
    }
  }

  /** Ends what is open; the first error. Sinks stay open. */
  async close(): Promise<unknown> {
    const closed = await Promise.all(this.sources.map((source) => source.close()));
    const stage = await this.#stage?.close().catch((error: unknown) => error);
    this.coordinator?.close();
    await this.coordinator?.settle();
    return stage ?? closed.find((error) => error !== null) ?? null;
  }

  /** Everything that was read and fired counts: nothing is left to do. */
  get isDone(): boolean {
    return this.#isDone;
  }

  #isDone = false;

  async #openStage(stages: readonly SourceStage[]): Promise<void> {
    const { spec, log } = this.#options;
    const { checkpoints, state } = spec;
    const createStage = (): ViewStage => this.#createStage(stages);
    if (checkpoints === undefined) {
      this.#stage = createStage();
      return;
    }
    if (state === undefined) throw new Error('checkpoints need a place for state');
    const { output, life } = this.#options;
    const named = life === 0 ? checkpoints.named : undefined;
    const { authority } = output;
    const { files } = state;
    const recovered = await recoverStage({ checkpoints, named, authority, files, createStage });
    this.#stage = recovered.stage;
    this.restored = recovered.manifest;
    if (this.#options.life === 0) log.restoredId = recovered.manifest?.id ?? null;
  }

  #createStage(stages: readonly SourceStage[]): ViewStage {
    const { spec, wakeup } = this.#options;
    const { plan, clock } = spec;
    const parallelism = this.#parallelism;
    const create =
      spec.createStage ??
      ((given) => (parallelism === 1 ? new LocalViewStage(given) : new WorkerViewStage(given)));
    return create({
      plan,
      stages,
      output: this.#stageOutput(stages),
      clock,
      parallelism,
      onActivity: () => wakeup.set(),
      state: this.#stageState(),
      moduleLoader: spec.moduleLoader,
    });
  }

  #stageState(): StageState | null {
    const { spec, life } = this.#options;
    if (spec.state === undefined) return null;
    const { filePrefix = '' } = spec.state;
    const prefix = spec.checkpoints?.store.filePrefix ?? filePrefix;
    return { ...spec.state, filePrefix: `${prefix}${life}-` };
  }

  /** What comes out of the views, with the names of its origin. */
  #stageOutput(stages: readonly SourceStage[]): StageOutput {
    const { output } = this.#options;
    const nameOf = (stream: number): string => stages[stream]?.stream.name ?? '';
    const splitOf = (stream: number, split: number): string =>
      this.sources[stream]?.splitId(split) ?? '';
    return {
      emit: (batch) => output.emit(batch),
      refill: (batch) => output.refill(batch),
      late: ({ stream, split }, record) =>
        output.late({ ...record, stream: nameOf(stream), split: splitOf(stream, split) }),
      fail: ({ stream, split, viewUid: operatorUid }, error) =>
        output.fail(error, { stream: nameOf(stream), split: splitOf(stream, split), operatorUid }),
      drain: () => output.drain(),
    };
  }

  async #openSource(stream: StreamNode, index: number): Promise<SourceTask> {
    const { spec, output, wakeup, signal } = this.#options;
    const { formats, clock, baseDirectory, batchRowCount, group, onNotice } = spec;
    const source = spec.sources.get(stream.name);
    if (source === undefined) throw unboundStream(stream.name);
    const restored = this.restored?.sources[stream.name] ?? null;
    let task: SourceTask | null = null;
    const added: SourceSplit[] = [];
    const splits = await source.open({
      stream: stream.name,
      rowType: { fields: stream.fields },
      eventTimeField: stream.eventTime.field,
      startAt: new Map(Object.entries(restored?.positions ?? {})),
      formats,
      clock,
      baseDirectory,
      signal,
      addSplit: (split) => {
        if (task === null) added.push(split);
        else task.addSplit(split);
      },
      onSkipped: (records) => this.#countSkipped(stream.name, records),
      ...(group === undefined ? {} : { group }),
      ...(onNotice === undefined ? {} : { report: onNotice }),
    });
    task = new SourceTask({
      stream,
      index,
      views: this.stage,
      splits,
      isBounded: source.bounded,
      output,
      clock,
      batchRowCount: batchRowCount ?? defaultBatchRowCount,
      onRead: () => wakeup.set(),
      restored,
      holdsEnd: this.holdsEnd,
    });
    for (const split of added) task.addSplit(split);
    return task;
  }

  #countSkipped(stream: string, records: number): void {
    const help = 'Records that were passed over because they are gone at the broker.';
    const counter = this.#options.spec.metrics?.counter('millrace_source_records_skipped', help, {
      stream,
    });
    if (counter !== undefined) counter.value += records;
  }

  async #recoverSinks(): Promise<void> {
    const { output, spec } = this.#options;
    const { restored } = this;
    output.reset(restored?.counters ?? {});
    if (spec.checkpoints === undefined) return;
    // Whoever stood still for longer than its lease must not touch what the next owner has written.
    const { store } = spec.checkpoints;
    do await store.confirm();
    while (!store.isCertain);
    await output.recover(restored === null ? null : restoredSinks(restored, restored));
    if (restored?.ended === undefined) return;
    this.#isDone = !output.needsRefill && !(await this.#hasInput());
    if (!this.#isDone) await this.#goBeforeEnd(restored, restored.ended);
  }

  /**
   * The input has gone on after its end: what came out of that end does not count. The checkpoint that
   * counts on it goes first, or a crash would find it without its rows.
   */
  async #goBeforeEnd(restored: Manifest, ended: EndedInput): Promise<void> {
    const { output, spec } = this.#options;
    if (output.authority === null) await spec.checkpoints?.store.goBackTo(ended.id);
    output.reset(ended.counters);
    await output.recover(restoredSinks(restored, ended));
  }

  async #hasInput(): Promise<boolean> {
    const { spec, wakeup } = this.#options;
    for (;;) {
      for (const source of this.sources) source.requestReads(spec.clock.monotonicMs());
      const known = this.sources.map(({ hasInput }) => hasInput);
      if (known.includes(true)) return true;
      if (!known.includes(null)) return false;
      await wakeup.wait(spec.clock, Number.POSITIVE_INFINITY);
    }
  }

  #createCoordinator(
    checkpoints: JobCheckpointOptions,
    { files }: JobStateOptions,
  ): CheckpointCoordinator {
    const { spec, output, log, wakeup } = this.#options;
    const { plan, clock } = spec;
    const parallelism = this.#parallelism;
    const json = JSON.parse(planToJson(plan)) as JsonValue;
    return new CheckpointCoordinator({
      checkpoints,
      files,
      clock,
      parallelism,
      plan: { fingerprint: planFingerprint(plan), json },
      stage: this.stage,
      output,
      log,
      sources: () => this.#savedSources(),
      counters: () => output.counters(),
      onChange: () => wakeup.set(),
      onRetained: (manifests) => {
        for (const source of this.sources) source.retained(manifests);
      },
      restored: this.restored,
    });
  }

  #savedSources(): Record<string, SourceState> {
    return Object.fromEntries(this.sources.map((source) => [source.stream.name, source.save()]));
  }
}

/** `given`: the checkpoint itself, or the one right before its end. */
function restoredSinks(restored: Manifest, given: Manifest | EndedInput): RestoredSinks {
  return { id: given.id, sinks: given.sinks, positions: positionsOf(restored.sources) };
}

function unboundStream(name: string): MillraceError {
  return new MillraceError('MR_CONFIG_UNBOUND_STREAM', `stream "${name}" is bound to no source`, {
    context: { path: `streams.${name}` },
    fix: `give "${name}" a source in the environment's streams`,
  });
}
