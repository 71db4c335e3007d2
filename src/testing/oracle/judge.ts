// Lateness: each distinct window of a view says for itself whether it takes a record. Taking sets
// the window's own marks (OVER timers, merged sessions); applying the record is not done here.
import type { CumulateWindow, HoppingWindow, TumblingWindow } from '../../plan/window.ts';
import type { KeyState } from './key-state.ts';
import { takenRecords } from './key-state.ts';
import { acceptOver, isLateOver, newOverState } from './over-rule.ts';
import type { OracleRecord } from './records.ts';
import { mergeSession } from './sessions.ts';
import type { ViewContext } from './view-context.ts';
import { endsOf, isAligned, isPast, type OracleWindow, rollingStart } from './windows.ts';

export interface Judgement {
  /** Features whose windows skipped the record: it is late. */
  readonly skippedBy: readonly string[];
  /** Features whose rolling windows are past it: late only when no window took it. */
  readonly excludedBy: readonly string[];
  /** Greatest end, at or below the watermark, of a window that still took it (allowed lateness). */
  readonly latestPastEnd: number | null;
}

type Verdict = 'takes' | 'skips' | 'excludes';

/** Asks every window; those that take the record are added to `record.takenBy`. */
export function judge(context: ViewContext, state: KeyState, record: OracleRecord): Judgement {
  const skippedBy: string[] = [];
  const excludedBy: string[] = [];
  const pastEnds: number[] = [];
  for (const window of context.windows) {
    const verdict = judgeWindow(context, state, record, window);
    if (verdict === 'skips') skippedBy.push(...window.features);
    if (verdict === 'excludes') excludedBy.push(...window.features);
    if (verdict !== 'takes') continue;
    record.takenBy.add(window.key);
    if (isAligned(window.node)) pastEnds.push(...pastEndsOf(window.node, record));
  }
  const latestPastEnd = pastEnds.length === 0 ? null : Math.max(...pastEnds);
  return { skippedBy, excludedBy, latestPastEnd };
}

function judgeWindow(
  context: ViewContext,
  state: KeyState,
  record: OracleRecord,
  window: OracleWindow,
): Verdict {
  const { key, node } = window;
  switch (node.kind) {
    case 'rolling':
    case 'rollingRows':
      if (context.emit === 'watermark') {
        return judgeOver(
          state,
          record,
          key,
          node.kind === 'rolling' ? node.sizeMs + (node.resolutionMs ?? 0) : null,
        );
      }
      return isOutside(context, state, record, window) ? 'excludes' : 'takes';
    case 'lifetime':
      return context.emit === 'watermark' && record.ts <= record.watermarkMs ? 'skips' : 'takes';
    case 'session': {
      const merged = mergeSession(state.sessions.get(key) ?? [], record, node.gapMs);
      if (merged === null) return 'skips';
      state.sessions.set(key, merged);
      return 'takes';
    }
    default:
      return endsOf(node, record.ts).every((end) => isPast(node, end, record.watermarkMs))
        ? 'skips'
        : 'takes';
  }
}

function judgeOver(
  state: KeyState,
  record: OracleRecord,
  key: string,
  sizeMs: number | null,
): Verdict {
  const over = state.over.get(key) ?? newOverState();
  if (isLateOver(over, record.ts)) return 'skips';
  state.over.set(key, over);
  acceptOver(over, record.ts, sizeMs);
  return 'takes';
}

/** Arrival mode: the window of the instant after this record has already left it behind. */
function isOutside(
  context: ViewContext,
  state: KeyState,
  record: OracleRecord,
  { key, node }: OracleWindow,
): boolean {
  if (node.kind === 'rolling') {
    return record.ts < rollingStart(node, Math.max(state.asOf, record.ts));
  }
  const newer = takenRecords(state, key).filter((other) => context.order(other, record) > 0);
  return node.kind === 'rollingRows' && newer.length >= node.rows;
}

function pastEndsOf(
  node: TumblingWindow | HoppingWindow | CumulateWindow,
  { ts, watermarkMs }: OracleRecord,
): number[] {
  return endsOf(node, ts).filter(
    (end) => end - 1 <= watermarkMs && !isPast(node, end, watermarkMs),
  );
}
