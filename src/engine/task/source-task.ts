// One stream of a job: its splits and their watermarks; rows go to the stage of the views. Of bounded splits
// the one with the earliest rows goes first, and none goes before all have something: so a run over
// files is the same every time. Live splits take turns, the one furthest behind first.
import type { DecodedBatch } from '../../columns/batch.ts';
import type { Clock } from '../../kernel/clock.ts';
import { maxWatermark, minWatermark } from '../../kernel/instant.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { StreamNode } from '../../plan/plan.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { SourceSplit } from '../../ports/source.ts';
import type { Manifest, SourceState } from '../checkpoint/manifest.ts';
import { mustWait } from '../time/alignment.ts';
import { type SavedSplit, WatermarkCombiner } from '../time/watermark-combiner.ts';
import type { JobOutput } from '../job/job-output.ts';
import type { SourceProgress } from '../job/job-spec.ts';
import { RowStamper } from './row-stamper.ts';
import { inSavedOrder, type SavedWatermark, savedWatermark } from './source-state.ts';
import { SplitReader } from './split-reader.ts';
import type { ViewStage } from './view-stage.ts';

/** After this many turns of others a live split is served although it is not the furthest behind. */
const turnsMax = 8;

/** What a source tells the views of its stream. */
export type SourceViews = Pick<ViewStage, 'process' | 'advanceWatermark' | 'advanceIdleTime'>;

export interface SourceTaskOptions {
  readonly stream: StreamNode;
  /** Number of the stream in its job. */
  readonly index: number;
  readonly views: SourceViews;
  readonly splits: readonly SourceSplit[];
  readonly isBounded: boolean;
  readonly output: JobOutput;
  readonly clock: Clock;
  readonly batchRowCount: number;
  readonly onRead: () => void;
  /** What a checkpoint kept of this source; null for a job that begins. */
  readonly restored: SourceState | null;
  /** The end of all splits is not told to the views before `finish` is called. */
  readonly holdsEnd: boolean;
}

export class SourceTask {
  readonly stream: StreamNode;
  recordsIn = 0;
  isFinished = false;
  readonly #options: SourceTaskOptions;
  readonly #views: SourceViews;
  readonly #readers: SplitReader[];
  readonly #combiner: WatermarkCombiner;
  readonly #stamper: RowStamper;
  #turn = 0;
  /** The split that ended last, while the end is held; else −1. */
  #held = -1;
  #forwardedMs: number = minWatermark;
  #holder = -1;
  #heldSinceMs = 0;

  constructor(options: SourceTaskOptions) {
    const { stream, restored } = options;
    const saved = restored === null ? null : savedWatermark(restored.watermark, stream.name);
    const splits = inSavedOrder(options.splits, saved);
    const { outOfOrdernessMs } = stream.eventTime;
    this.stream = stream;
    this.#options = options;
    this.#views = options.views;
    this.#readers = splits.map((split, index) => this.#reader(split, index));
    this.#combiner = new WatermarkCombiner(splits.length, outOfOrdernessMs);
    this.#stamper = new RowStamper(stream);
    if (restored !== null && saved !== null) this.#restore(restored, saved);
  }

  #reader(split: SourceSplit, index: number): SplitReader {
    const { stream, onRead, clock } = this.#options;
    const { idleTimeoutMs } = stream.eventTime;
    return new SplitReader({ index, split, idleTimeoutMs, onRead, clock });
  }

  /** A split that appeared while others are read. */
  addSplit(split: SourceSplit): void {
    this.#readers.push(this.#reader(split, this.#readers.length));
    this.#combiner.add();
    this.#options.onRead();
  }

  #restore({ positions }: SourceState, saved: SavedWatermark): void {
    const known = new Map(saved.splits.map((split) => [split.split, split]));
    const states: SavedSplit[] = [];
    for (const reader of this.#readers) {
      const split = known.get(reader.id);
      reader.position = positions[reader.id] ?? reader.position;
      if (split === undefined) continue;
      reader.recordsIn = split.recordsIn;
      this.recordsIn += split.recordsIn;
      states.push(split);
    }
    this.#combiner.restore(saved.watermarkMs ?? minWatermark, states);
    this.#forwardedMs = this.#combiner.watermarkMs;
    this.isFinished = saved.isFinished;
  }

  /** What a checkpoint keeps: right when everything taken so far has gone to the views. */
  save(): SourceState {
    const positions: Record<string, JsonValue> = {};
    for (const { id, position } of this.#readers) {
      if (position !== undefined) positions[id] = position;
    }
    const watermarkMs = finite(this.#combiner.watermarkMs);
    const splits = this.#readers.map(({ id: split, recordsIn, index }) => ({
      split,
      recordsIn,
      ...this.#combiner.save(index),
    }));
    return { positions, watermark: { watermarkMs, isFinished: this.isFinished, splits } };
  }

  /** Splits are told what checkpoints still need of them. */
  retained(manifests: readonly Manifest[]): void {
    const known = manifests.map(({ sources }) => sources[this.stream.name]?.positions ?? {});
    for (const reader of this.#readers) {
      reader.retained(known.map((positions) => positions[reader.id]));
    }
  }

  /** Whether anything is left to read: null while that is not known. Before the first step. */
  get hasInput(): boolean | null {
    if (this.isFinished) return false;
    for (const { failure } of this.#readers) if (failure !== null) throw failure;
    if (this.#readers.some(({ ready }) => ready !== null && ready.kind !== 'end')) return true;
    return this.#readers.every(({ ready }) => ready?.kind === 'end') ? false : null;
  }

  /** All splits have ended; the views may not know it yet. */
  get isAtEnd(): boolean {
    return this.isFinished || this.#readers.every(({ isEnded }) => isEnded);
  }

  splitId(index: number): string {
    return this.#readers[index]?.id ?? '';
  }

  /** Asks every split that may be asked; one that had nothing only after a while. */
  requestReads(nowMs: number): void {
    for (const reader of this.#readers) {
      if (nowMs >= reader.retryAtMs) reader.request(this.#options.batchRowCount);
    }
  }

  /** Processes at most one batch, or what has ended; false when there was nothing to do. */
  step(): boolean {
    if (this.isFinished) return false;
    let isChanged = false;
    for (const reader of this.#readers) {
      if (reader.failure !== null) throw reader.failure;
      if (reader.ready?.kind === 'end') {
        this.#end(reader);
        isChanged = true;
      } else if (reader.ready?.kind === 'empty') {
        reader.hadNothing(this.#options.clock.monotonicMs());
      }
    }
    const next = this.#choose();
    if (next !== null) this.#process(next);
    if (this.#combiner.isEnded && this.#readers.every(isOver)) this.finish();
    else this.forwardWatermark();
    return isChanged || next !== null;
  }

  /** Hands on the combined watermark to the views, if it has grown. */
  forwardWatermark(): void {
    const { watermarkMs } = this.#combiner;
    if (watermarkMs <= this.#forwardedMs) return;
    this.#forwardedMs = watermarkMs;
    this.#views.advanceWatermark(this.#options.index, watermarkMs);
  }

  /** Time passed in which splits could have been read: those that had nothing may become idle. */
  passTime(ms: number): void {
    for (const reader of this.#readers) {
      const couldRead = reader.ready === null && !reader.isEnded;
      if (!couldRead || (this.#options.isBounded && !reader.isEmpty)) continue;
      reader.idleTimer.pass(ms);
      if (reader.idleTimer.isIdle) this.#combiner.markIdle(reader.index);
    }
    this.forwardWatermark();
  }

  /** When the first split that had nothing may be asked again; +∞ when there is none. */
  get retryAtMs(): number {
    return this.#readers
      .filter((reader) => reader.isEmpty && reader.isUnasked)
      .reduce((least, reader) => Math.min(least, reader.retryAtMs), Infinity);
  }

  get isAllIdle(): boolean {
    return this.#combiner.isAllIdle;
  }

  /** Lets values shrink by the clock while nothing comes: up to now − outOfOrderness. */
  advanceIdleTime(nowMs: number): void {
    const untilMs = nowMs - this.stream.eventTime.outOfOrdernessMs;
    this.#views.advanceIdleTime(this.#options.index, untilMs);
  }

  /** When a split would become idle if nothing came: +∞ when none would. */
  get idleDeadlineMs(): number {
    return this.#readers
      .filter(({ index, isEnded }) => !isEnded && this.#combiner.stateOf(index) !== 'idle')
      .reduce((least, { idleTimer }) => Math.min(least, idleTimer.remainingMs), Infinity);
  }

  #choose(): SplitReader | null {
    const { isBounded } = this.#options;
    let chosen: SplitReader | null = null;
    let isWaiting = false;
    for (const reader of this.#readers) {
      if (reader.isEnded) continue;
      if (reader.ready === null) isWaiting ||= isBounded && !reader.isEmpty;
      else if (this.#mayGo(reader) && this.#goesBefore(reader, chosen)) chosen = reader;
    }
    return isWaiting ? null : chosen;
  }

  #mayGo(reader: SplitReader): boolean {
    const { maxDriftMs } = this.stream.eventTime;
    if (maxDriftMs === null) return true;
    const splits = this.#readers.map(({ index }) => ({
      watermarkMs: this.#combiner.watermarkOf(index),
      isCounted: ['active', 'returning'].includes(this.#combiner.stateOf(index)),
    }));
    reader.isWaiting = mustWait(this.#combiner.watermarkOf(reader.index), splits, maxDriftMs);
    return !reader.isWaiting;
  }

  #goesBefore(reader: SplitReader, other: SplitReader | null): boolean {
    if (other === null) return true;
    if (this.#options.isBounded) return this.#firstMs(reader) < this.#firstMs(other);
    const isOverdue = this.#turn - reader.servedAt > turnsMax;
    const isOtherOverdue = this.#turn - other.servedAt > turnsMax;
    if (isOverdue || isOtherOverdue) return reader.servedAt < other.servedAt;
    return this.#combiner.watermarkOf(reader.index) < this.#combiner.watermarkOf(other.index);
  }

  /** The earliest event time of the batch that is ready. */
  #firstMs(reader: SplitReader): number {
    if (reader.ready?.kind !== 'rows') return maxWatermark;
    if (reader.readyFirstMs === null) {
      reader.readyFirstMs = this.#earliest(reader.ready.batch);
      this.#raiseFloor(reader, reader.readyFirstMs);
    }
    return reader.readyFirstMs;
  }

  /**
   * A split of bounded input that has given no rows yet does not hold the watermark below its first
   * batch: rows older than that batch less the bound would be late behind it anyway.
   */
  #raiseFloor(reader: SplitReader, firstMs: number): void {
    if (this.#combiner.watermarkOf(reader.index) !== minWatermark) return;
    if (firstMs === maxWatermark) return;
    this.#combiner.raiseFloor(reader.index, firstMs - this.stream.eventTime.outOfOrdernessMs);
  }

  #earliest(batch: DecodedBatch): number {
    const { values, nulls } = this.#stamper.eventTimesOf(batch);
    let least: number = maxWatermark;
    for (let row = 0; row < batch.rowCount; row++) {
      if (nulls[row] === 0 && (values[row] as number) < least) least = values[row] as number;
    }
    return least;
  }

  #process(reader: SplitReader): void {
    const read = reader.ready;
    if (read?.kind !== 'rows') return;
    const { stream, batchRowCount } = this.#options;
    const untimely: RecordError[] = [];
    const arrivalMs = reader.readyAtMs;
    const admitted = this.#stamper.admit(read.batch, arrivalMs, untimely);
    const refused = untimely.map((error) => reader.withOrigin(error));
    const errors = [...read.errors, ...refused];
    this.#count(reader, read.batch.rowCount + read.errors.length);
    for (const error of errors) {
      const place = { stream: stream.name, split: reader.id, operatorUid: stream.uid };
      this.#options.output.refuse(error, place);
    }
    const failures = { rows: read.batch, unread: read.errors, refused };
    this.#options.output.breaker?.readBatch(stream.name, failures);
    if (admitted.rowCount > 0) {
      reader.offset = admitted.offsets[admitted.rowCount - 1] ?? null;
      this.#endHeld(reader);
      const batch = this.#stamper.stamp(admitted, reader.index, arrivalMs, this.#combiner);
      this.#views.process(this.#options.index, batch);
    }
    reader.position = read.position;
    reader.taken(this.#turn++);
    reader.request(batchRowCount);
  }

  #count(reader: SplitReader, records: number): void {
    reader.recordsIn += records;
    this.recordsIn += records;
  }

  #end(reader: SplitReader): void {
    if (reader.ready?.kind === 'end') reader.position = reader.ready.position ?? reader.position;
    reader.ready = null;
    reader.isEnded = true;
    const { index } = reader;
    if (this.#options.holdsEnd && this.#combiner.isLast(index)) this.#held = index;
    else this.#combiner.markEnded(index);
  }

  /** A split that ended in an earlier run goes on, after the last of the others was held. */
  #endHeld({ index }: SplitReader): void {
    if (this.#held < 0) return;
    this.#combiner.markActive(index);
    this.#combiner.markEnded(this.#held);
    this.#held = -1;
  }

  /**
   * The end of the input: everything fires. Before that the watermark reaches what the furthest split
   * knew, so that it does not matter which of them was the last to end.
   */
  finish(): void {
    if (this.isFinished) return;
    this.isFinished = true;
    const lastMs = this.#combiner.greatestMs - this.stream.eventTime.outOfOrdernessMs;
    if (lastMs > this.#forwardedMs) this.#views.advanceWatermark(this.#options.index, lastMs);
    this.#views.advanceWatermark(this.#options.index, maxWatermark);
  }

  progress(): SourceProgress {
    const { clock } = this.#options;
    const watermarkMs = finite(this.#forwardedMs);
    const { holder } = this.#combiner;
    if (holder !== this.#holder) {
      this.#holder = holder;
      this.#heldSinceMs = clock.nowMs();
    }
    const held = this.#readers[holder];
    return {
      stream: this.stream.name,
      recordsIn: this.recordsIn,
      watermarkMs,
      watermarkLagMs: watermarkMs === null ? null : clock.nowMs() - watermarkMs,
      holder: held === undefined ? null : { split: held.id, sinceMs: this.#heldSinceMs },
      splits: this.#readers.map((reader) => ({
        split: reader.id,
        state: this.#combiner.stateOf(reader.index),
        recordsIn: reader.recordsIn,
        watermarkMs: finite(this.#combiner.watermarkOf(reader.index)),
        offset: reader.offset,
        isWaiting: reader.isWaiting,
      })),
    };
  }

  async close(): Promise<unknown> {
    const closed = await Promise.allSettled(this.#readers.map((reader) => reader.close()));
    return closed.find((result) => result.status === 'rejected')?.reason ?? null;
  }
}

function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}

function isOver({ isEnded }: SplitReader): boolean {
  return isEnded;
}
