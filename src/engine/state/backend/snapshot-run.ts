// A snapshot on its way: from the flip to the files that hold it. In slices: segments of before the
// flip are sealed, pending slots are written, then what counts is listed. Records replaced meanwhile
// die only after that, so that the lists say what was true at the flip.
import type { SubtaskSnapshot, ViewSnapshot } from '../../checkpoint/subtask-snapshot.ts';
import type { KeyGroupRange } from '../../../kernel/key-group.ts';
import { beginHeads, SnapshotHeadWriter } from './snapshot-head.ts';
import type { SegmentLog } from './segment-log.ts';
import type { Segment } from './segment.ts';
import type { ViewBackend } from './view-backend.ts';

const sliceImages = 512;
const sliceBytes = 512 * 1024;
const sliceDeaths = 50_000;
/** Slots looked at in one slice. */
const sliceSlots = 1 << 20;

export interface SnapshotRunOptions {
  readonly log: SegmentLog;
  readonly views: readonly ViewBackend[];
  readonly subtask: number;
  readonly keyGroups: KeyGroupRange;
}

type Phase = 'pending' | 'seal' | 'head' | 'done';

export class SnapshotRun {
  readonly #options: SnapshotRunOptions;
  readonly #epoch: number;
  readonly #heads: Uint8Array;
  readonly #views: readonly ViewSnapshot[];
  /** Slots above were not used at the flip. */
  readonly #slotCounts: readonly number[];
  #phase: Phase = 'pending';
  #view = 0;
  #slot = 0;
  #head: SnapshotHeadWriter | null = null;
  #segments: readonly Segment[] = [];

  /** The flip: after it the views go on. */
  constructor(options: SnapshotRunOptions) {
    const { log, views } = options;
    this.#options = options;
    this.#epoch = log.epoch;
    const writer = beginHeads(views.length);
    for (const { uid, images } of views) {
      writer.string(uid);
      const section = writer.beginSection();
      images.writeHead(writer);
      writer.endSection(section);
    }
    this.#heads = writer.data.subarray(0, writer.length);
    this.#views = views.map(({ uid, images, entries }) => {
      return { uid, schema: images.schema, entries };
    });
    this.#slotCounts = views.map(({ images }) => images.slotCount);
    log.flip();
    for (const { slots } of views) slots.flip();
  }

  /** One slice; true when the snapshot is complete. */
  step(): boolean {
    const { log } = this.#options;
    switch (this.#phase) {
      case 'pending':
        if (!log.sealNext(this.#epoch) && this.#writePending()) {
          log.endOld();
          this.#phase = 'seal';
        }
        return false;
      case 'seal':
        if (!log.sealNext(this.#epoch)) this.#beginHead();
        return false;
      case 'head':
        if ((this.#head as SnapshotHeadWriter).step()) {
          log.endDeferring();
          this.#phase = 'done';
        }
        return false;
      case 'done':
        return !log.applyDeaths(sliceDeaths);
    }
  }

  /** What the complete snapshot consists of. */
  result(): SubtaskSnapshot {
    const { subtask, keyGroups } = this.#options;
    const added = this.#segments.filter(({ isListed }) => !isListed).map(({ name }) => name);
    for (const segment of this.#segments) segment.isListed = true;
    const { name, bytes } = this.#head as SnapshotHeadWriter;
    return {
      subtask,
      keyGroups,
      segments: this.#segments.map(({ name, fileBytes, liveBytes }) => {
        return { name, bytes: fileBytes, liveBytes };
      }),
      added,
      head: { name, bytes },
      views: this.#views,
    };
  }

  /** Gives the snapshot up: what was pending is dirty again. What was written stays of use. */
  abort(): void {
    const { log, views } = this.#options;
    this.#head?.remove();
    for (const [i, { slots }] of views.entries()) {
      const end = this.#slotCounts[i] as number;
      for (let slot = slots.nextPending(0, end); slot < end; ) {
        slots.pendingToDirty(slot);
        slot = slots.nextPending(slot + 1, end);
      }
    }
    log.endOld();
    log.endDeferring();
    while (log.applyDeaths(sliceDeaths));
  }

  /** Writes some pending slots; true when there are no more. */
  #writePending(): boolean {
    const { views } = this.#options;
    let images = 0;
    let seen = 0;
    const start = this.#options.log.writtenBytes;
    while (this.#view < views.length) {
      const view = views[this.#view] as ViewBackend;
      const { slots } = view;
      if (slots.pendingCount === 0) {
        this.#view += 1;
        this.#slot = 0;
        continue;
      }
      const end = this.#slotCounts[this.#view] as number;
      const limit = Math.min(end, this.#slot + sliceSlots - seen);
      const slot = slots.nextPending(this.#slot, limit);
      seen += slot - this.#slot;
      this.#slot = slot;
      if (slot < limit) {
        view.write(slot, true);
        this.#slot = slot + 1;
        images += 1;
      } else if (slot >= end) throw new Error('a pending slot was lost');
      const written = this.#options.log.writtenBytes - start;
      if (images >= sliceImages || written >= sliceBytes || seen >= sliceSlots) return false;
    }
    return true;
  }

  #beginHead(): void {
    const { log } = this.#options;
    this.#segments = log.upTo(this.#epoch);
    const parts = { heads: this.#heads, segments: this.#segments };
    this.#head = new SnapshotHeadWriter(log.files, log.nextName('head'), parts);
    this.#phase = 'head';
  }
}
