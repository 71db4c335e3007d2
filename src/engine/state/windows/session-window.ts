// Sessions: records of a key at most `gap` apart. A session [start, last + gap) can grow and merge
// until the watermark has passed its end − 1. Of the closed ones only the last is kept: it is the
// value until the next one is complete.
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import {
  CellWindow,
  type CellWindowParts,
  skip,
  take,
  type Verdict,
  type ViewWindow,
  type WindowForm,
} from './view-window.ts';

interface Session {
  start: number;
  end: number;
  /** Records applied: a session of waiting records is not there yet. */
  count: number;
  readonly cell: number;
}

const never = Number.POSITIVE_INFINITY;

export class SessionState extends CellWindow implements ViewWindow {
  override readonly hasTimers = true;
  readonly isFrozenAtEnd = false;
  readonly #gapMs: number;
  /** Ordered by end. One that is over may overlap a later one: it merges no more. */
  readonly #sessions: (Session[] | undefined)[] = [];

  constructor(parts: CellWindowParts, gapMs: number) {
    super(parts);
    this.#gapMs = gapMs;
  }

  judge(_local: number, slot: number, row: number): Verdict {
    const watermark = this.source.watermark[row] as number;
    const ts = this.source.ts[row] as number;
    if (ts + this.#gapMs - 1 > watermark) return take;
    const sessions = this.#sessions[slot] ?? [];
    return sessions.some((session) => this.#isTouched(session, ts, watermark)) ? take : skip;
  }

  override accept(slot: number, ts: number, watermark: number): void {
    this.#sessions[slot] ??= [];
    const sessions = this.#sessions[slot];
    const newest = sessions.at(-1);
    if (newest !== undefined && ts >= newest.start && this.#isTouched(newest, ts, watermark)) {
      newest.end = Math.max(newest.end, ts + this.#gapMs);
      return;
    }
    this.#merge(slot, sessions, ts, watermark);
  }

  add(slot: number, row: number): void {
    const ts = this.source.ts[row] as number;
    const sessions = this.#sessions[slot] ?? [];
    for (let i = sessions.length - 1; i >= 0; i--) {
      const session = sessions[i] as Session;
      if (session.start > ts || session.end < ts + this.#gapMs) continue;
      session.count += 1;
      this.cells.add(session.cell, row);
      return;
    }
  }

  evaluate(slot: number, tau: number): void {
    const sessions = this.#sessions[slot] ?? [];
    for (let i = sessions.length - 1; i >= 0; i--) {
      const { end, count, cell } = sessions[i] as Session;
      if (count === 0 || end - 1 > tau) continue;
      this.cells.put(cell);
      return;
    }
    this.cells.putEmpty();
  }

  override nextTimer(slot: number, asOf: number): number {
    const sessions = this.#sessions[slot] ?? [];
    for (let i = 0; i < sessions.length; i++) {
      const { end, count } = sessions[i] as Session;
      if (count > 0 && end - 1 > asOf) return end - 1;
    }
    return never;
  }

  override nextFiring(slot: number, asOf: number): number {
    return this.nextTimer(slot, asOf);
  }

  clear(slot: number): void {
    for (const { cell } of this.#sessions[slot] ?? []) this.cells.free(cell);
    this.#sessions[slot] = undefined;
  }

  get form(): WindowForm {
    return { kind: 'sessions', features: this.cells.forms };
  }

  writeKey(slot: number, to: StateWriter): void {
    const sessions = this.#sessions[slot] ?? [];
    to.varint(sessions.length);
    for (const { start, end, count, cell } of sessions) {
      to.f64(start);
      to.f64(end);
      to.varint(count);
      this.cellWriter.write(cell, to);
    }
  }

  readKey(slot: number, from: StateReader): void {
    const length = from.count();
    if (length === 0) return;
    this.#sessions[slot] = Array.from({ length }, () => ({
      start: from.f64(),
      end: from.f64(),
      count: from.varint(),
      cell: this.cells.read(from),
    }));
  }

  /** With a session or two per key. */
  override get bytesPerKey(): number {
    return 200;
  }

  get liveBytes(): number {
    return this.cells.liveBytes;
  }

  /** A session of the record with all that it touches. */
  #merge(slot: number, sessions: readonly Session[], ts: number, watermark: number): void {
    const touched = sessions.filter((session) => this.#isTouched(session, ts, watermark));
    const merged: Session = touched[0] ?? {
      start: ts,
      end: ts + this.#gapMs,
      count: 0,
      cell: this.cells.create(),
    };
    merged.start = Math.min(merged.start, ts);
    merged.end = Math.max(merged.end, ts + this.#gapMs);
    for (const session of touched.slice(1)) {
      merged.end = Math.max(merged.end, session.end);
      merged.count += session.count;
      this.cells.merge(merged.cell, session.cell);
      this.cells.free(session.cell);
    }
    const rest = sessions.filter((session) => !touched.includes(session));
    while (rest.length > 1 && (rest[1] as Session).end - 1 <= watermark) {
      this.cells.free((rest.shift() as Session).cell);
    }
    const at = rest.findIndex((session) => session.end > merged.end);
    rest.splice(at < 0 ? rest.length : at, 0, merged);
    this.#sessions[slot] = rest;
  }

  #isTouched({ start, end }: Session, ts: number, watermark: number): boolean {
    return end - 1 > watermark && start <= ts + this.#gapMs && ts <= end;
  }
}
