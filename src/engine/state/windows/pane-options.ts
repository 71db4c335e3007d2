// The arithmetic of windows that end at regular boundaries. A pane is the slice of records between
// two boundaries; windows are runs of panes.

export interface PaneOptions {
  readonly sizeMs: number;
  /** Distance of the boundaries at which windows end. */
  readonly stepMs: number;
  readonly offsetMs: number;
  /** Windows begin at multiples of the size and grow, instead of moving on. */
  readonly isCumulative: boolean;
  /** The window that holds τ, instead of the last complete one. */
  readonly isOpen: boolean;
  readonly allowedLatenessMs: number;
}

/** The greatest boundary e with e − 1 ≤ `tau`. */
export function completeEnd({ offsetMs, stepMs }: PaneOptions, tau: number): number {
  return Math.floor((tau + 1 - offsetMs) / stepMs) * stepMs + offsetMs;
}

/** The least boundary above `ts`: the end of its pane. */
export function paneEndOf({ offsetMs, stepMs }: PaneOptions, ts: number): number {
  return Math.floor((ts - offsetMs) / stepMs) * stepMs + offsetMs + stepMs;
}

/** The end of the window that is the value at `tau`. */
export function servedEnd(options: PaneOptions, tau: number): number {
  return options.isOpen ? paneEndOf(options, tau) : completeEnd(options, tau);
}

/** Where the window that ends at `end` begins. */
export function windowStart(options: PaneOptions, end: number): number {
  const { sizeMs, offsetMs } = options;
  if (!options.isCumulative) return end - sizeMs;
  return Math.floor((end - 1 - offsetMs) / sizeMs) * sizeMs + offsetMs;
}

/** The end of the last window that holds a pane. */
export function lastWindowEnd(options: PaneOptions, paneEnd: number): number {
  const { sizeMs, stepMs, isCumulative } = options;
  return isCumulative ? windowStart(options, paneEnd) + sizeMs : paneEnd + sizeMs - stepMs;
}

/** The end of the first window of a pane that still takes records at `watermark`. */
export function firstWindowEnd(options: PaneOptions, paneEnd: number, watermark: number): number {
  const over = completeEnd(options, watermark - options.allowedLatenessMs);
  return Math.max(paneEnd, over + options.stepMs);
}
