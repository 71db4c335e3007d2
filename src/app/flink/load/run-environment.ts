// A run of an environment: the engine computes it in this process, or loads what Flink computes.
import type { JobSummary } from '../../../engine/job/job-spec.ts';
import type { MetricsRegistry } from '../../../kernel/metrics/metrics-registry.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import type { OnlineStores } from '../../online-stores.ts';
import { type RunOptions, runProject } from '../../run-project.ts';
import { isFlinkBinding } from '../flink-binding.ts';
import { loaderProject } from './loader-project.ts';

/** One run at a time; resolves when it has ended. */
export function runEnvironment(
  project: ResolvedProject,
  stores: OnlineStores,
  options: RunOptions,
  metrics: MetricsRegistry,
): Promise<JobSummary> {
  if (!isFlinkBinding(project.environment.engine)) {
    return runProject(project, stores, options, { metrics });
  }
  const { project: loader, through } = loaderProject(project);
  return runProject(loader, stores, options, { metrics, through });
}
