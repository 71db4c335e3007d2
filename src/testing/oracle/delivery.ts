// What reaches a view, in order, and the watermark it meets: each row carries the combined
// watermark before it (rules W1, W2). Null event times never get here: sources refuse them.
// Idle splits are not modelled; a test that needs idle time says so with an explicit step.
import { maxWatermark, minWatermark } from '../../kernel/instant.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { StreamNode } from '../../plan/plan.ts';

/** A record as a source hands it over: position in its split, values by field, wall time. */
export interface DeliveredRow {
  readonly split: number;
  readonly offset: number;
  readonly row: Readonly<Record<string, Value>>;
  readonly arrivalMs: number;
}

/** One thing that happens to a view: a row, the end of a split, or wall time passing while all is idle. */
export type DeliveryStep =
  | ({ readonly kind: 'row' } & DeliveredRow)
  | { readonly kind: 'end'; readonly split: number }
  | { readonly kind: 'idle'; readonly nowMs: number };

/** A step with the combined watermark before it and after it. */
export interface TimedStep {
  readonly step: DeliveryStep;
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** How `deliver` ends a list of rows. */
export interface DeliveryOptions {
  /** Splits that exist from the start; by default as many as the rows name. */
  readonly splitCount?: number;
  /** True (the default) when every split ends after the last row. */
  readonly ended?: boolean;
}

/** Steps of a plain list of rows: the rows in order, then the end of every split. */
export function deliver(
  rows: readonly DeliveredRow[],
  options: DeliveryOptions = {},
): readonly DeliveryStep[] {
  const splitCount = options.splitCount ?? rows.reduce((n, row) => Math.max(n, row.split + 1), 1);
  const steps: DeliveryStep[] = rows.map((row) => ({ kind: 'row', ...row }));
  if (options.ended ?? true) {
    for (let split = 0; split < splitCount; split++) steps.push({ kind: 'end', split });
  }
  return steps;
}

/**
 * Adds the combined watermark to every step: least over the splits that have not ended. The end of
 * the last one is two steps: first to the watermark of the furthest split, then to +∞.
 */
export function timeSteps(
  stream: StreamNode,
  steps: readonly DeliveryStep[],
  splitCount: number,
): readonly TimedStep[] {
  const watermarks = new Array<number>(splitCount).fill(minWatermark);
  let combined: number = minWatermark;
  let furthest: number = minWatermark;
  return steps.flatMap((step) => {
    const beforeMs = combined;
    if (step.kind === 'end') watermarks[step.split] = maxWatermark;
    if (step.kind === 'row') {
      const own = eventTimeOf(stream, step.row) - stream.eventTime.outOfOrdernessMs;
      watermarks[step.split] = Math.max(watermarks[step.split] ?? minWatermark, own);
      furthest = Math.max(furthest, own);
    }
    combined = Math.max(combined, Math.min(...watermarks));
    if (combined !== maxWatermark || beforeMs === maxWatermark) {
      return [{ step, beforeMs, afterMs: combined }];
    }
    const last = Math.max(beforeMs, furthest);
    return [
      { step, beforeMs, afterMs: last },
      { step, beforeMs: last, afterMs: combined },
    ];
  });
}

export function splitCountOf(steps: readonly DeliveryStep[]): number {
  return steps.reduce((n, step) => (step.kind === 'idle' ? n : Math.max(n, step.split + 1)), 1);
}

export function eventTimeOf(stream: StreamNode, row: DeliveredRow['row']): number {
  const ts = row[stream.eventTime.field];
  if (typeof ts !== 'number') {
    throw new TypeError(
      `event time "${stream.eventTime.field}" must be a number, not ${String(ts)}`,
    );
  }
  return ts;
}
