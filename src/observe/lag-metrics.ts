// Lag as metrics, by the names that the field's own exporters use. What a group no longer reads is
// NaN, which the text leaves out.
import type { Gauge, MetricsRegistry } from '../kernel/metrics/metrics-registry.ts';
import type { LagReport } from './lag.ts';

const totalName = 'kafka_consumer_group_lag_total';
const partitionName = 'kafka_consumer_group_lag_partition';

/** Gauges of a registry that hold the newest lag. */
export interface LagMetrics {
  update(reports: readonly LagReport[]): void;
}

export function createLagMetrics(registry: MetricsRegistry): LagMetrics {
  const known = new Map<string, Gauge>();
  const set = (name: string, labels: Readonly<Record<string, string>>, value: number): void => {
    const key = JSON.stringify([name, labels]);
    const help = 'Records that a consumer group has not committed';
    const gauge = known.get(key) ?? registry.gauge(name, help, labels);
    known.set(key, gauge);
    gauge.value = value;
  };
  return {
    update(reports) {
      for (const gauge of known.values()) gauge.value = Number.NaN;
      for (const { group, topics, partitions } of reports) {
        for (const [topic, lag] of Object.entries(topics)) set(totalName, { group, topic }, lag);
        for (const { topic, partition, lag } of partitions) {
          set(partitionName, { group, topic, partition: String(partition) }, lag);
        }
      }
    },
  };
}
