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
  prepare(id: number): Promise<JsonValue>;
  /** The checkpoint is complete: everything prepared up to it counts now. May be called again. */
  commit(id: number): Promise<void>;
  /**
   * Before anything is written, also after a failure while the sink stays open: finishes what belongs
   * to the restored checkpoint and drops what came after it. Null: the job begins anew.
   */
  recover(restored: RestoredEpoch | null): Promise<void>;
}

export interface RestoredEpoch {
  readonly id: number;
  /** What `prepare` said, or null when the sink was not there at that checkpoint. */
  readonly state: JsonValue;
}
