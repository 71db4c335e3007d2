// A run of an environment: the engine computes it in this process, or loads what Flink computes, and
// then shows the job on the cluster among its metrics.
import type { JobSummary } from '../../../engine/job/job-spec.ts';
import { systemClock } from '../../../kernel/clock.ts';
import type { MetricsRegistry } from '../../../kernel/metrics/metrics-registry.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import type { OnlineStores } from '../../online-stores.ts';
import { type RunOptions, runProject } from '../../run-project.ts';
import { startMetricsEndpoint } from '../../status/metrics-endpoint.ts';
import { watchCluster } from '../deploy/cluster-metrics.ts';
import { isFlinkBinding } from '../flink-binding.ts';
import { loaderProject } from './loader-project.ts';
import { createLoadedTopics } from './upsert-topics.ts';

/** One run at a time; resolves when it has ended. Errors: also MR_SERVE_PORT. */
export async function runEnvironment(
  project: ResolvedProject,
  stores: OnlineStores,
  options: RunOptions,
  metrics: MetricsRegistry,
): Promise<JobSummary> {
  const { metricsPort, onNotice } = options;
  if (metricsPort === undefined) return run(project, stores, options, metrics);
  const endpoint = await startMetricsEndpoint(() => metrics.render(), metricsPort);
  onNotice?.(`metrics at ${endpoint.url}`);
  try {
    return await run(project, stores, options, metrics);
  } finally {
    await endpoint.close();
  }
}

async function run(
  project: ResolvedProject,
  stores: OnlineStores,
  options: RunOptions,
  metrics: MetricsRegistry,
): Promise<JobSummary> {
  if (!isFlinkBinding(project.environment.engine)) {
    return runProject(project, stores, options, { metrics });
  }
  const { project: loader, through, logged } = loaderProject(project);
  // Brokers that are away are an error now; once the job runs, it waits for them.
  await createLoadedTopics(project);
  const over = new AbortController();
  const { signal } = over;
  const watching = watchCluster(project, metrics, { clock: systemClock, signal });
  try {
    return await runProject(loader, stores, options, { metrics, through, logged });
  } finally {
    over.abort();
    await watching;
  }
}
