// What one subtask says of its state at a barrier: which files hold it. Files are named once and
// never changed afterwards, so that checkpoints can have them in common.
import type { KeyGroupRange } from '../../kernel/key-group.ts';
import type { ViewStateSchema } from '../state/residence.ts';

/** The state of one subtask at one barrier. */
export interface SubtaskSnapshot {
  readonly subtask: number;
  readonly keyGroups: KeyGroupRange;
  /** Every segment that holds a part of the state, also of earlier snapshots. */
  readonly segments: readonly SegmentInfo[];
  /** Names of the segments that no earlier snapshot had. */
  readonly added: readonly string[];
  /** What is not kept by key: watermark, counters, waiting rows. Always a new file. */
  readonly head: { readonly name: string; readonly bytes: number };
  readonly views: readonly ViewSnapshot[];
}

export interface SegmentInfo {
  readonly name: string;
  readonly bytes: number;
  /** Bytes of it that still count. */
  readonly liveBytes: number;
}

export interface ViewSnapshot {
  readonly uid: string;
  readonly schema: ViewStateSchema;
  /** Number of keys. */
  readonly entries: number;
}
