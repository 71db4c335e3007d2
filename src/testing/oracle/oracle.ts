// The naive oracle: interprets one view of a plan over rows in delivery order. It shares nothing
// with the engine but the plan, so that a disagreement of the two is news.
import type { Plan } from '../../plan/plan.ts';
import { type DeliveryStep, splitCountOf, timeSteps } from './delivery.ts';
import { viewContext } from './view-context.ts';
import { type OracleResult, ViewOracle } from './view-oracle.ts';

/** A view of a plan, and what happens to it. */
export interface OracleInput {
  readonly plan: Plan;
  /** Name of the view. */
  readonly view: string;
  /** What happens, in order; `deliver(rows)` makes steps of a list of rows. */
  readonly steps: readonly DeliveryStep[];
  /** Splits that exist from the start; by default as many as the steps name. */
  readonly splitCount?: number;
}

/**
 * Computes every row of a view the slow and obvious way.
 *
 * Time and order: watermarks follow the rows of each split; the combined one is the least over the
 * splits that have not ended. Timers fire between rows. State: every record of a key is kept until
 * the key is forgotten, and every value is recomputed from that list: use it for thousands of
 * records, not for millions. Errors: rows whose expressions overflow are left out and counted.
 */
export function runOracle(input: OracleInput): OracleResult {
  const context = viewContext(input.plan, input.view);
  const oracle = new ViewOracle(context);
  const splitCount = input.splitCount ?? splitCountOf(input.steps);
  for (const { step, beforeMs, afterMs } of timeSteps(context.stream, input.steps, splitCount)) {
    if (step.kind === 'row') oracle.process(step, beforeMs);
    if (step.kind === 'idle' && step.nowMs > beforeMs) oracle.advanceIdle(step.nowMs);
    if (afterMs > beforeMs) oracle.advance(afterMs);
  }
  return oracle.result();
}
