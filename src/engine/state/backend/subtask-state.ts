// The state backend of one subtask: all keys of all its views, in memory or beyond it, and the
// snapshots of them. Everything is synchronous and happens between the operators' steps; what takes
// long (writing a snapshot, compaction) is done in slices of about a millisecond by `work`.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { KeyGroupRange } from '../../../kernel/key-group.ts';
import type { StateFiles } from '../../../ports/state-files.ts';
import type { SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts';
import type { KeyImages, Residence } from '../residence.ts';
import { ColdKeys } from './cold-keys.ts';
import { Compaction } from './compaction.ts';
import { Eviction } from './eviction.ts';
import { restoreParts, type Translations } from './restore.ts';
import { SegmentLog } from './segment-log.ts';
import { SnapshotRun } from './snapshot-run.ts';
import { ViewBackend } from './view-backend.ts';

const segmentBytesDefault = 16 * 1024 * 1024;
export const memoryBytesMin: number = 4 * 1024 * 1024;
const viewsMax = 255;

export interface SubtaskStateOptions {
  readonly files: StateFiles;
  readonly subtask: number;
  readonly keyGroups: KeyGroupRange;
  /** Budget for keys in memory and what is needed to find the others; null: all keys stay in memory. */
  readonly memoryBytesMax: number | null;
  /** Begins the name of every file; no other subtask and no earlier run of the job may have used it. */
  readonly filePrefix: string;
  /** A segment is closed when it is as large; default 16 MiB. */
  readonly segmentBytes?: number;
  /** The least budget that is accepted; default 4 MiB. */
  readonly memoryBytesMin?: number;
}

/** Sizes, for metrics. */
export interface SubtaskStateStats {
  /** Keys, in memory or not. */
  readonly entries: number;
  readonly residentEntries: number;
  /** Bytes of the keys in memory. */
  readonly residentBytes: number;
  /** Memory for finding stored keys, for timers of stored keys, for marks, and buffers. */
  readonly overheadBytes: number;
  readonly segments: number;
  readonly segmentBytes: number;
  /** Bytes in segments that still count. */
  readonly liveBytes: number;
  readonly dirtyEntries: number;
  readonly evictedKeys: number;
  readonly compactedSegments: number;
}

/** State of a subtask. Errors: MR_STATE_*, MR_CONFIG_STATE_MEMORY. */
export class SubtaskState {
  readonly #options: SubtaskStateOptions;
  readonly #views: ViewBackend[] = [];
  readonly #log: SegmentLog;
  readonly #compaction: Compaction;
  readonly #eviction: Eviction | null;
  #run: SnapshotRun | null = null;
  #isComplete = false;
  /** Why the snapshot that was on its way had to be given up. */
  #failure: MillraceError | null = null;
  /** The disk was full between snapshots: no sealing, no compaction until something changes. */
  #isTidyOff = false;

  constructor(options: SubtaskStateOptions) {
    const { files, filePrefix, memoryBytesMax } = options;
    this.#options = options;
    checkBudget(memoryBytesMax, options.memoryBytesMin ?? memoryBytesMin);
    const views = this.#views;
    const segmentBytes = options.segmentBytes ?? segmentBytesDefault;
    this.#log = new SegmentLog({
      files,
      prefix: filePrefix,
      segmentBytes,
      views: () => views.map(({ uid, images }) => ({ uid, schema: images.schema })),
    });
    this.#compaction = new Compaction({ log: this.#log, views, segmentBytes });
    this.#eviction =
      memoryBytesMax === null
        ? null
        : new Eviction(views, memoryBytesMax, () => this.#overheadBytes());
  }

  /** Makes room for a view's state. All views are registered before anything else happens. */
  register(viewUid: string, images: KeyImages): Residence {
    const number = this.#views.length;
    if (number === viewsMax) throw new Error(`more than ${viewsMax} views in a subtask`);
    const view = new ViewBackend({
      uid: viewUid,
      number,
      images,
      log: this.#log,
      cold: this.#eviction === null ? null : new ColdKeys(),
      onSettle: () => this.#settle(),
      onSnapshotError: (error) => this.#failSnapshot(error),
    });
    this.#views.push(view);
    return view;
  }

  /**
   * Takes over snapshots of any number of subtasks, as far as their keys belong here. State of views
   * whose definition has changed goes through the view's translation, by uid.
   */
  restore(parts: readonly SubtaskSnapshot[], translations: Translations = new Map()): void {
    const { keyGroups } = this.#options;
    restoreParts(parts, { log: this.#log, views: this.#views, keyGroups, translations });
    this.#settle();
  }

  /**
   * The state of this instant is to be kept for checkpoint `id`; the operators go on at once, and
   * `work` writes it. Only when no other snapshot is on its way.
   */
  beginSnapshot(id: number): void {
    if (this.#run !== null) throw new Error(`snapshot ${id} begins before another has ended`);
    const { subtask, keyGroups } = this.#options;
    this.#isTidyOff = false;
    this.#isComplete = false;
    this.#run = new SnapshotRun({ log: this.#log, views: this.#views, subtask, keyGroups });
  }

  /** Gives up the snapshot that is on its way or complete and not taken. */
  abortSnapshot(): void {
    this.#run?.abort();
    this.#run = null;
    this.#isComplete = false;
    this.#failure = null;
  }

  /**
   * A slice of background work, or all that the snapshot needs: true when no snapshot is on its way
   * (any more). Throws when the snapshot cannot be written: give it up then (`abortSnapshot`), or try
   * again. Nothing is lost either way.
   */
  work(untilDone: boolean): boolean {
    if (this.#failure !== null) {
      const failure = this.#failure;
      this.#failure = null;
      throw failure;
    }
    if (this.#run === null || this.#isComplete) {
      this.#tidy();
      return true;
    }
    do {
      this.#isComplete = this.#run.step();
    } while (untilDone && !this.#isComplete);
    return this.#isComplete;
  }

  /** Whether `work` has anything to do. */
  get hasWork(): boolean {
    if (this.#failure !== null) return true;
    if (this.#run !== null) return !this.#isComplete;
    return !this.#isTidyOff && (this.#log.hasUnsealed || this.#compaction.hasWork);
  }

  /** The complete snapshot, once; null when there is none. */
  takeSnapshot(): SubtaskSnapshot | null {
    if (this.#run === null || !this.#isComplete) return null;
    const result = this.#run.result();
    this.#run = null;
    this.#isComplete = false;
    this.#log.dropDead();
    return result;
  }

  /** Removes local files (segments, heads) that no checkpoint needs any more; those in use stay. */
  release(names: readonly string[]): void {
    const used = new Set(this.#log.present().map(({ name }) => name));
    for (const name of names) if (!used.has(name)) this.#options.files.remove(name);
    this.#isTidyOff = false;
  }

  /** Keys of a view, in memory or not. */
  entriesOf(viewUid: string): number {
    return this.#views.find(({ uid }) => uid === viewUid)?.entries ?? 0;
  }

  stats(): SubtaskStateStats {
    const sum = (of: (view: ViewBackend) => number): number =>
      this.#views.reduce((total, view) => total + of(view), 0);
    const { fileBytes, liveBytes } = this.#log.sizes();
    return {
      entries: sum(({ entries }) => entries),
      residentEntries: sum(({ images }) => images.size),
      residentBytes: sum(({ images }) => images.liveBytes),
      overheadBytes: this.#overheadBytes(),
      segments: this.#log.present().length,
      segmentBytes: fileBytes,
      liveBytes,
      dirtyEntries: sum(({ slots }) => slots.dirtyCount + slots.pendingCount),
      evictedKeys: this.#eviction?.evictedKeys ?? 0,
      compactedSegments: this.#compaction.compactedSegments,
    };
  }

  /** Closes all files. */
  close(): void {
    this.#log.close();
  }

  /** An operator could not wait: the snapshot is given up, and `work` says why. */
  #failSnapshot(error: unknown): void {
    if (!isDiskFull(error)) throw error;
    this.abortSnapshot();
    this.#failure = error;
  }

  #settle(): void {
    this.#eviction?.run();
  }

  /** Work between snapshots; what a full disk prevents can wait. */
  #tidy(): void {
    if (this.#isComplete || this.#isTidyOff) return;
    try {
      if (!this.#log.sealNext(this.#log.epoch)) this.#compaction.step();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.#isTidyOff = true;
    }
  }

  #overheadBytes(): number {
    let bytes = this.#log.byteLength;
    for (const view of this.#views) bytes += view.byteLength;
    return bytes;
  }
}

function isDiskFull(error: unknown): error is MillraceError {
  return error instanceof MillraceError && error.code === 'MR_STATE_DISK_FULL';
}

function checkBudget(bytesMax: number | null, bytesMin: number): void {
  if (bytesMax === null || bytesMax >= bytesMin) return;
  throw new MillraceError(
    'MR_CONFIG_STATE_MEMORY',
    `a memory budget of ${bytesMax} bytes for the state of a subtask is too small`,
    { fix: `give each subtask ${bytesMin} bytes or more` },
  );
}
