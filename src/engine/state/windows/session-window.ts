// Sessions: records of a key at most `gap` apart. A session [start, last + gap) can grow and merge
// until the watermark has passed its end − 1. Of the closed ones only the last is kept: it is the
// value until the next one is complete.
import {
  addRecord,
  BoxedWindow,
  createStates,
  mergeStates,
  putStates,
  skip,
  take,
  type Verdict,
  type ViewWindow,
  type WindowFeatures,
} from './view-window.ts';

interface Session {
  start: number;
  end: number;
  /** Records applied: a session of waiting records is not there yet. */
  count: number;
  states: unknown[];
}

export class SessionState extends BoxedWindow implements ViewWindow {
  readonly isFrozenAtEnd = false;
  readonly #gapMs: number;
  /** Ordered by start, which is the order of ends. */
  readonly #sessions: (Session[] | undefined)[] = [];

  constructor(features: WindowFeatures, gapMs: number) {
    super(features);
    this.#gapMs = gapMs;
  }

  judge(_local: number, slot: number, row: number, _asOf: number, watermark: number): Verdict {
    const ts = this.features.source.ts[row] as number;
    if (ts + this.#gapMs - 1 > watermark) return take;
    const sessions = this.#sessions[slot] ?? [];
    return sessions.some((session) => this.#isTouched(session, ts, watermark)) ? take : skip;
  }

  override accept(slot: number, ts: number, watermark: number): void {
    this.#sessions[slot] ??= [];
    const sessions = this.#sessions[slot];
    const merged: Session = { start: ts, end: ts + this.#gapMs, count: 0, states: [] };
    const touched = sessions.filter((session) => this.#isTouched(session, ts, watermark));
    for (const session of touched) {
      merged.start = Math.min(merged.start, session.start);
      merged.end = Math.max(merged.end, session.end);
      merged.count += session.count;
      if (merged.states.length === 0) merged.states = session.states;
      else mergeStates(this.features, merged.states, session.states);
    }
    if (touched.length === 0) merged.states = createStates(this.features);
    const rest = sessions.filter((session) => !touched.includes(session));
    while (rest.length > 1 && (rest[1] as Session).end - 1 <= watermark) rest.shift();
    const at = rest.findIndex((session) => session.start > merged.start);
    rest.splice(at < 0 ? rest.length : at, 0, merged);
    this.#sessions[slot] = rest;
  }

  add(slot: number, row: number): void {
    const record = this.recordAt(row);
    const sessions = this.#sessions[slot] ?? [];
    const session = sessions.findLast(({ start }) => start <= record.ts);
    if (session === undefined) return;
    session.count += 1;
    addRecord(this.features, session.states, record);
  }

  evaluate(slot: number, tau: number): void {
    const complete = this.#sessions[slot]?.findLast(
      ({ end, count }) => count > 0 && end - 1 <= tau,
    );
    putStates(this.features, complete?.states ?? createStates(this.features));
  }

  override nextTimer(slot: number, asOf: number): number {
    const next = this.#sessions[slot]?.find(({ end, count }) => count > 0 && end - 1 > asOf);
    return next === undefined ? Number.POSITIVE_INFINITY : next.end - 1;
  }

  override nextFiring(slot: number, asOf: number): number {
    return this.nextTimer(slot, asOf);
  }

  clear(slot: number): void {
    this.#sessions[slot] = undefined;
  }

  #isTouched({ start, end }: Session, ts: number, watermark: number): boolean {
    return end - 1 > watermark && start <= ts + this.#gapMs && ts <= end;
  }
}
