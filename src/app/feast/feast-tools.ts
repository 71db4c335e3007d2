// What an App offers to people who come from Feast.
import type { ResolvedProject } from '../config/resolve-project.ts';
import { exportFeast, type FeastExport, type FeastExportOptions } from './export-feast.ts';

export interface FeastTools {
  /** Writes a repository that a stock Feast SDK opens. */
  export(options: FeastExportOptions): Promise<FeastExport>;
}

export function feastToolsOf(project: ResolvedProject): FeastTools {
  return { export: (options) => exportFeast(project, options) };
}
