// The snapshot of a stage whose subtasks run elsewhere: the barrier on its way, what is done once
// all output before it is out, and the parts that subtasks send. Knows nothing of threads or rings.
// One at a time; what still comes of one that was given up is ignored.
import type { SubtaskSnapshot } from '../checkpoint/subtask-snapshot.ts';
import { BarrierAligner } from './barrier-aligner.ts';

export interface StageSnapshotOptions {
  readonly subtaskCount: number;
  /** Output that was held back may be read. */
  readonly onResume: () => void;
  /** A snapshot was given up: subtasks may stop writing. */
  readonly onAbort: () => void;
}

interface UnderWay {
  readonly id: number;
  readonly aligned: () => Promise<void>;
  readonly parts: Map<number, SubtaskSnapshot>;
  readonly resolve: (parts: readonly SubtaskSnapshot[]) => void;
  readonly reject: (error: unknown) => void;
  isAligned: boolean;
}

export class StageSnapshot {
  readonly #options: StageSnapshotOptions;
  readonly #aligner: BarrierAligner;
  #underWay: UnderWay | null = null;

  constructor(options: StageSnapshotOptions) {
    this.#options = options;
    this.#aligner = new BarrierAligner(options.subtaskCount);
  }

  /** The barrier was sent: resolves with the parts of all subtasks, in their order. */
  begin(id: number, aligned: () => Promise<void>): Promise<readonly SubtaskSnapshot[]> {
    if (this.#underWay !== null) throw new Error('a snapshot is under way already');
    this.#aligner.begin(id);
    return new Promise((resolve, reject) => {
      this.#underWay = { id, aligned, parts: new Map(), resolve, reject, isAligned: false };
    });
  }

  /** Whether a subtask's output may be read now. */
  mayRead(subtask: number): boolean {
    return this.#aligner.mayRead(subtask);
  }

  /** A subtask's output reached the marker of a barrier. */
  markerSeen(subtask: number, id: number): void {
    const underWay = this.#underWay;
    if (underWay === null || !this.#aligner.markerSeen(subtask, id)) return;
    underWay.aligned().then(
      () => {
        if (this.#underWay !== underWay) return;
        underWay.isAligned = true;
        this.#aligner.resume();
        this.#options.onResume();
        this.#settle(underWay);
      },
      (error: unknown) => {
        if (this.#underWay === underWay) this.abort(error);
      },
    );
  }

  /** A subtask has written its state. */
  written(subtask: number, id: number, snapshot: SubtaskSnapshot): void {
    const underWay = this.#underWay;
    if (underWay?.id !== id) return;
    underWay.parts.set(subtask, snapshot);
    this.#settle(underWay);
  }

  /** A subtask could not write its state. */
  failed(id: number, error: unknown): void {
    if (this.#underWay?.id === id) this.abort(error);
  }

  /** Gives up the snapshot under way, if there is one. */
  abort(error: unknown): void {
    const underWay = this.#underWay;
    if (underWay === null) return;
    this.#underWay = null;
    this.#aligner.resume();
    this.#options.onAbort();
    this.#options.onResume();
    underWay.reject(error);
  }

  #settle(underWay: UnderWay): void {
    const { subtaskCount } = this.#options;
    if (!underWay.isAligned || underWay.parts.size < subtaskCount) return;
    this.#underWay = null;
    const parts = Array.from({ length: subtaskCount }, (_, i) => underWay.parts.get(i));
    underWay.resolve(parts as SubtaskSnapshot[]);
  }
}
