// The instants at which something happens to a key without a record, found by looking at its whole
// state each time. "Ahead" means not fired yet, even when the watermark has passed it.
import { decayOf, type ViewContext } from './view-context.ts';
import type { KeyState } from './key-state.ts';
import { holdsRecord, takenRecords } from './key-state.ts';
import {
  endsOf,
  isAligned,
  isMember,
  isOpen,
  isPast,
  leavesAt,
  type OracleWindow,
  recordsAt,
  stepOf,
} from './windows.ts';
import type { OracleRecord } from './records.ts';

/** Why a row comes out of a timer. */
export type TimerEffect = 'firing' | 'emptying' | 'decay';

/** Adds the timers of the windows that hold a record: their ends, and the ends after them. */
export function setBoundaries(context: ViewContext, state: KeyState, record: OracleRecord): void {
  for (const { key, node } of context.windows) {
    if (!isAligned(node) || !record.takenBy.has(key)) continue;
    const timers = state.boundaries.get(key) ?? new Set<number>();
    state.boundaries.set(key, timers);
    for (const end of endsOf(node, record.ts).filter((e) => isMember(node, e, record))) {
      if (isOpen(node)) {
        timers.add(end);
      } else {
        timers.add(end - 1);
        timers.add(end - 1 + stepOf(node));
      }
    }
  }
}

/** Instants of all timers of a key that are ahead; of decay only the next one, up to a limit. */
export function instantsAhead(
  context: ViewContext,
  state: KeyState,
  decayLimitMs: number,
): number[] {
  return [
    ...state.waiting.map(({ ts }) => ts),
    ...[...state.over.values()].flatMap(({ timers }) => [...timers]),
    ...[...state.boundaries.values()].flatMap((timers) => [...timers]),
    ...[...state.sessions.values()]
      .flat()
      .filter(({ isClosed }) => !isClosed)
      .map(({ end }) => end - 1),
    ...decayInstants(context, state).filter((instant) => instant <= decayLimitMs),
  ];
}

function decayInstants(context: ViewContext, state: KeyState): number[] {
  return context.windows.flatMap(({ key, node }) => {
    if (node.kind !== 'rolling') return [];
    const decay = decayOf(context, node);
    const shown = state.applied.filter(
      ({ takenBy, forgottenBy }) => takenBy.has(key) || forgottenBy.has(key),
    );
    const oldest = recordsAt(node, shown, state.asOf, context.order)[0];
    if (decay === null || oldest === undefined) return [];
    return [Math.ceil(leavesAt(node, oldest.ts) / decay) * decay];
  });
}

/** What the timers at an instant have to show; empty when nothing changes there. */
export function effectsAt(
  context: ViewContext,
  state: KeyState,
  instant: number,
): ReadonlySet<TimerEffect> {
  const effects = new Set<TimerEffect>();
  for (const window of context.windows) {
    const effect = boundaryEffect(state, window, instant);
    if (effect !== null) effects.add(effect);
  }
  const sessions = [...state.sessions.values()].flat();
  if (sessions.some(({ end, isClosed }) => !isClosed && end - 1 === instant)) effects.add('firing');
  if (decayInstants(context, state).includes(instant)) effects.add('decay');
  return effects;
}

function boundaryEffect(
  state: KeyState,
  { key, node }: OracleWindow,
  instant: number,
): TimerEffect | null {
  if (!isAligned(node) || state.boundaries.get(key)?.has(instant) !== true) return null;
  if (isOpen(node)) return holdsRecord(state, key, node, instant) ? 'emptying' : null;
  if (holdsRecord(state, key, node, instant + 1)) return 'firing';
  return holdsRecord(state, key, node, instant + 1 - stepOf(node)) ? 'emptying' : null;
}

/** True when nothing can be said of the key any more at a finite watermark. */
export function isForgettable(context: ViewContext, state: KeyState, watermarkMs: number): boolean {
  if (context.windows.some(({ node }) => keepsForEver(node.kind))) return false;
  if (state.asOf > watermarkMs) return false;
  if (instantsAhead(context, state, Number.POSITIVE_INFINITY).length > 0) return false;
  return context.windows.every(({ key, node }) => {
    const taken = takenRecords(state, key);
    if (node.kind === 'rolling') {
      return (
        context.emit === 'watermark' ||
        taken.every((record) => leavesAt(node, record.ts) <= watermarkMs)
      );
    }
    if (!isAligned(node)) return true;
    return taken.every((record) =>
      endsOf(node, record.ts)
        .filter((end) => isMember(node, end, record))
        .every((end) => isPast(node, end, watermarkMs)),
    );
  });
}

function keepsForEver(kind: OracleWindow['node']['kind']): boolean {
  return kind === 'rollingRows' || kind === 'lifetime' || kind === 'session';
}
