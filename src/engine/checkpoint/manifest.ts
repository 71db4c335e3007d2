// What a checkpoint is: one manifest that names the files of the state and says where every source
// goes on and what every sink had prepared. It is written last, so a checkpoint whose manifest
// exists is complete. Its JSON names nothing of a particular engine.
import type { JsonValue } from '../../kernel/json-value.ts';
import type { SourcePositions } from '../../ports/epoch-sink.ts';
import type { SubtaskSnapshot } from './subtask-snapshot.ts';

/** Number of the format of manifests; greater ones are refused with MR_CHECKPOINT_VERSION. */
export const manifestFormat = 1;

/** A complete checkpoint. */
export interface Manifest extends ManifestDraft {
  readonly job: string;
  readonly createdAtMs: number;
  /** Of the lease under which it was written: grows with every process that takes the job over. */
  readonly generation: number;
}

/** What the coordinator knows of a checkpoint; the store adds the rest. */
export interface ManifestDraft {
  /** Grows with every attempt of a job, also over restarts. */
  readonly id: number;
  readonly plan: { readonly fingerprint: string; readonly json: JsonValue };
  readonly parallelism: number;
  /** By stream. */
  readonly sources: Readonly<Record<string, SourceState>>;
  readonly subtasks: readonly SubtaskSnapshot[];
  /** What each sink answered when it prepared, by its name. */
  readonly sinks: Readonly<Record<string, JsonValue>>;
  /** Totals since the job first began: records in, rows out, late, dead letters. */
  readonly counters: Readonly<Record<string, number>>;
  /** The mark that the online store must show, or null without one. */
  readonly storeEpoch: string | null;
  /** Present when all input had ended and everything had fired, which the state does not know yet. */
  readonly ended?: EndedInput;
}

/** The checkpoint right before the end, with the same state: whoever has more input goes on from there. */
export interface EndedInput {
  readonly id: number;
  readonly sinks: Readonly<Record<string, JsonValue>>;
  readonly counters: Readonly<Record<string, number>>;
}

export interface SourceState {
  /** Where to go on, by split; what it means is the source's. */
  readonly positions: Readonly<Record<string, JsonValue>>;
  /** State of the stream's watermark, as its combiner gave it. */
  readonly watermark: JsonValue;
}

/** Where the sources of a checkpoint go on, as sinks are told. */
export function positionsOf(sources: Manifest['sources']): SourcePositions {
  const positions = Object.entries(sources).map(([stream, state]) => [stream, state.positions]);
  return Object.fromEntries(positions) as SourcePositions;
}
