// Watermark alignment: a split that is too far ahead of the slowest one waits, so that the replay of
// uneven partitions does not pile up state. A split without rows yet does not make others wait.
import { minWatermark } from '../../kernel/instant.ts';

export interface AlignedSplit {
  readonly watermarkMs: number;
  /** False when it is idle or over: then nobody waits for it. */
  readonly isCounted: boolean;
}

/** Whether a split at `watermarkMs` must wait for the slowest; a drift of null never does. */
export function mustWait(
  watermarkMs: number,
  splits: readonly AlignedSplit[],
  maxDriftMs: number | null,
): boolean {
  if (maxDriftMs === null) return false;
  let slowest = Number.POSITIVE_INFINITY;
  for (const split of splits) {
    if (split.isCounted && split.watermarkMs !== minWatermark) {
      slowest = Math.min(slowest, split.watermarkMs);
    }
  }
  return watermarkMs > slowest + maxDriftMs;
}
