// A share of the keys: the operators of all views of a job for them, in one thread. What it is told
// comes in one order (rows, watermarks, idle time), and all that its operators give goes to its
// output before a call returns. Anything that an operator throws is a bug of ours, named by the view.
import type { Batch } from '../../columns/batch.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Plan, ViewNode } from '../../plan/plan.ts';
import type { SourceStage } from '../lower/lower-plan.ts';
import type { OperatorContext } from '../operators/operator.ts';
import { ViewOperator } from '../operators/view-operator.ts';
import type { RowOrigin, StageOutput, SubtaskStats } from './view-stage.ts';

/** What a subtask gives away, wherever it runs. */
export interface SubtaskOutput extends Pick<StageOutput, 'late' | 'fail'> {
  /** Vectors of a view, by its number over all stages; the batch is reused after the call. */
  emit(view: number, batch: VectorBatch): void;
}

export interface SubtaskOptions {
  readonly plan: Plan;
  readonly stages: readonly SourceStage[];
  readonly subtask: number;
  readonly output: SubtaskOutput;
}

interface HostedView {
  readonly node: ViewNode;
  readonly stream: number;
  readonly operator: ViewOperator;
}

export class Subtask {
  readonly #subtask: number;
  readonly #views: readonly HostedView[];

  constructor(options: SubtaskOptions) {
    const { plan, stages, subtask, output } = options;
    this.#subtask = subtask;
    this.#views = stages
      .flatMap(({ views }, stream) => views.map((node) => ({ node, stream })))
      .map(({ node, stream }, view) => {
        const context = contextOf(output, view, { stream, viewUid: node.uid });
        return { node, stream, operator: new ViewOperator({ plan, view: node, context }) };
      });
  }

  /** Rows for some views of their stream; views are numbered over all stages in order. */
  process(views: readonly number[], batch: Batch): void {
    for (const number of views) {
      const view = this.#views[number] as HostedView;
      guard(view, () => view.operator.processBatch(batch));
    }
  }

  advanceWatermark(stream: number, watermarkMs: number): void {
    for (const view of this.#views) {
      if (view.stream === stream) guard(view, () => view.operator.advanceWatermark(watermarkMs));
    }
  }

  advanceIdleTime(stream: number, nowMs: number): void {
    for (const view of this.#views) {
      if (view.stream === stream) guard(view, () => view.operator.advanceIdleTime(nowMs));
    }
  }

  stats(): SubtaskStats {
    return {
      subtask: this.#subtask,
      views: this.#views.map(({ node, operator }) => ({
        view: node.name,
        stats: operator.stats(),
      })),
    };
  }
}

/** The numbers of the views of each stage. */
export function viewNumbers(stages: readonly SourceStage[]): readonly (readonly number[])[] {
  let next = 0;
  return stages.map(({ views }) => views.map(() => next++));
}

function contextOf(
  output: SubtaskOutput,
  view: number,
  place: Omit<RowOrigin, 'split'>,
): OperatorContext {
  return {
    emit: (batch) => output.emit(view, batch),
    late: (record, { split }) => output.late({ ...place, split }, record),
    fail: (error, { split }) => output.fail({ ...place, split }, error),
  };
}

function guard({ node }: HostedView, step: () => void): void {
  try {
    step();
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const what = error instanceof Error ? error.message : String(error);
    throw new MillraceError('MR_INTERNAL', `view "${node.name}" failed: ${what}`, {
      context: { operatorUid: node.uid },
      fix: 'please report it with the definition of the view',
      cause: error,
    });
  }
}
