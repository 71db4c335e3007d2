// Runs a view of a plan on the engine's operator, without a job around it.
import { ViewOperator } from '../engine/operators/view-operator.ts';
import type { KeyImages, Residence } from '../engine/state/residence.ts';
import { type OperatorRun, type OperatorRunInput, runOperator } from './operator-runner.ts';

/** A view of a plan, what happens to it, and how many rows a batch holds at the most. */
export interface PlanRunInput extends Omit<OperatorRunInput, 'create'> {
  /** The state backend; without one all keys stay in memory. */
  readonly residence?: (images: KeyImages) => Residence;
}

/**
 * Runs one view over steps in delivery order and returns every row, late record and error.
 *
 * Shape: rows with a value per field of the stream (int64 as bigint, decimal as text) → rows of the
 * view. Time and order: watermarks follow the rows of each split, as in a job at parallelism 1.
 * Guarantee: the same steps give the same rows for every `batchSize`.
 */
export function runPlan(input: PlanRunInput): OperatorRun {
  const { plan } = input;
  return runOperator({
    ...input,
    create: (context, view) =>
      new ViewOperator({ plan, view, context, residence: input.residence ?? null }),
  });
}
