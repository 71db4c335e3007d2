// Windows: which records a feature looks at, as a function of the instant it is read for (τ).
// All sizes are milliseconds; boundaries are in UTC epoch time.

export type WindowNode =
  | RollingWindow
  | RollingRowsWindow
  | LifetimeWindow
  | TumblingWindow
  | HoppingWindow
  | CumulateWindow
  | SessionWindow;

/** [τ − size, τ], both ends inclusive; with a resolution [floor((τ − size)/r)·r, τ]. */
export interface RollingWindow {
  readonly kind: 'rolling';
  readonly sizeMs: number;
  readonly resolutionMs: number | null;
}

/** The newest `rows` records by (event time, id, arrival). */
export interface RollingRowsWindow {
  readonly kind: 'rollingRows';
  readonly rows: number;
}

/** Every record since state began. */
export interface LifetimeWindow {
  readonly kind: 'lifetime';
}

/** `complete`: the last window that is over at τ. `open`: the one that holds τ. */
export type ServedWindow = 'complete' | 'open';

/** [n·size + offset, (n+1)·size + offset). */
export interface TumblingWindow {
  readonly kind: 'tumbling';
  readonly sizeMs: number;
  readonly offsetMs: number;
  readonly serve: ServedWindow;
  readonly allowedLatenessMs: number;
}

/** Windows of `size` that end at every multiple of `every` (+ offset). Size is a multiple of every. */
export interface HoppingWindow {
  readonly kind: 'hopping';
  readonly sizeMs: number;
  readonly everyMs: number;
  readonly offsetMs: number;
  readonly serve: ServedWindow;
  readonly allowedLatenessMs: number;
}

/** Windows that start at every multiple of `size` (+ offset) and grow by `step` until `size`. */
export interface CumulateWindow {
  readonly kind: 'cumulate';
  readonly sizeMs: number;
  readonly stepMs: number;
  readonly offsetMs: number;
  readonly allowedLatenessMs: number;
}

/** Records less than or exactly `gap` apart; over when [last + gap) has passed. The last complete one is served. */
export interface SessionWindow {
  readonly kind: 'session';
  readonly gapMs: number;
}

export type WindowKind = WindowNode['kind'];

/** A canonical text: equal windows have equal keys, so state can be shared between features. */
export function windowKey(window: WindowNode): string {
  const { kind, ...rest } = window;
  return `${kind}(${Object.entries(rest)
    .map(([name, value]) => `${name}=${value}`)
    .join(',')})`;
}
