// How a sink takes part in checkpoints, so that what it holds is exactly what the checkpointed state
// has given. An epoch is what was written between two barriers. Calls come one at a time; writes go
// on between them, and those after the call of `prepare` belong to the next epoch.
import type { JsonValue } from '../kernel/json-value.ts';

/** The part of a sink that takes part in checkpoints. */
export interface EpochSink {
  /** Its name in manifests; no other sink of the job has it. */
  readonly name: string;
  /**
   * Everything written before the call becomes durable, but counts only with `commit`. Resolves with
   * what `recover` needs: it covers all that was prepared and not committed, also of earlier ids.
   */
  prepare(id: number, positions: SourcePositions): Promise<JsonValue>;
  /** The checkpoint is complete: everything prepared up to it counts now. May be called again. */
  commit(id: number): Promise<void>;
  /**
   * Before anything is written, also after a failure while the sink stays open: finishes what belongs
   * to the restored checkpoint and drops what came after it. Null: the job begins anew.
   */
  recover(restored: RestoredEpoch | null): Promise<void>;
  /** Present when this sink alone decides which checkpoint counts. One sink of a job at most. */
  readonly authority?: EpochAuthority;
}

/** Where each split of each stream goes on after an epoch: by stream, then by split. */
export type SourcePositions = Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;

/**
 * A sink whose output cannot be taken back once it counts, nor be made to count after a crash: the
 * checkpoint that it committed last is restored, although a newer one may be complete. It commits
 * before all others.
 */
export interface EpochAuthority {
  /** Shuts out processes that may still write for this job, then says what its output ends with. */
  committed(): Promise<CommittedEpoch>;
  /** Whether its output had ended with a checkpoint already when `prepare` answered this. */
  hadCommitted(state: JsonValue): boolean;
}

/** The checkpoint that an output ends with. */
export interface CommittedEpoch {
  /** 0: the job had begun anew; null: there is none, or it is not known any more. */
  readonly id: number | null;
  /** Why it is not known any more. */
  readonly problem?: string;
}

export interface RestoredEpoch {
  readonly id: number;
  /** What `prepare` said, or null when the sink was not there at that checkpoint. */
  readonly state: JsonValue;
  /** Where its sources go on. */
  readonly positions: SourcePositions;
}
