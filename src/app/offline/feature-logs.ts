// The feature log of an environment, for programs.
import type { ResolvedProject } from '../config/resolve-project.ts';
import {
  type CompactLogOptions,
  type CompactLogResult,
  compactProjectLog,
} from './compact-project.ts';

/** Upkeep of the feature log of an environment. */
export interface FeatureLogs {
  /**
   * Makes few files of many, day by day, also while the job runs. **Guarantee**: `train` and all else
   * that reads the log here sees each row once, whenever it looks; a kill at any point loses nothing.
   * **Errors**: MR_CONFIG_INVALID without a feature log, MR_LOG_IN_USE while another one runs.
   */
  compact(options?: CompactLogOptions): Promise<CompactLogResult>;
}

export function featureLogsOf(project: ResolvedProject): FeatureLogs {
  return { compact: (options = {}) => compactProjectLog(project, options) };
}
