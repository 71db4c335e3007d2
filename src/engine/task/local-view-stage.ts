// All views in the thread of the sources and sinks, as one subtask: the cheapest way for one core.
import type { Batch } from '../../columns/batch.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { SubtaskSnapshot } from '../checkpoint/subtask-snapshot.ts';
import { Subtask, viewNumbers } from './subtask.ts';
import type { StageOutput, SubtaskStats, ViewStage, ViewStageOptions } from './view-stage.ts';
import { WorkPace } from './work-pace.ts';

type Snapshot = PromiseWithResolvers<readonly SubtaskSnapshot[]>;

export class LocalViewStage implements ViewStage {
  readonly #subtask: Subtask;
  readonly #views: readonly (readonly number[])[];
  readonly #output: StageOutput;
  readonly #pace: WorkPace;
  #snapshot: Snapshot | null = null;
  /** While the sinks are told of a barrier nothing may come out. Never rejects. */
  #aligning: Promise<void> | null = null;

  constructor({ plan, stages, output, state, clock }: Omit<ViewStageOptions, 'parallelism'>) {
    this.#output = output;
    this.#pace = new WorkPace(clock);
    this.#views = viewNumbers(stages);
    this.#subtask = new Subtask({
      plan,
      stages,
      subtask: 0,
      parallelism: 1,
      state,
      output: {
        emit: (_, batch) => output.emit(batch),
        refill: (_, batch) => output.refill(batch),
        late: (origin, record) => output.late(origin, record),
        fail: (origin, error) => output.fail(origin, error),
      },
    });
  }

  process(stream: number, batch: Batch): void {
    this.#subtask.process(this.#views[stream] as readonly number[], batch);
  }

  advanceWatermark(stream: number, watermarkMs: number): void {
    this.#subtask.advanceWatermark(stream, watermarkMs);
  }

  advanceIdleTime(stream: number, nowMs: number): void {
    this.#subtask.advanceIdleTime(stream, nowMs);
  }

  async drain(): Promise<void> {
    if (this.#aligning !== null) await this.#aligning;
    await this.#output.drain();
  }

  restore(parts: readonly SubtaskSnapshot[], planJson: JsonValue): Promise<void> {
    this.#subtask.restore(parts, planJson);
    return Promise.resolve();
  }

  async snapshot(id: number, aligned: () => Promise<void>): Promise<readonly SubtaskSnapshot[]> {
    this.#subtask.beginSnapshot(id);
    const snapshot: Snapshot = Promise.withResolvers();
    // Awaited below, which may be after it was given up.
    snapshot.promise.catch(() => undefined);
    this.#snapshot = snapshot;
    this.#aligning = aligned().then(
      () => undefined,
      (error: unknown) => this.#endSnapshot((open) => open.reject(error)),
    );
    await this.#aligning;
    this.#aligning = null;
    return snapshot.promise;
  }

  abortSnapshot(): void {
    const error = new MillraceError('MR_INTERNAL', 'the snapshot was given up');
    this.#endSnapshot((open) => open.reject(error));
  }

  release(files: readonly string[]): void {
    this.#subtask.release(files);
  }

  work(isIdle = true): boolean {
    try {
      const hasWorked = this.#pace.run(() => this.#subtask.work(), isIdle);
      const taken = this.#snapshot === null ? null : this.#subtask.takeSnapshot();
      if (taken !== null) {
        this.#snapshot?.resolve([taken]);
        this.#snapshot = null;
      }
      return hasWorked;
    } catch (error) {
      if (this.#snapshot === null) throw error;
      this.#endSnapshot((open) => open.reject(error));
      return true;
    }
  }

  async emitAll(): Promise<void> {
    for (const _ of this.#subtask.emitAll()) await this.#output.drain();
  }

  finish(): Promise<void> {
    return this.#output.drain();
  }

  stats(): readonly SubtaskStats[] {
    return [this.#subtask.stats()];
  }

  close(): Promise<void> {
    this.#endSnapshot((open) => open.reject(new MillraceError('MR_INTERNAL', 'the stage closed')));
    this.#subtask.close();
    return Promise.resolve();
  }

  #endSnapshot(end: (open: Snapshot) => void): void {
    const open = this.#snapshot;
    if (open === null) return;
    this.#snapshot = null;
    this.#subtask.abortSnapshot();
    end(open);
  }
}
