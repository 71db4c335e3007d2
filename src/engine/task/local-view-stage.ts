// All views in the thread of the sources and sinks, as one subtask: the cheapest way for one core.
import type { Batch } from '../../columns/batch.ts';
import type { Plan } from '../../plan/plan.ts';
import type { SourceStage } from '../lower/lower-plan.ts';
import { Subtask, viewNumbers } from './subtask.ts';
import type { StageOutput, SubtaskStats, ViewStage } from './view-stage.ts';

export interface LocalViewStageOptions {
  readonly plan: Plan;
  readonly stages: readonly SourceStage[];
  readonly output: StageOutput;
}

export class LocalViewStage implements ViewStage {
  readonly #subtask: Subtask;
  readonly #views: readonly (readonly number[])[];
  readonly #output: StageOutput;

  constructor({ plan, stages, output }: LocalViewStageOptions) {
    this.#output = output;
    this.#views = viewNumbers(stages);
    this.#subtask = new Subtask({
      plan,
      stages,
      subtask: 0,
      output: {
        emit: (_, batch) => output.emit(batch),
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

  drain(): Promise<void> {
    return this.#output.drain();
  }

  finish(): Promise<void> {
    return this.#output.drain();
  }

  stats(): readonly SubtaskStats[] {
    return [this.#subtask.stats()];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
