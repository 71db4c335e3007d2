// Rows of one window of a view as the engine's operator gives them, and how many records were late.
import { deliver, type DeliveredRow } from '../../../testing/oracle/delivery.ts';
import { runPlan } from '../../../testing/plan-runner.ts';
import type { Plan, ViewNode } from '../../../plan/plan.ts';
import { canonicalOfEngine } from './canonical-value.ts';
import type { ComparedRow } from './compare-rows.ts';
import type { ParityCase } from './parity-plan.ts';

/** What the engine made of a window. */
export interface EngineSide {
  readonly rows: readonly ComparedRow[];
  /** Records that a row stands for: by the rows or, where a row is a window, by their counts. */
  readonly taken: number;
  readonly late: number;
  /** Records that became dead letters in it, as sums beyond their type do. */
  readonly failed: number;
}

/** Rows of windows without a record are the engine's only, by design, and left out. */
export function engineSide(
  plan: Plan,
  { view, group, count, columns }: ParityCase,
  events: { readonly rows: readonly DeliveredRow[]; readonly splitCount: number },
): EngineSide {
  const own: ViewNode = {
    ...view,
    emit: 'watermark',
    decayMs: null,
    features: group.features,
    derived: group.derived,
  };
  const { splitCount } = events;
  const run = runPlan({
    plan: { ...plan, views: [own] },
    view: view.name,
    steps: deliver(events.rows, { splitCount }),
    splitCount,
  });
  const vectors = run.vectors.filter(({ values }) => count === null || values[count] !== 0);
  const rows = vectors.map(({ key, asOfMs, values }) =>
    columns.map(({ name, type }) => {
      const value = name === 'as_of' ? asOfMs : (values[name] ?? key[name] ?? null);
      return canonicalOfEngine(value, type);
    }),
  );
  return {
    rows,
    taken: takenOf({ columns, count }, rows),
    late: run.late.length,
    failed: run.errors.length,
  };
}

/** How many records rows stand for. */
export function takenOf(
  { columns, count }: Pick<ParityCase, 'columns' | 'count'>,
  rows: readonly ComparedRow[],
): number {
  if (count === null) return rows.length;
  const at = columns.findIndex(({ name }) => name === count);
  return rows.reduce((total, row) => total + Number(row[at]), 0);
}
