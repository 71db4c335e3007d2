// The newest lag as OpenMetrics text over HTTP.
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import { createLagMetrics } from '../../observe/lag-metrics.ts';
import type { LagReport } from '../../observe/lag.ts';
import { type MetricsEndpoint, startMetricsEndpoint } from '../status/metrics-endpoint.ts';

/** A running endpoint. */
export interface LagEndpoint extends MetricsEndpoint {
  update(reports: readonly LagReport[]): void;
}

export async function startLagEndpoint(port: number, host = '127.0.0.1'): Promise<LagEndpoint> {
  const registry = new MetricsRegistry();
  const metrics = createLagMetrics(registry);
  const endpoint = await startMetricsEndpoint(() => registry.render(), port, host);
  return { ...endpoint, update: (reports) => metrics.update(reports) };
}
