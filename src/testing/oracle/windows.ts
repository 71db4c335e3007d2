// Windows as sets of event times: which ends hold a record, which records an instant shows.
// Every rule is written for itself; nothing is kept between calls.
import { floorMod } from '../../kernel/instant.ts';
import {
  type CumulateWindow,
  type HoppingWindow,
  type RollingWindow,
  type TumblingWindow,
  type WindowNode,
  windowKey,
} from '../../plan/window.ts';
import type { OracleRecord, RecordOrder } from './records.ts';

/** Windows with boundaries of their own: every record is in some of them for good. */
export type AlignedWindow = TumblingWindow | HoppingWindow | CumulateWindow;

/** A distinct window of a view and the features that look through it. */
export interface OracleWindow {
  readonly key: string;
  readonly node: WindowNode;
  readonly features: readonly string[];
}

export function distinctWindows(
  features: readonly { readonly name: string; readonly window: WindowNode }[],
): readonly OracleWindow[] {
  const keys = [...new Set(features.map(({ window }) => windowKey(window)))];
  return keys.flatMap((key) => {
    const members = features.filter(({ window }) => windowKey(window) === key);
    const node = members[0]?.window;
    return node === undefined ? [] : [{ key, node, features: members.map(({ name }) => name) }];
  });
}

export function isAligned(node: WindowNode): node is AlignedWindow {
  return node.kind === 'tumbling' || node.kind === 'hopping' || node.kind === 'cumulate';
}

export function isOpen(node: WindowNode): boolean {
  return (node.kind === 'tumbling' || node.kind === 'hopping') && node.serve === 'open';
}

/** Distance between ends of windows. */
export function stepOf(node: AlignedWindow): number {
  if (node.kind === 'tumbling') return node.sizeMs;
  return node.kind === 'hopping' ? node.everyMs : node.stepMs;
}

/** Start of the window that ends at `end`. */
export function startOf(node: AlignedWindow, end: number): number {
  if (node.kind !== 'cumulate') return end - node.sizeMs;
  return end - 1 - floorMod(end - 1 - node.offsetMs, node.sizeMs);
}

/** Ends of all windows that hold an event time, ascending. */
export function endsOf(node: AlignedWindow, ts: number): number[] {
  const step = stepOf(node);
  const ends: number[] = [];
  let end = ts - floorMod(ts - node.offsetMs, step) + step;
  while (startOf(node, end) <= ts && ts < end) {
    ends.push(end);
    end += step;
  }
  return ends;
}

/** End of the window that is served at an instant. */
export function servedEnd(node: AlignedWindow, instant: number): number {
  const step = stepOf(node);
  if (isOpen(node)) return instant - floorMod(instant - node.offsetMs, step) + step;
  return instant + 1 - floorMod(instant + 1 - node.offsetMs, step);
}

/** True when a window that ended at `end` still took the record when it arrived. */
export function isMember(node: AlignedWindow, end: number, record: OracleRecord): boolean {
  if (record.ts < startOf(node, end) || record.ts >= end) return false;
  return !isPast(node, end, record.watermarkMs);
}

/** True when a window takes no record any more. */
export function isPast(node: AlignedWindow, end: number, watermarkMs: number): boolean {
  return end - 1 + node.allowedLatenessMs <= watermarkMs;
}

/** Least event time that a rolling window holds at an instant. */
export function rollingStart(node: RollingWindow, instant: number): number {
  const start = instant - node.sizeMs;
  return node.resolutionMs === null ? start : start - floorMod(start, node.resolutionMs);
}

/** First instant at which a record is no longer in a rolling window. */
export function leavesAt(node: RollingWindow, ts: number): number {
  if (node.resolutionMs === null) return ts + node.sizeMs + 1;
  return ts - floorMod(ts, node.resolutionMs) + node.resolutionMs + node.sizeMs;
}

/** The records of `taken` that a window other than a session shows at an instant, in record order. */
export function recordsAt(
  node: Exclude<WindowNode, { kind: 'session' }>,
  taken: readonly OracleRecord[],
  instant: number,
  order: RecordOrder,
): readonly OracleRecord[] {
  const past = taken.filter(({ ts }) => ts <= instant).sort(order);
  switch (node.kind) {
    case 'rolling':
      return past.filter(({ ts }) => ts >= rollingStart(node, instant));
    case 'rollingRows':
      return past.slice(Math.max(0, past.length - node.rows));
    case 'lifetime':
      return past;
    default:
      return past.filter((record) => isMember(node, servedEnd(node, instant), record));
  }
}
