// One view of a job: its operator, and what the operator may touch. Anything that an operator throws
// is a bug of ours, named by the operator.
import type { Batch } from '../../columns/batch.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Plan, StreamNode, ViewNode } from '../../plan/plan.ts';
import type { OperatorContext, OperatorStats } from '../operators/operator.ts';
import { ViewOperator } from '../operators/view-operator.ts';
import type { JobOutput } from './job-output.ts';

export interface ViewTaskOptions {
  readonly plan: Plan;
  readonly view: ViewNode;
  readonly stream: StreamNode;
  readonly output: JobOutput;
  /** The split's name by its index. */
  readonly splitId: (index: number) => string;
}

export class ViewTask {
  readonly view: ViewNode;
  updates = 0;
  readonly #operator: ViewOperator;

  constructor(options: ViewTaskOptions) {
    this.view = options.view;
    const context = this.#contextOf(options);
    this.#operator = new ViewOperator({ plan: options.plan, view: options.view, context });
  }

  processBatch(batch: Batch): void {
    this.#guard(() => this.#operator.processBatch(batch));
  }

  advanceWatermark(watermarkMs: number): void {
    this.#guard(() => this.#operator.advanceWatermark(watermarkMs));
  }

  advanceIdleTime(nowMs: number): void {
    this.#guard(() => this.#operator.advanceIdleTime(nowMs));
  }

  stats(): OperatorStats {
    return this.#operator.stats();
  }

  #contextOf({ view, stream, output, splitId }: ViewTaskOptions): OperatorContext {
    return {
      emit: (batch) => {
        this.updates += batch.rowCount;
        output.emit(batch);
      },
      late: (record, batch) =>
        output.late({ ...record, stream: stream.name, split: splitId(batch.split) }),
      fail: (error, batch) =>
        output.fail(error, {
          stream: stream.name,
          split: splitId(batch.split),
          operatorUid: view.uid,
        }),
    };
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      const what = error instanceof Error ? error.message : String(error);
      throw new MillraceError('MR_INTERNAL', `view "${this.view.name}" failed: ${what}`, {
        context: { operatorUid: this.view.uid },
        fix: 'please report it with the definition of the view',
        cause: error,
      });
    }
  }
}
