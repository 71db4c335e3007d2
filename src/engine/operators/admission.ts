// What a record meets when it arrives: each window takes, skips or excludes it; what was taken sets
// its timers. A record after the watermark is never late, so that most records skip the judging.
import type { Batch } from '../../columns/batch.ts';
import { StateReader } from '../state/bytes/state-reader.ts';
import { StateWriter } from '../state/bytes/state-writer.ts';
import { LifetimeState } from '../state/windows/lifetime-window.ts';
import { SessionState } from '../state/windows/session-window.ts';
import type { ViewWindow } from '../state/windows/view-window.ts';
import { LateReport } from './late-report.ts';
import { OverLateness } from './over-lateness.ts';
import { cleanUpTimer, expiryTimer, type ViewParts } from './view-parts.ts';

/** The state that judges a window of the layout. */
interface WindowJudge {
  readonly window: ViewWindow;
  readonly local: number;
  /** States of the window that want to know of records before they are applied. */
  readonly acceptors: readonly ViewWindow[];
  readonly isLifetime: boolean;
}

const before = Number.NEGATIVE_INFINITY;
const never = Number.POSITIVE_INFINITY;

export class Admission {
  readonly late: LateReport;
  readonly #parts: ViewParts;
  /** Per window of the layout. */
  readonly #judges: readonly WindowJudge[];
  /** Watermark mode: the late rule of each rolling and rows window. */
  readonly #over: readonly (OverLateness | null)[];
  /** Keys are forgotten when nothing can be said of them any more. */
  readonly #canForget: boolean;
  /** Whether keys expire by other things than clean-up. */
  readonly #hasExpiry: boolean;
  /** What each window said to the record at hand: 0 taken, 1 skipped, 2 excluded. */
  readonly #verdicts: Uint8Array;

  constructor(parts: ViewParts) {
    const { layout, context, windows, mode } = parts;
    this.#parts = parts;
    this.late = new LateReport(layout, context);
    this.#judges = layout.windows.map((_, index) => judgeOf(windows, index));
    this.#over = layout.windows.map(({ node }) => {
      if (mode !== 'watermark') return null;
      if (node.kind === 'rollingRows') return new OverLateness(null);
      if (node.kind !== 'rolling') return null;
      return new OverLateness(node.sizeMs + (node.resolutionMs ?? 0));
    });
    this.#canForget = layout.windows.every(
      ({ node: { kind } }) => kind !== 'rollingRows' && kind !== 'lifetime' && kind !== 'session',
    );
    this.#hasExpiry = this.#canForget && this.#over.includes(null);
    this.#verdicts = new Uint8Array(layout.windows.length);
  }

  ensureSlots(count: number): void {
    for (const over of this.#over) over?.ensureSlots(count);
  }

  touch(slots: Int32Array, first: number, end: number): number {
    return this.#over.reduce((sum, over) => sum + (over?.touch(slots, first, end) ?? 0), 0);
  }

  /**
   * Whether the record can be accepted although timers up to `watermark` have not fired yet: it is
   * late nowhere, and none of those timers forgets what its acceptance reads.
   */
  isPlain(row: number, watermark: number): boolean {
    const { store, states } = this.#parts;
    const ts = store.ts[row] as number;
    if (ts <= watermark || ts <= 0) return false;
    const slot = store.slot[row] as number;
    for (let i = 0; i < this.#over.length; i++) {
      if (this.#over[i]?.isCleanUpDue(slot, watermark)) return false;
    }
    if (states.expiryTimer(slot) <= watermark) return false;
    return !this.#hasExpiry || states.isUnused(slot) || states.expiry(slot) > watermark;
  }

  /** Sets the timers of a plain record. */
  acceptPlain(row: number): void {
    const { store, states, timers } = this.#parts;
    const slot = store.slot[row] as number;
    const ts = store.ts[row] as number;
    states.raiseExpiry(slot, ts);
    for (let i = 0; i < this.#judges.length; i++) {
      const over = this.#over[i];
      if (over !== null && over !== undefined) {
        const cleanUp = over.accept(slot, ts);
        if (cleanUp > before) timers.push(cleanUp, slot, cleanUpTimer + i);
      } else if (this.#canForget) {
        const { window, local } = this.#judges[i] as WindowJudge;
        this.#raiseExpiry(slot, window.expiry(local, ts));
      }
    }
  }

  /** False when no window takes the record: it ends here. Late ones are reported. */
  admit(batch: Batch, row: number, watermark: number): boolean {
    const { store, mode } = this.#parts;
    const verdicts = this.#verdicts;
    verdicts.fill(0);
    // The late rule of OVER begins at the epoch: what lies before 1970 is judged.
    const ts = store.ts[row] as number;
    if (mode === 'watermark' && ts > watermark && ts > 0) return true;
    let taken = 0;
    let skipped = 0;
    for (let i = 0; i < verdicts.length; i++) {
      const verdict = this.#judge(i, row, watermark);
      verdicts[i] = verdict;
      if (verdict === 0) taken += 1;
      if (verdict === 1) skipped += 1;
    }
    if (skipped > 0 || taken === 0) {
      this.late.report(batch, store.batchRow[row] as number, watermark, verdicts);
    }
    if (taken === 0) return false;
    if (taken < verdicts.length) store.refuse(row, verdicts);
    return true;
  }

  /** Sets the timers of the record admitted last; the greatest end − 1 that it came after, or −∞. */
  accept(row: number, watermark: number): number {
    const { store } = this.#parts;
    const slot = store.slot[row] as number;
    const ts = store.ts[row] as number;
    let lateFiring = before;
    this.#parts.states.raiseExpiry(slot, ts);
    for (let i = 0; i < this.#judges.length; i++) {
      if (this.#verdicts[i] !== 0) continue;
      const over = this.#over[i];
      if (over !== null && over !== undefined) {
        const cleanUp = over.accept(slot, ts);
        if (cleanUp > before) this.#parts.timers.push(cleanUp, slot, cleanUpTimer + i);
        continue;
      }
      const { window, local, acceptors } = this.#judges[i] as WindowJudge;
      for (let k = 0; k < acceptors.length; k++) {
        (acceptors[k] as ViewWindow).accept(slot, ts, watermark);
      }
      if (ts <= watermark) lateFiring = Math.max(lateFiring, window.lateFiring(ts, watermark));
      if (this.#canForget) this.#raiseExpiry(slot, window.expiry(local, ts));
    }
    return lateFiring;
  }

  /** The timer of a record fired. */
  rowFired(slot: number, row: number, ts: number): void {
    const verdicts = this.#parts.store.refusalsOf(row);
    for (let i = 0; i < this.#over.length; i++) {
      if (verdicts === null || verdicts[i] === 0) this.#over[i]?.rowFired(slot, ts);
    }
  }

  /** The pending clean-up of a window that is in the queue; −∞ when there is none. */
  pendingCleanUp(slot: number, index: number): number {
    return this.#over[index]?.pending(slot) ?? before;
  }

  /** The clean-up timer of a window fired: true when its records were forgotten. */
  cleanUp(slot: number, index: number): boolean {
    if (this.#over[index]?.cleanUpFired(slot) !== true) {
      this.#parts.timers.push(this.pendingCleanUp(slot, index), slot, cleanUpTimer + index);
      return false;
    }
    for (const window of this.#parts.windows) {
      const local = window.windows.indexOf(index);
      if (local >= 0) window.cleanUp(local, slot);
    }
    return true;
  }

  /**
   * Forgets the key if nothing can be said of it any more; otherwise looks again later. `nextTimer` is
   * the key's next timer. True when it was forgotten.
   */
  tryForget(slot: number, watermark: number, nextTimer: number): boolean {
    const { states, windows } = this.#parts;
    if (!this.#canForget || states.isUnused(slot)) return false;
    states.setExpiryTimer(slot, never);
    const expiry = states.expiry(slot);
    if (expiry > watermark || nextTimer < never) {
      this.#setExpiryTimer(slot, expiry > watermark ? expiry : nextTimer);
      return false;
    }
    const hasCleanUp = this.#over.some((over) => over !== null && over.pending(slot) > before);
    if (hasCleanUp || states.waiting(slot) > 0) return false;
    if (states.asOf(slot) > watermark) {
      this.#setExpiryTimer(slot, states.asOf(slot));
      return false;
    }
    for (const window of windows) window.clear(slot);
    this.clear(slot);
    states.forget(slot);
    return true;
  }

  /** The earliest pending clean-up of any window; +∞ when there is none. */
  firstCleanUp(slot: number): number {
    let first = never;
    for (let i = 0; i < this.#over.length; i++) {
      const time = this.pendingCleanUp(slot, i);
      if (time > before && time < first) first = time;
    }
    return first;
  }

  /** Windows that clean up. */
  get cleanUpCount(): number {
    return this.#over.filter((over) => over !== null).length;
  }

  writeKey(slot: number, to: StateWriter): void {
    for (let i = 0; i < this.#over.length; i++) this.#over[i]?.writeKey(slot, to);
  }

  readKey(slot: number, from: StateReader): void {
    for (let i = 0; i < this.#over.length; i++) this.#over[i]?.readKey(slot, from);
  }

  /** Takes over the lateness of a key from an older view; `windows`: indexes of its windows there. */
  takeOver(slot: number, from: Admission, old: number, windows: readonly (number | null)[]): void {
    for (const [i, over] of this.#over.entries()) {
      const former = from.#over[windows[i] ?? -1] ?? null;
      if (over === null || former === null) continue;
      const part = new StateWriter();
      former.writeKey(old, part);
      over.readKey(slot, new StateReader(part.toBytes()));
    }
  }

  clear(slot: number): void {
    for (let i = 0; i < this.#over.length; i++) this.#over[i]?.clear(slot);
  }

  get bytesPerKey(): number {
    return this.#over.reduce((sum, over) => sum + (over?.bytesPerKey ?? 0), 0);
  }

  get byteLength(): number {
    return this.#over.reduce((sum, over) => sum + (over?.byteLength ?? 0), 0);
  }

  #judge(index: number, row: number, watermark: number): number {
    const { store, states, mode } = this.#parts;
    const { window, local, isLifetime } = this.#judges[index] as WindowJudge;
    const slot = store.slot[row] as number;
    const ts = store.ts[row] as number;
    if (mode === 'watermark') {
      const over = this.#over[index];
      if (over !== null && over !== undefined) return over.isLate(slot, ts) ? 1 : 0;
      if (isLifetime) return ts <= watermark ? 1 : 0;
    }
    return window.judge(local, slot, row, Math.max(ts, states.asOf(slot)));
  }

  #raiseExpiry(slot: number, expiry: number): void {
    const { states } = this.#parts;
    states.raiseExpiry(slot, expiry);
    // It may stand at a timer that kept the key, which is later than the records of today.
    if (states.expiryTimer(slot) > states.expiry(slot)) this.#setExpiryTimer(slot, expiry);
  }

  #setExpiryTimer(slot: number, time: number): void {
    const { states, timers } = this.#parts;
    states.setExpiryTimer(slot, time);
    timers.push(time, slot, expiryTimer);
  }
}

function judgeOf(windows: readonly ViewWindow[], index: number): WindowJudge {
  const window = windows.find((state) => state.windows.includes(index)) as ViewWindow;
  const local = window.windows.indexOf(index);
  const acceptors = windows.filter(
    (state) => state instanceof SessionState && state.windows.includes(index),
  );
  return { window, local, acceptors, isLifetime: window instanceof LifetimeState };
}
