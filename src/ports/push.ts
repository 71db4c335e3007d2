// Records that come by request instead of from a broker. Whoever takes them answers only when they
// cannot be lost any more.
import type { Clock } from '../kernel/clock.ts';

export interface PushContext {
  readonly stream: string;
  /** Relative paths are relative to this directory. */
  readonly baseDirectory: string;
  readonly clock: Clock;
}

/** One record, as the stream's format would have it. */
export interface PushedRecord {
  /** An object of JSON, without line breaks. */
  readonly json: Uint8Array;
  /** Records of equal keys stay in order; null when there is no key. */
  readonly key: Uint8Array | null;
  readonly eventTimeMs: number;
}

/** Takes records of one stream for whoever reads it, in this process or another. */
export interface PushWriter {
  /**
   * Resolves when the records will survive a crash of this process and of the machine. When it
   * rejects they may still turn out to be there. Throws MR_PUSH_FULL, MR_PUSH_LOG, or what the broker
   * says.
   */
  append(records: readonly PushedRecord[]): Promise<void>;
  close(): Promise<void>;
}
