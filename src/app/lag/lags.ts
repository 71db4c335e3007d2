// Lag of consumer groups, for programs.
import type { LagReport } from '../../observe/lag.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { type LagOptions, readLag, watchLag } from './lag-monitor.ts';

/** How far consumer groups are behind. Looking changes nothing and joins no group. */
export interface Lags {
  /** One report for each group, with the trend between two looks. */
  read(options?: LagOptions): Promise<readonly LagReport[]>;
  /** Report after report, until the signal aborts. */
  watch(options?: LagOptions): AsyncGenerator<readonly LagReport[]>;
}

export function lagsOf(project: ResolvedProject): Lags {
  return {
    read: (options = {}) => readLag(project, options),
    watch: (options = {}) => watchLag(project, options),
  };
}
