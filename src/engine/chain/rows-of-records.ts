// Which rows of a view its readers get: those that a record made, and those of windows that hold one. A row
// that says a window became empty, or that values shrank, is none: another engine would not give it.
import { floorMod } from '../../kernel/instant.ts';
import type { ViewNode } from '../../plan/plan.ts';
import type { WindowNode } from '../../plan/window.ts';

/** Whether a row is of records: `eventTimeMs` is the newest of its key's records up to `asOfMs`. */
export type IsOfRecords = (eventTimeMs: number, asOfMs: number) => boolean;

export function isOfRecords({ features }: ViewNode): IsOfRecords {
  const windows = features.map(({ window }) => window);
  const hasRows = windows.some(givesRows);
  const firings = windows.map(firingOf).filter((firing) => firing !== null);
  return (eventTimeMs, asOfMs) => {
    if (hasRows && eventTimeMs === asOfMs) return true;
    for (let i = 0; i < firings.length; i++) {
      if ((firings[i] as IsOfRecords)(eventTimeMs, asOfMs)) return true;
    }
    return false;
  };
}

/** Windows that give a row for each record. */
function givesRows(window: WindowNode): boolean {
  const { kind } = window;
  if (kind === 'rolling' || kind === 'rollingRows' || kind === 'lifetime') return true;
  return 'serve' in window && window.serve === 'open';
}

/** Whether a window that holds a record fires at `asOfMs`; null for windows that never end. */
function firingOf(window: WindowNode): IsOfRecords | null {
  switch (window.kind) {
    case 'tumbling':
      return endingAt(window.sizeMs, window.offsetMs, () => window.sizeMs);
    case 'hopping':
      return endingAt(window.everyMs, window.offsetMs, () => window.sizeMs);
    case 'cumulate':
      return endingAt(
        window.stepMs,
        window.offsetMs,
        (asOfMs) => floorMod(asOfMs - window.offsetMs, window.sizeMs) + 1,
      );
    case 'session':
      return (eventTimeMs, asOfMs) => asOfMs === eventTimeMs + window.gapMs - 1;
    default:
      return null;
  }
}

/** A window ends with the instant at each multiple of `everyMs`, and reaches `lengthMs` back. */
function endingAt(
  everyMs: number,
  offsetMs: number,
  lengthMs: (asOfMs: number) => number,
): IsOfRecords {
  return (eventTimeMs, asOfMs) =>
    floorMod(asOfMs + 1 - offsetMs, everyMs) === 0 && eventTimeMs > asOfMs - lengthMs(asOfMs);
}
