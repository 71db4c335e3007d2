// Computes a view: records in, timers between records, feature vectors out, by the rules of
// docs/adr/0002-feature-value-semantics.md. This file holds the order in which things happen;
// which records a window holds and what they come to is in engine/state.
// Timers fire only when the watermark grows; each key's timeline is independent of all others.
import type { Batch } from '../../columns/batch.ts';
import { compileProjection } from '../../codegen/compile-projection.ts';
import { maxWatermark, minWatermark } from '../../kernel/instant.ts';
import type { Plan, ViewNode } from '../../plan/plan.ts';
import type { WindowNode } from '../../plan/window.ts';
import { overflow, type Result } from '../state/accumulators/accumulator.ts';
import { KeyTable } from '../state/key-table.ts';
import type { ViewWindow } from '../state/windows/view-window.ts';
import { LifetimeState } from '../state/windows/lifetime-window.ts';
import { RollingRowsState } from '../state/windows/rolling-window.ts';
import { TimerQueue } from '../time/timer-queue.ts';
import { createWindows } from './create-windows.ts';
import { KeyStates } from './key-states.ts';
import { LateReport, rowAsJson } from './late-report.ts';
import type { Operator, OperatorContext, OperatorStats } from './operator.ts';
import { OverLateness } from './over-lateness.ts';
import { RecordStore } from './record-store.ts';
import { planStaging } from './staging.ts';
import { VectorBuilder } from './vector-builder.ts';
import { layoutView, type ViewLayout } from './view-layout.ts';
import { WaitingRows } from './waiting-rows.ts';

export interface ViewOperatorOptions {
  readonly plan: Plan;
  readonly view: ViewNode;
  readonly context: OperatorContext;
  /** `recompute`: rows come sorted by time, none is late, only `probe` gives rows. */
  readonly mode?: 'stream' | 'recompute';
}

/** Instants of one key, as encoded keys: `keyData[keyStarts[i] .. keyEnds[i])` at `asOfMs[i]`. */
export interface ProbeBatch {
  readonly keyData: Uint8Array;
  readonly keyStarts: Int32Array;
  readonly keyEnds: Int32Array;
  readonly count: number;
  readonly asOfMs: Float64Array;
}

/** The state that judges a window of the layout. */
interface WindowJudge {
  readonly window: ViewWindow;
  readonly local: number;
  /** True for one window of each state. */
  readonly isFirst: boolean;
  readonly isLifetime: boolean;
}

const never = Number.POSITIVE_INFINITY;
const before = Number.NEGATIVE_INFINITY;
const mainTimer = 0;
const expiryTimer = 1;
const firstCleanUpTimer = 2;

export class ViewOperator implements Operator {
  readonly #layout: ViewLayout;
  readonly #context: OperatorContext;
  readonly #mode: 'arrival' | 'watermark' | 'recompute';
  readonly #keys = new KeyTable();
  readonly #states = new KeyStates();
  readonly #windows: readonly ViewWindow[];
  /** Per window of the layout, who judges it. */
  readonly #judges: readonly WindowJudge[];
  readonly #isRows: readonly boolean[];
  readonly #hasRowsWindow: boolean;
  /** Watermark mode: the late rule of each rolling and rows window. */
  readonly #over: readonly (OverLateness | null)[];
  readonly #canForget: boolean;
  readonly #store: RecordStore;
  readonly #waiting: WaitingRows;
  readonly #builder: VectorBuilder;
  readonly #late: LateReport;
  #timers = new TimerQueue();
  #watermark: number = minWatermark;
  /** Windows only, watermark mode: event times of applied records that no row has counted yet. */
  readonly #uncounted = new Map<number, number[]>();
  /** Instant of the newest true evaluation of a key, while final firings move its as_of on. */
  readonly #frozen = new Map<number, number>();
  #toForget: number[] = [];
  #forgotten: number[] = [];
  #isEnding = false;
  #batch: Batch | null = null;
  #overflowed = '';
  #recordsIn = 0;
  #failedRecords = 0;
  #firedTimers = 0;
  readonly #refusals: Uint8Array;
  readonly #putResult = (feature: number, value: Result): void => {
    if (value === overflow) this.#noteOverflow(feature);
    this.#builder.put(feature, value === overflow ? null : value);
  };

  constructor({ plan, view, context, mode = 'stream' }: ViewOperatorOptions) {
    const layout = layoutView(plan, view);
    const { fields, predicates, outputs, windows } = layout;
    this.#layout = layout;
    this.#context = context;
    this.#mode = mode === 'recompute' ? mode : view.emit;
    const staging = planStaging(layout);
    const project = compileProjection({ fields, predicates, outputs });
    this.#store = new RecordStore(layout, staging, project);
    this.#waiting = new WaitingRows(this.#store);
    this.#builder = new VectorBuilder(view, this.#keys, (batch) => context.emit(batch));
    this.#late = new LateReport(layout, context);
    this.#windows = createWindows({
      layout,
      staging,
      source: this.#store,
      output: this.#builder,
      put: this.#putResult,
      overflow: (feature) => this.#noteOverflow(feature),
      isWatermark: this.#mode === 'watermark',
    });
    this.#isRows = this.#windows.map((window) => window instanceof RollingRowsState);
    this.#hasRowsWindow = this.#isRows.includes(true);
    this.#judges = windows.map((_, i) => judgeOf(this.#windows, i));
    this.#over = windows.map(({ node }) => this.#overRuleOf(node));
    this.#canForget = windows.every(
      ({ node: { kind } }) => kind !== 'rollingRows' && kind !== 'lifetime' && kind !== 'session',
    );
    this.#refusals = new Uint8Array(windows.length);
  }

  #noteOverflow(feature: number): void {
    this.#overflowed = this.#layout.view.features[feature]?.name ?? '';
  }

  processBatch(batch: Batch): void {
    this.#batch = batch;
    this.#recordsIn += batch.rowCount;
    this.#late.startBatch();
    const { first, failures } = this.#store.load(batch, this.#keys);
    for (const { row, message } of failures) this.#fail(batch, row, message);
    this.#ensureSlots();
    for (let row = first; row < this.#store.length; row++) {
      if (this.#mode === 'recompute') {
        this.#applySorted(row);
        continue;
      }
      const watermark = this.#store.watermark[row] as number;
      if (watermark > this.#watermark) this.#grow(watermark);
      this.#take(batch, row);
    }
    this.#settle(first);
  }

  advanceWatermark(watermarkMs: number): void {
    if (this.#mode === 'recompute' || watermarkMs <= this.#watermark) return;
    if (watermarkMs === maxWatermark) this.#end();
    else this.#grow(watermarkMs);
    this.#settle(this.#store.length);
  }

  advanceIdleTime(nowMs: number): void {
    if (this.#mode === 'recompute' || nowMs <= this.#watermark) return;
    const held: [number, number, number][] = [];
    while (this.#timers.peek() <= nowMs) {
      this.#timers.pop();
      const { time, slot, kind } = this.#timers;
      const isHeld = kind !== mainTimer || (this.#states.waiting[slot] as number) > 0;
      if (isHeld) held.push([time, slot, kind]);
      else this.#fireMain(slot, time);
    }
    for (const [time, slot, kind] of held) this.#timers.push(time, slot, kind);
    this.#builder.flush();
  }

  /** Recompute mode: one vector per probe. Instants of a key must not fall from call to call. */
  probe(probes: ProbeBatch): void {
    const { keyData, keyStarts, keyEnds, count, asOfMs } = probes;
    const states = this.#states;
    for (let i = 0; i < count; i++) {
      const start = keyStarts[i] as number;
      const end = keyEnds[i] as number;
      const slot = this.#keys.find(keyData, start, end);
      const asOf = asOfMs[i] as number;
      this.#evaluate(slot, asOf, false);
      this.#builder.setKeyBytes(this.#builder.rowCount, start, end);
      this.#builder.finish({
        slot,
        eventTimeMs: slot < 0 ? Number.NaN : (states.eventTime[slot] as number),
        asOfMs: asOf,
        seq: slot < 0 ? 0 : (states.seq[slot] as number),
        arrivalTimeMs: slot < 0 ? Number.NaN : (states.arrival[slot] as number),
      });
      if (this.#builder.isFull) this.#builder.flush(keyData);
    }
    this.#builder.flush(keyData);
  }

  stats(): OperatorStats {
    return {
      recordsIn: this.#recordsIn,
      rowsOut: this.#builder.rowsOut,
      lateRecords: this.#late.lateRecords,
      failedRecords: this.#failedRecords,
      lateByFeature: this.#late.lateByFeature(),
      entities: this.#keys.size,
      stateBytes: this.#keys.byteLength,
      firedTimers: this.#firedTimers,
    };
  }

  /** Lateness, then either the row at once or waiting. */
  #take(batch: Batch, row: number): void {
    const store = this.#store;
    const slot = store.slot[row] as number;
    const watermark = this.#watermark;
    store.watermark[row] = watermark;
    if (this.#judge(row) === 'refused') {
      this.#late.report(batch, store.batchRow[row] as number, watermark, this.#refusals);
    }
    if (!this.#refusals.includes(0)) return;
    if (this.#refusals.some((verdict) => verdict !== 0)) store.refuse(row, this.#refusals);
    const lateFiring = this.#accept(row);
    if (this.#mode === 'watermark' && lateFiring === before) {
      this.#wait(row);
    } else {
      this.#apply(row);
      if (this.#mode === 'arrival') this.#states.raiseAsOf(slot, store.ts[row] as number);
      this.#states.raiseAsOf(slot, lateFiring);
      this.#emitRow(slot, row);
      if (this.#mode === 'watermark' && this.#layout.isWaiting) this.#push(row);
    }
    this.#schedule(slot);
  }

  /** Fills `refusals`; `refused` when the record is late for the view. */
  #judge(row: number): 'taken' | 'refused' {
    const slot = this.#store.slot[row] as number;
    const ts = this.#store.ts[row] as number;
    const asOf = Math.max(ts, this.#states.asOf[slot] as number);
    let taken = 0;
    let skipped = 0;
    for (let i = 0; i < this.#judges.length; i++) {
      const verdict = this.#judgeWindow(i, slot, row, asOf);
      this.#refusals[i] = verdict;
      if (verdict === 0) taken += 1;
      if (verdict === 1) skipped += 1;
    }
    return skipped > 0 || taken === 0 ? 'refused' : 'taken';
  }

  #judgeWindow(index: number, slot: number, row: number, asOf: number): number {
    const { window, local, isLifetime } = this.#judges[index] as WindowJudge;
    if (this.#mode === 'watermark') {
      const ts = this.#store.ts[row] as number;
      const over = this.#over[index];
      if (over !== null && over !== undefined) return over.isLate(slot, ts) ? 1 : 0;
      if (isLifetime) return ts <= this.#watermark ? 1 : 0;
    }
    return window.judge(local, slot, row, asOf, this.#watermark);
  }

  /** Sets the timers of a record that was taken; the greatest end − 1 that it came after, or −∞. */
  #accept(row: number): number {
    const slot = this.#store.slot[row] as number;
    const ts = this.#store.ts[row] as number;
    let lateFiring = before;
    for (let i = 0; i < this.#judges.length; i++) {
      if (this.#refusals[i] !== 0) continue;
      const { window, local, isFirst } = this.#judges[i] as WindowJudge;
      if (isFirst) window.accept(slot, ts, this.#watermark);
      lateFiring = Math.max(lateFiring, window.lateFiring(ts, this.#watermark));
      const cleanUp = this.#over[i]?.accept(slot, ts) ?? before;
      if (cleanUp > before) this.#timers.push(cleanUp, slot, firstCleanUpTimer + i);
      this.#raiseExpiry(slot, window.expiry(local, ts));
    }
    return lateFiring;
  }

  #raiseExpiry(slot: number, expiry: number): void {
    const states = this.#states;
    if (expiry > (states.expiry[slot] as number)) states.expiry[slot] = expiry;
    if (!this.#canForget || states.expiring[slot] === 1) return;
    states.expiring[slot] = 1;
    this.#timers.push(expiry, slot, expiryTimer);
  }

  /** Watermark mode: until the watermark reaches the record, or, without row windows, until a firing. */
  #wait(row: number): void {
    if (this.#layout.isWaiting) {
      this.#push(row);
      return;
    }
    this.#apply(row);
  }

  #push(row: number): void {
    const slot = this.#store.slot[row] as number;
    if (this.#store.isApplied[row] !== 1) {
      this.#states.waiting[slot] = (this.#states.waiting[slot] as number) + 1;
    }
    this.#waiting.push(row);
  }

  #apply(row: number): void {
    this.#applyToWindows(row, false);
    this.#applyToWindows(row, true);
    this.#applyToKey(row);
  }

  /** Applies a record to the windows over rows, or to all others. */
  #applyToWindows(row: number, areRows: boolean): void {
    const refusals = this.#store.refusalsOf(row);
    const slot = this.#store.slot[row] as number;
    for (let i = 0; i < this.#windows.length; i++) {
      const window = this.#windows[i] as ViewWindow;
      if (this.#isRows[i] !== areRows) continue;
      if (refusals !== null && window.windows.every((index) => refusals[index] !== 0)) continue;
      window.add(slot, row);
    }
  }

  #applyToKey(row: number): void {
    const slot = this.#store.slot[row] as number;
    const ts = this.#store.ts[row] as number;
    const arrivalMs = this.#store.arrivalMs[row] as number;
    if (this.#mode === 'watermark' && !this.#layout.isWaiting) {
      this.#states.arrival[slot] = arrivalMs;
      const uncounted = this.#uncounted.get(slot);
      if (uncounted === undefined) this.#uncounted.set(slot, [ts]);
      else uncounted.push(ts);
    } else this.#states.apply(slot, ts, arrivalMs);
    this.#store.isApplied[row] = 1;
  }

  #applySorted(row: number): void {
    const slot = this.#store.slot[row] as number;
    const ts = this.#store.ts[row] as number;
    // Sessions that ended before this record can take no other: their watermark is just behind it.
    this.#store.watermark[row] = ts - 2;
    for (const window of this.#windows) window.accept(slot, ts, ts - 2);
    this.#apply(row);
    this.#states.raiseAsOf(slot, ts);
    this.#states.expiry[slot] = never;
  }

  /** Fires everything up to the new watermark, in time order: records before timers. */
  #grow(watermark: number): void {
    this.#watermark = watermark;
    this.#fireUntil(watermark);
    if (this.#toForget.length === 0) return;
    for (const slot of this.#toForget) this.#tryForget(slot);
    this.#toForget = [];
  }

  #fireUntil(limit: number): void {
    for (;;) {
      const rowTime = this.#waiting.peek();
      const timerTime = this.#timers.peek();
      if (rowTime > limit && timerTime > limit) return;
      if (rowTime === never && timerTime === never) return;
      if (rowTime <= timerTime) this.#fireRows();
      else {
        this.#timers.pop();
        this.#fireTimer(this.#timers.time, this.#timers.slot, this.#timers.kind);
      }
    }
  }

  #fireTimer(time: number, slot: number, kind: number): void {
    if (kind === mainTimer) this.#fireMain(slot, time);
    else if (kind === expiryTimer) this.#toForget.push(slot);
    else if (this.#over[kind - firstCleanUpTimer]?.cleanUpFired(slot, time)) {
      this.#cleanUp(kind - firstCleanUpTimer, slot);
    }
  }

  #cleanUp(index: number, slot: number): void {
    for (const window of this.#windows) {
      const local = window.windows.indexOf(index);
      if (local >= 0) window.cleanUp(local, slot);
    }
    this.#toForget.push(slot);
  }

  #fireMain(slot: number, time: number): void {
    const states = this.#states;
    if (states.scheduled[slot] !== time) return;
    states.scheduled[slot] = never;
    const asOf = states.asOf[slot] as number;
    const isDue = this.#isEnding
      ? this.#nextFiring(slot, asOf) === time
      : this.#nextTimer(slot, asOf) === time;
    if (isDue) {
      this.#firedTimers += 1;
      if (this.#isEnding && !this.#frozen.has(slot)) this.#frozen.set(slot, asOf);
      states.raiseAsOf(slot, time);
      this.#emitRow(slot, null);
    }
    this.#schedule(slot);
  }

  /** The waiting records of the earliest event time. */
  #fireRows(): void {
    const rows = this.#waiting.takeEarliest();
    for (let i = 0; i < rows.length; ) {
      const slot = this.#store.slot[rows[i] as number] as number;
      let end = i + 1;
      while (end < rows.length && this.#store.slot[rows[end] as number] === slot) end += 1;
      this.#fireGroup(slot, rows.slice(i, end));
      i = end;
    }
  }

  #fireGroup(slot: number, group: readonly number[]): void {
    const states = this.#states;
    const ts = this.#store.ts[group[0] as number] as number;
    for (const row of group) this.#moveLast(slot, row, ts);
    const rows = group.filter((row) => this.#store.isApplied[row] !== 1);
    states.waiting[slot] = (states.waiting[slot] as number) - rows.length;
    if (rows.length > 0) {
      this.#frozen.delete(slot);
      states.raiseAsOf(slot, ts);
      for (const row of rows) this.#applyToWindows(row, false);
      for (const [i, row] of rows.entries()) {
        this.#applyToWindows(row, true);
        this.#applyToKey(row);
        this.#emitRow(slot, row, i > 0 && !this.#hasRowsWindow);
      }
    }
    if ((states.expiry[slot] as number) <= this.#watermark) this.#toForget.push(slot);
    this.#schedule(slot);
  }

  #moveLast(slot: number, row: number, ts: number): void {
    const refusals = this.#store.refusalsOf(row);
    for (let i = 0; i < this.#over.length; i++) {
      if (refusals === null || refusals[i] === 0) this.#over[i]?.rowFired(slot, ts);
    }
  }

  /** One row of the key at its as_of; `row` is the record that caused it. */
  #emitRow(slot: number, row: number | null, isRepeated = false): void {
    const states = this.#states;
    const asOf = states.asOf[slot] as number;
    this.#overflowed = '';
    if (isRepeated && this.#builder.rowCount > 0) this.#builder.repeat();
    else this.#evaluate(slot, asOf, this.#isEnding && this.#frozen.has(slot));
    if (this.#uncounted.size > 0) this.#count(slot, asOf);
    this.#builder.finish({
      slot,
      eventTimeMs: states.eventTime[slot] as number,
      asOfMs: asOf,
      seq: states.seq[slot] as number,
      arrivalTimeMs:
        row === null ? (states.arrival[slot] as number) : (this.#store.arrivalMs[row] as number),
    });
    if (this.#builder.isFull) this.#builder.flush();
    if (this.#overflowed !== '' && row !== null) this.#failOverflow(row);
  }

  #evaluate(slot: number, asOf: number, isFinal: boolean): void {
    const frozen = isFinal ? (this.#frozen.get(slot) ?? asOf) : asOf;
    for (const window of this.#windows) {
      const isFrozen = isFinal && window.isFrozenAtEnd;
      window.evaluate(slot, isFrozen ? frozen : asOf, isFinal && !isFrozen, isFrozen);
    }
  }

  /** Counts the applied records up to `asOf` into seq and event_time. */
  #count(slot: number, asOf: number): void {
    const uncounted = this.#uncounted.get(slot);
    if (uncounted === undefined) return;
    const arrival = this.#states.arrival[slot] as number;
    const rest = uncounted.filter((ts) => ts > asOf);
    for (const ts of uncounted) if (ts <= asOf) this.#states.apply(slot, ts, arrival);
    if (rest.length === 0) this.#uncounted.delete(slot);
    else this.#uncounted.set(slot, rest);
  }

  #nextTimer(slot: number, asOf: number): number {
    let next = never;
    for (const window of this.#windows) next = Math.min(next, window.nextTimer(slot, asOf));
    return next;
  }

  #nextFiring(slot: number, asOf: number): number {
    let next = never;
    for (const window of this.#windows) next = Math.min(next, window.nextFiring(slot, asOf));
    return next;
  }

  #schedule(slot: number): void {
    const asOf = this.#states.asOf[slot] as number;
    const next = this.#isEnding ? this.#nextFiring(slot, asOf) : this.#nextTimer(slot, asOf);
    if (next >= (this.#states.scheduled[slot] as number)) return;
    this.#states.scheduled[slot] = next;
    this.#timers.push(next, slot, mainTimer);
  }

  /** End of bounded input: what is due, then waiting records and windows that hold data. */
  #end(): void {
    if (this.#watermark !== minWatermark) this.#fireUntil(this.#watermark);
    this.#watermark = maxWatermark;
    this.#isEnding = true;
    this.#timers = new TimerQueue();
    this.#states.scheduled.fill(never);
    for (let slot = 0; slot < this.#keys.slotCount; slot++) this.#schedule(slot);
    this.#fireUntil(maxWatermark);
    this.#toForget = [];
  }

  #tryForget(slot: number): void {
    const states = this.#states;
    if (!this.#canForget || states.isUnused(slot)) return;
    states.expiring[slot] = 0;
    const expiry = states.expiry[slot] as number;
    const next = this.#nextTimer(slot, states.asOf[slot] as number);
    const isBusy = (states.waiting[slot] as number) > 0 || this.#hasCleanUp(slot);
    if (expiry <= this.#watermark && next === never && !isBusy) {
      this.#forget(slot);
    } else if (expiry > this.#watermark || next < never) {
      states.expiring[slot] = 1;
      this.#timers.push(expiry > this.#watermark ? expiry : next, slot, expiryTimer);
    }
  }

  #hasCleanUp(slot: number): boolean {
    return this.#over.some((over) => over?.hasTimer(slot) ?? false);
  }

  #forget(slot: number): void {
    for (const window of this.#windows) window.clear(slot);
    for (const over of this.#over) over?.clear(slot);
    this.#uncounted.delete(slot);
    this.#states.forget(slot);
    this.#forgotten.push(slot);
  }

  /** After a batch: rows out, room back, slots without a key's state free again. */
  #settle(first: number): void {
    this.#builder.flush();
    const { length, slot: slots } = this.#store;
    for (let row = first; row < length; row++) this.#forgotten.push(slots[row] as number);
    for (const slot of this.#forgotten) if (this.#states.isUnused(slot)) this.#keys.free(slot);
    this.#forgotten = [];
    this.#waiting.compactStore();
  }

  #overRuleOf(node: WindowNode): OverLateness | null {
    if (this.#mode !== 'watermark') return null;
    if (node.kind === 'rollingRows') return new OverLateness(null);
    return node.kind === 'rolling' ? new OverLateness(node.sizeMs) : null;
  }

  #ensureSlots(): void {
    this.#states.ensureSlots(this.#keys.slotCount);
    for (const over of this.#over) over?.ensureSlots(this.#keys.slotCount);
    for (const window of this.#windows) window.ensureSlots(this.#keys.slotCount);
  }

  #failOverflow(row: number): void {
    const message = `feature "${this.#overflowed}": the sum does not fit its type`;
    const batch = this.#batch;
    if (batch !== null) this.#fail(batch, this.#store.batchRow[row] as number, message);
  }

  #fail(batch: Batch, row: number, message: string): void {
    this.#failedRecords += 1;
    this.#context.fail(
      {
        code: 'MR_DATA_OVERFLOW',
        category: 'processing_error',
        message,
        offset: batch.offsets[row] as number,
        bytes: Buffer.from(JSON.stringify(rowAsJson(batch, row))),
      },
      batch,
    );
  }
}

function judgeOf(windows: readonly ViewWindow[], index: number): WindowJudge {
  const window = windows.find((state) => state.windows.includes(index)) as ViewWindow;
  const local = window.windows.indexOf(index);
  return { window, local, isFirst: local === 0, isLifetime: window instanceof LifetimeState };
}
