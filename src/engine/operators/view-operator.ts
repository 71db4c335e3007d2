// Computes a view: records in, timers between records, feature vectors out, by the rules of
// docs/adr/0002-feature-value-semantics.md. This file holds the order in which things happen;
// which records a window holds and what they come to is in engine/state.
// Timers fire only when the watermark grows; each key's timeline is independent of all others.
import type { Batch } from '../../columns/batch.ts';
import type { ProjectionFailure } from '../../codegen/projection.ts';
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import { maxWatermark, minWatermark } from '../../kernel/instant.ts';
import { firedTogether, type ViewWindow } from '../state/windows/view-window.ts';
import { Admission } from './admission.ts';
import type { OperatorHead } from './images/image-owner.ts';
import { ResidentKeys } from './images/resident-keys.ts';
import { rowAsJson } from './late-report.ts';
import type { Operator, OperatorStats } from './operator.ts';
import { type GuardedRecord, RecordGuard } from './record-guard.ts';
import { RowMaker } from './row-maker.ts';
import {
  cleanUpTimer,
  createParts,
  expiryTimer,
  mainTimer,
  type ViewOperatorOptions,
  type ViewParts,
} from './view-parts.ts';
import type { RefusedRecord } from './vector-builder.ts';
import { WaitingRows } from './waiting-rows.ts';

export type { ViewOperatorOptions } from './view-parts.ts';

interface FailedRow {
  /** In the batch at hand; -1 when the record came before it. */
  readonly row: number;
  readonly offset: number;
  readonly message: string;
}

const never = Number.POSITIVE_INFINITY;
/** Records whose memory is touched ahead together. */
const blockRows = 256;
/** Keys that are given again before sinks take them. */
const keysPerPart = 8192;

export class ViewOperator implements Operator {
  readonly #parts: ViewParts;
  readonly #admission: Admission;
  readonly #rows: RowMaker;
  readonly #waiting: WaitingRows;
  /** Null without aggregates that users wrote. */
  readonly #guard: RecordGuard | null;
  /** Null when all keys stay in memory. */
  readonly #residents: ResidentKeys | null;
  /** Whether anything but records can change a value. */
  readonly #hasTimers: boolean;
  #watermark: number = minWatermark;
  /** Keys to look at when all timers of a growth have fired. */
  #candidates: number[] = [];
  /** Slots that may be without a key's state when the batch is done. */
  #released: number[] = [];
  /** Records wait, and none of what they find on arrival depends on timers of the block. */
  readonly #isWaiting: boolean;
  /** Slots of timers that fire soon. */
  readonly #coming = new Int32Array(firedTogether);
  /** What touching read: it means nothing, but must not be optimised away. */
  touched = 0;
  #isEnding = false;
  #batch: Batch | null = null;
  #recordsIn = 0;
  #failedRecords = 0;
  #firedTimers = 0;
  #hasReadHead = false;

  constructor(options: ViewOperatorOptions) {
    const parts = createParts(options);
    this.#parts = parts;
    this.#admission = new Admission(parts);
    this.#rows = new RowMaker(parts);
    this.#waiting = new WaitingRows(parts.store);
    this.#guard = RecordGuard.of(parts);
    this.#hasTimers = parts.timedWindows.length > 0;
    this.#isWaiting =
      parts.layout.isWaiting && parts.layout.windows.every(({ node }) => node.kind !== 'session');
    this.#residents = this.#createResidents(options);
  }

  #createResidents({ residence }: ViewOperatorOptions): ResidentKeys | null {
    if (residence === undefined || residence === null) return null;
    const owner = {
      parts: this.#parts,
      admission: this.#admission,
      rows: this.#rows,
      waiting: this.#waiting,
      ensureSlots: () => this.#ensureSlots(),
      schedule: (slot: number) => this.#schedule(slot),
      head: () => this.#head(),
      setHead: (head: OperatorHead) => this.#setHead(head),
    };
    return new ResidentKeys(owner, residence);
  }

  processBatch(batch: Batch): void {
    const { store, keys, mode } = this.#parts;
    this.#batch = batch;
    this.#recordsIn += batch.rowCount;
    this.#admission.late.startBatch();
    const { first, failures, tooLong } = store.load(batch, keys);
    this.#failRows('MR_DATA_OVERFLOW', failures);
    this.#failRows('MR_DATA_KEY_TOO_LONG', tooLong);
    this.#ensureSlots();
    this.#residents?.takeRows(first, store.length);
    this.#residents?.use(store.slot, first, store.length);
    for (let from = first; from < store.length; from += blockRows) {
      const end = Math.min(store.length, from + blockRows);
      if (mode === 'watermark' && this.#isWaiting) this.#arriveTogether(batch, from, end);
      else this.#arriveInTurn(batch, from, end);
    }
    this.#settle();
  }

  advanceWatermark(watermarkMs: number): void {
    if (watermarkMs <= this.#watermark) return;
    if (watermarkMs === maxWatermark) this.#end();
    else this.#grow(watermarkMs);
    this.#settle();
  }

  advanceIdleTime(nowMs: number): void {
    const { timers, states } = this.#parts;
    if (nowMs <= this.#watermark) return;
    const held: [number, number, number][] = [];
    for (;;) {
      const next = timers.peek();
      if (this.#wakeBefore(next, nowMs, true)) continue;
      if (next > nowMs) break;
      timers.pop();
      const { time, slot, kind } = timers;
      if (kind !== mainTimer || states.waiting(slot) > 0) held.push([time, slot, kind]);
      else if (states.scheduled(slot) === time) this.#fireMain(slot, time);
    }
    for (const [time, slot, kind] of held) timers.push(time, slot, kind);
    this.#settle();
  }

  /**
   * Gives the newest vector of every key once more: the same values, as_of and seq. Stops after some
   * thousand keys of those in memory, so that sinks can take them; nothing else may run meanwhile.
   */
  *emitAll(): Generator<void> {
    const { keys, builder } = this.#parts;
    const { rowsOut, failedValues } = builder;
    for (let slot = 0; slot < keys.slotCount; slot++) {
      if (keys.isLive(slot)) this.#repeat(slot);
      if ((slot + 1) % keysPerPart !== 0) continue;
      builder.flush();
      yield;
    }
    builder.flush();
    this.#residents?.visitStored((slots, count) => {
      for (let i = 0; i < count; i++) this.#repeat(slots[i] as number);
      builder.flush();
    });
    builder.rowsOut = rowsOut;
    builder.failedValues = failedValues;
  }

  /** Gives a key's vector again; keys of which nothing came out yet have no as_of. */
  #repeat(slot: number): void {
    const { states } = this.#parts;
    if (!Number.isFinite(states.asOf(slot))) return;
    this.#residents?.touchOne(slot);
    this.#rows.emit(slot, states.arrival(slot));
  }

  stats(): OperatorStats {
    const { builder, keys, states, windows, pages } = this.#parts;
    const { late } = this.#admission;
    const windowBytes = windows.reduce((sum, window) => sum + window.byteLength, 0);
    return {
      recordsIn: this.#recordsIn,
      rowsOut: builder.rowsOut,
      lateRecords: late.lateRecords,
      failedRecords: this.#failedRecords,
      failedValues: builder.failedValues,
      lastFailure: builder.lastFailure,
      lateByFeature: late.lateByFeature(),
      entities: keys.size,
      stateBytes:
        keys.byteLength +
        states.byteLength +
        this.#admission.byteLength +
        this.#rows.byteLength +
        pages.spareBytes +
        windowBytes,
      firedTimers: this.#firedTimers,
    };
  }

  #ensureSlots(): void {
    const { keys, states, windows } = this.#parts;
    states.ensureSlots(keys.slotCount);
    this.#admission.ensureSlots(keys.slotCount);
    this.#rows.ensureSlots(keys.slotCount);
    for (const window of windows) window.ensureSlots(keys.slotCount);
  }

  #arriveInTurn(batch: Batch, first: number, end: number): void {
    const { store } = this.#parts;
    this.#touch(store.slot, first, end);
    for (let row = first; row < end; row++) this.#arrive(batch, row);
  }

  /**
   * Plain records of a block are accepted before the timers between them fire: they wait anyway, and
   * what fires for a key is the same and in the same order. Others go in turn.
   */
  #arriveTogether(batch: Batch, first: number, end: number): void {
    const { store, states } = this.#parts;
    this.touched += states.touch(store.slot, first, end);
    this.touched += this.#admission.touch(store.slot, first, end);
    let watermark = this.#watermark;
    for (let row = first; row < end; row++) {
      watermark = Math.max(watermark, store.watermark[row] as number);
      if (this.#admission.isPlain(row, watermark)) {
        if (this.#guard !== null && !this.#mayWait(row)) continue;
        this.#admission.acceptPlain(row);
        this.#wait(store.slot[row] as number, row);
      } else this.#arrive(batch, row);
    }
    if (watermark > this.#watermark) this.#grow(watermark);
  }

  /** Reads what the rows' keys need soon. */
  #touch(slots: Int32Array, first: number, end: number): void {
    const { states, windows } = this.#parts;
    this.touched += states.touch(slots, first, end) + this.#rows.touch(slots, first, end);
    for (const window of windows) this.touched += window.touch(slots, first, end);
  }

  /** As `#touch`, of the keys whose timers come next. */
  #touchFiring(count: number): void {
    const { states, windows } = this.#parts;
    const slots = this.#coming;
    this.touched += states.touch(slots, 0, count) + this.#rows.touch(slots, 0, count);
    for (const window of windows) this.touched += window.touchFiring(slots, count);
  }

  /** One record: timers before it, lateness, then either its row at once or waiting. */
  #arrive(batch: Batch, row: number): void {
    const { store, states, mode, layout } = this.#parts;
    const watermark = store.watermark[row] as number;
    if (watermark > this.#watermark) this.#grow(watermark);
    store.watermark[row] = this.#watermark;
    const slot = store.slot[row] as number;
    if (!this.#admission.admit(batch, row, this.#watermark)) {
      this.#released.push(slot);
      return;
    }
    const isWaiting = mode === 'watermark' && layout.isWaiting;
    if (this.#guard !== null) {
      const isTaken = isWaiting ? this.#mayWait(row) : this.#takesAtOnce(slot, row);
      if (!isTaken) return;
    }
    const lateFiring = this.#admission.accept(row, this.#watermark);
    const isAtOnce = mode === 'arrival' || lateFiring > minWatermark;
    if (isAtOnce) {
      const tau = Math.max(lateFiring, states.asOf(slot));
      if (isWaiting && !this.#takes({ slot, row, tau, watermark: null })) return;
      this.#apply(row);
      if (mode === 'arrival') states.raiseAsOf(slot, store.ts[row] as number);
      states.raiseAsOf(slot, lateFiring);
      this.#emitRow(slot, row);
    }
    if (mode === 'watermark') {
      if (isWaiting) this.#wait(slot, row);
      else if (!isAtOnce) this.#apply(row);
    }
    if (this.#hasTimers) this.#schedule(slot);
  }

  #takesAtOnce(slot: number, row: number): boolean {
    const { mode, states, store } = this.#parts;
    const tau = mode === 'arrival' ? Math.max(store.ts[row] as number, states.asOf(slot)) : null;
    if (this.#takes({ slot, row, tau, watermark: this.#watermark })) return true;
    this.#released.push(slot);
    return false;
  }

  #mayWait(row: number): boolean {
    const refused = this.#guard?.probe(row) ?? null;
    if (refused === null) return true;
    this.#refuse(row, refused);
    this.#released.push(this.#parts.store.slot[row] as number);
    return false;
  }

  /** False when an aggregate of a user does not: the record is a dead letter, and changes nothing. */
  #takes(record: GuardedRecord): boolean {
    const refused = this.#guard?.take(record) ?? null;
    if (refused !== null) this.#refuse(record.row, refused);
    return refused === null;
  }

  #wait(slot: number, row: number): void {
    const { store, states } = this.#parts;
    if (store.isApplied[row] !== 1) states.addWaiting(slot, 1);
    else states.addApplied(slot, 1);
    this.#waiting.push(row);
  }

  #apply(row: number): void {
    const { otherWindows, rowsWindows } = this.#guard ?? this.#parts;
    this.#applyTo(otherWindows, row);
    this.#applyTo(rowsWindows, row);
    this.#count(row);
  }

  #applyTo(windows: readonly ViewWindow[], row: number): void {
    const { store } = this.#parts;
    const refusals = store.refusalsOf(row);
    const slot = store.slot[row] as number;
    for (let i = 0; i < windows.length; i++) {
      const window = windows[i] as ViewWindow;
      if (refusals !== null && window.windows.every((index) => refusals[index] !== 0)) continue;
      window.add(slot, row);
    }
  }

  #count(row: number): void {
    const { store } = this.#parts;
    const arrivalMs = store.arrivalMs[row] as number;
    this.#rows.countRecord(store.slot[row] as number, store.ts[row] as number, arrivalMs);
    store.isApplied[row] = 1;
  }

  /** Fires everything up to the new watermark, in time order: records before timers. */
  #grow(watermark: number): void {
    this.#watermark = watermark;
    this.#fireUntil(watermark);
    if (this.#candidates.length === 0) return;
    const candidates = this.#candidates;
    this.#candidates = [];
    for (const slot of candidates) this.#forget(slot);
  }

  #forget(slot: number): void {
    if (!this.#admission.tryForget(slot, this.#watermark, this.#nextTimer(slot))) return;
    this.#rows.forget(slot);
    this.#released.push(slot);
  }

  #fireUntil(limit: number): void {
    const { timers } = this.#parts;
    for (;;) {
      const rowTime = this.#waiting.peek();
      const timerTime = timers.peek();
      if (this.#wakeBefore(Math.min(rowTime, timerTime), limit, false)) continue;
      if (rowTime > limit && timerTime > limit) return;
      if (rowTime === never && timerTime === never) return;
      if (rowTime <= timerTime) {
        const cold = this.#residents?.coldWakeMs ?? never;
        this.#fireTaken(this.#waiting.take(Math.min(limit, timerTime, cold)));
      } else {
        const count = timers.takeComing(this.#coming);
        if (count > 0) this.#touchFiring(count);
        timers.pop();
        this.#fireTimer(timers.time, timers.slot, timers.kind);
      }
    }
  }

  /** Brings stored keys in whose timers are before `next`; false when there are none up to `limit`. */
  #wakeBefore(next: number, limit: number, isIdle: boolean): boolean {
    const residents = this.#residents;
    if (residents === null || !residents.isWaking(next, limit, isIdle)) return false;
    // Keys that were brought in before may leave again: memory is bounded whatever the watermark does.
    this.#parts.builder.flush();
    const candidates = this.#isEnding ? [] : this.#candidates;
    this.#candidates = candidates.filter((slot) => !residents.isEvictable(slot));
    for (const slot of candidates) if (residents.isEvictable(slot)) this.#forget(slot);
    const released = this.#released;
    this.#released = released.filter((slot) => !residents.isEvictable(slot));
    for (const slot of released) if (residents.isEvictable(slot)) this.#release(slot);
    residents.relieve();
    return residents.wake(limit, isIdle);
  }

  /** An entry of the queue came out: it counts if it is what the key's state says. */
  #fireTimer(time: number, slot: number, kind: number): void {
    const { states } = this.#parts;
    if (kind === mainTimer) {
      if (states.scheduled(slot) === time) this.#fireMain(slot, time);
    } else if (kind === expiryTimer) {
      if (states.expiryTimer(slot) !== time) return;
      this.#residents?.touchOne(slot);
      states.setExpiryTimer(slot, never);
      this.#candidates.push(slot);
    } else {
      const index = kind - cleanUpTimer;
      if (this.#admission.pendingCleanUp(slot, index) !== time) return;
      this.#residents?.touchOne(slot);
      if (this.#admission.cleanUp(slot, index)) this.#candidates.push(slot);
    }
  }

  #fireMain(slot: number, time: number): void {
    const { states } = this.#parts;
    this.#residents?.touchOne(slot);
    states.schedule(slot, never);
    if (this.#nextTimer(slot) === time) {
      this.#firedTimers += 1;
      if (this.#isEnding) this.#rows.freeze(slot, states.asOf(slot));
      states.raiseAsOf(slot, time);
      this.#rows.emit(slot, states.arrival(slot));
      // With as_of, timers that kept the key may be gone.
      if (states.expiry(slot) <= this.#watermark) this.#candidates.push(slot);
    }
    this.#schedule(slot);
  }

  /** Rows taken from the waiting ones, in time order; timers that they set may come between. */
  #fireTaken(count: number): void {
    const { store, timers } = this.#parts;
    const { taken, takenSlots } = this.#waiting;
    this.#residents?.touch(takenSlots, 0, count);
    this.#touch(takenSlots, 0, count);
    for (let i = 0, end = 0; i < count; i = end) {
      const ts = store.ts[taken[i] as number] as number;
      for (end = i + 1; end < count && store.ts[taken[end] as number] === ts; ) end += 1;
      while (timers.peek() < ts) {
        timers.pop();
        this.#fireTimer(timers.time, timers.slot, timers.kind);
      }
      if (end === i + 1 || this.#waiting.areApart(i, end)) {
        for (let k = i; k < end; k++) {
          this.#fireRow(takenSlots[k] as number, taken[k] as number, ts);
        }
      } else this.#fireInstant(this.#waiting.sortTaken(i, end), ts);
    }
  }

  /** Rows of one event time, those of a key together. */
  #fireInstant(rows: readonly number[], ts: number): void {
    const { store } = this.#parts;
    for (let i = 0, end = 0; i < rows.length; i = end) {
      const slot = store.slot[rows[i] as number] as number;
      for (end = i + 1; end < rows.length && store.slot[rows[end] as number] === slot; ) end += 1;
      if (end === i + 1) this.#fireRow(slot, rows[i] as number, ts);
      else this.#fireGroup(slot, rows.slice(i, end), ts);
    }
  }

  #fireRow(slot: number, row: number, ts: number): void {
    const { store, states } = this.#parts;
    this.#admission.rowFired(slot, row, ts);
    if (store.isApplied[row] !== 1) {
      states.addWaiting(slot, -1);
      this.#rows.thaw(slot);
      const tau = Math.max(ts, states.asOf(slot));
      if (this.#guard === null || this.#takes({ slot, row, tau, watermark: null })) {
        states.raiseAsOf(slot, ts);
        this.#apply(row);
        this.#emitRow(slot, row);
      }
    } else states.addApplied(slot, -1);
    this.#afterRows(slot);
  }

  /** Several records of a key at one instant see each other; windows over rows count them in turn. */
  #fireGroup(slot: number, group: readonly number[], ts: number): void {
    const { store, states, otherWindows, rowsWindows } = this.#parts;
    for (const row of group) this.#admission.rowFired(slot, row, ts);
    const open = group.filter((row) => store.isApplied[row] !== 1);
    states.addWaiting(slot, -open.length);
    states.addApplied(slot, open.length - group.length);
    this.#rows.thaw(slot);
    const tau = Math.max(ts, states.asOf(slot));
    const refuse = (row: number, refused: RefusedRecord): void => this.#refuse(row, refused);
    const rows = this.#guard?.passing(slot, open, tau, refuse) ?? open;
    if (rows.length > 0) states.raiseAsOf(slot, ts);
    for (const row of rows) this.#applyTo(otherWindows, row);
    for (const [i, row] of rows.entries()) {
      this.#applyTo(rowsWindows, row);
      this.#count(row);
      if (i === 0 || rowsWindows.length > 0) this.#emitRow(slot, row);
      else this.#rows.repeat(slot, store.arrivalMs[row] as number);
    }
    this.#afterRows(slot);
  }

  #afterRows(slot: number): void {
    if (!this.#hasTimers) return;
    if (this.#parts.states.expiry(slot) <= this.#watermark) this.#candidates.push(slot);
    this.#schedule(slot);
  }

  #emitRow(slot: number, row: number): void {
    const { builder, layout, store } = this.#parts;
    this.#rows.emit(slot, store.arrivalMs[row] as number);
    if (builder.overflowed < 0) return;
    const name = layout.view.features[builder.overflowed]?.name ?? '';
    builder.overflowed = -1;
    this.#failAt('MR_DATA_OVERFLOW', row, `feature "${name}": the sum does not fit its type`);
  }

  #refuse(row: number, { feature, failure }: RefusedRecord): void {
    const name = this.#parts.layout.view.features[feature]?.name ?? '';
    this.#failAt(failure.code, row, `feature "${name}": ${failure.message}`);
  }

  #failAt(code: ErrorCode, row: number, message: string): void {
    const { batchRow, offset } = this.#parts.store;
    this.#fail(code, { row: batchRow[row] as number, offset: offset[row] as number, message });
  }

  #nextTimer(slot: number): number {
    const { timedWindows, states } = this.#parts;
    const asOf = states.asOf(slot);
    let next = never;
    for (let i = 0; i < timedWindows.length; i++) {
      const window = timedWindows[i] as ViewWindow;
      const time = this.#isEnding ? window.nextFiring(slot, asOf) : window.nextTimer(slot, asOf);
      if (time < next) next = time;
    }
    return next;
  }

  #schedule(slot: number): void {
    const { states, timers } = this.#parts;
    const next = this.#nextTimer(slot);
    if (next >= states.scheduled(slot)) return;
    states.schedule(slot, next);
    timers.push(next, slot, mainTimer);
  }

  /** End of bounded input: what is due, then waiting records and windows that hold data. */
  #end(): void {
    const { states, keys, timers } = this.#parts;
    if (this.#watermark !== minWatermark) this.#fireUntil(this.#watermark);
    this.#residents?.touchAll();
    this.#watermark = maxWatermark;
    this.#isEnding = true;
    timers.clear();
    states.unscheduleAll();
    for (let slot = 0; slot < keys.slotCount; slot++) this.#schedule(slot);
    this.#fireUntil(maxWatermark);
    this.#candidates = [];
  }

  /** After a batch: rows out, room back, slots without a key's state free again. */
  #settle(): void {
    this.#parts.builder.flush();
    for (const slot of this.#released) this.#release(slot);
    this.#released = [];
    this.#waiting.leaveBatch();
    this.#residents?.settle();
  }

  #release(slot: number): void {
    const { states, keys } = this.#parts;
    if (!states.isUnused(slot) || !keys.isLive(slot)) return;
    this.#residents?.forgot(slot);
    keys.free(slot);
  }

  #head(): OperatorHead {
    return {
      watermark: this.#watermark,
      hasRead: this.#hasReadHead,
      isEnding: this.#isEnding,
      recordsIn: this.#recordsIn,
      failedRecords: this.#failedRecords,
      firedTimers: this.#firedTimers,
    };
  }

  #setHead(head: OperatorHead): void {
    this.#watermark = head.watermark;
    this.#hasReadHead = head.hasRead;
    this.#isEnding = head.isEnding;
    this.#recordsIn = head.recordsIn;
    this.#failedRecords = head.failedRecords;
    this.#firedTimers = head.firedTimers;
  }

  /** A record failed; its row stands in for its bytes while its batch is at hand. */
  #fail(code: ErrorCode, { row, offset, message }: FailedRow): void {
    const batch = this.#batch;
    if (batch === null) return;
    this.#failedRecords += 1;
    const json = row < 0 ? {} : rowAsJson(batch, row);
    const bytes = Buffer.from(JSON.stringify(json));
    this.#parts.context.fail({ code, category: 'processing_error', message, offset, bytes }, batch);
  }

  #failRows(code: ErrorCode, failures: readonly ProjectionFailure[]): void {
    for (const { row, message } of failures) {
      this.#fail(code, { row, offset: this.#batch?.offsets[row] as number, message });
    }
  }
}
