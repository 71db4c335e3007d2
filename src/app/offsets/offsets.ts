// Offsets of consumer groups, for programs.
import type { ResolvedProject } from '../config/resolve-project.ts';
import { type ResetOptions, type ResetResult, resetOffsets } from './reset-offsets.ts';

/** Offsets that consumer groups have committed. */
export interface Offsets {
  /**
   * Moves a group's offsets, or says how it would (`execute` is false by default).
   * Errors: MR_GROUP_ACTIVE while somebody reads; MR_KAFKA_TOPIC_UNKNOWN.
   */
  reset(options: ResetOptions): Promise<ResetResult>;
}

export function offsetsOf(project: ResolvedProject): Offsets {
  return { reset: (options) => resetOffsets(project, options) };
}
