// Windows as users write them: durations stay text until the plan is built, so that a bad one is
// reported by `check` with the feature's name instead of being thrown from a module.
import type { Duration } from '../kernel/duration.ts';
import type { ServedWindow, WindowKind } from '../plan/window.ts';

declare const windowBrand: unique symbol;

/** A window to close an aggregate over: made by `rolling`, `tumbling`, … */
export interface Window {
  readonly [windowBrand]?: true;
  readonly kind: WindowKind;
  readonly options: Readonly<Record<string, unknown>>;
}

function makeWindow(kind: WindowKind, options: Readonly<Record<string, unknown>>): Window {
  return Object.freeze({ kind, options: Object.freeze(options) });
}

/** Options of `rolling`. */
export interface RollingOptions {
  /** Keep partial aggregates per this long instead of records: state is size / resolution slots per key. */
  readonly resolution?: Duration;
}

/** `rolling` by number of records. */
export interface RollingRowsOptions {
  /** How many of the newest records. */
  readonly rows: number;
}

/**
 * The time up to and including the instant a value is read for: `rolling('1h')` covers [τ − 1 h, τ].
 * State: every record of the window, or size / resolution slots. `rolling({ rows: 20 })` covers the newest 20 records.
 */
export function rolling(size: Duration, options?: RollingOptions): Window;
export function rolling(options: RollingRowsOptions): Window;
export function rolling(size: Duration | RollingRowsOptions, options: RollingOptions = {}): Window {
  return typeof size === 'object'
    ? makeWindow('rollingRows', { rows: size.rows })
    : makeWindow('rolling', { size, resolution: options.resolution });
}

/** Every record since state began. State: one accumulator per key, for ever. */
export function lifetime(): Window {
  return makeWindow('lifetime', {});
}

/** Options of `tumbling`. */
export interface TumblingOptions {
  /** Shifts the boundaries, `'-15s'` backwards. */
  readonly offset?: Duration;
  /** Which window is read: the last `complete` one (default) or the one still `open`. */
  readonly serve?: ServedWindow;
  /** A late record within this still corrects its window. */
  readonly allowedLateness?: Duration;
}

/** Windows of one size without gaps, [n·size, (n+1)·size) in UTC epoch time; the last complete one is read. */
export function tumbling(size: Duration, options: TumblingOptions = {}): Window {
  return makeWindow('tumbling', { size, ...options });
}

/** Options of `hopping`. */
export interface HoppingOptions extends TumblingOptions {
  /** A window ends at every multiple of this; it divides the size. */
  readonly every: Duration;
}

/** Windows of one size that overlap: one ends at every multiple of `every`; the last complete one is read. */
export function hopping(size: Duration, options: HoppingOptions): Window {
  return makeWindow('hopping', { size, ...options });
}

/** Options of `cumulate`. */
export interface CumulateOptions {
  /** The window grows by this until it has its size; it divides the size. */
  readonly step: Duration;
  readonly offset?: Duration;
  readonly allowedLateness?: Duration;
}

/** Windows that start at every multiple of the size and grow step by step: "today so far, up to the last full hour". */
export function cumulate(size: Duration, options: CumulateOptions): Window {
  return makeWindow('cumulate', { size, ...options });
}

/** Records that are no more than `gap` apart; read is the last session that is over. */
export function session(gap: Duration): Window {
  return makeWindow('session', { gap });
}
