import { expect, it } from 'vitest';
import { MetricsRegistry } from '../../../kernel/metrics/metrics-registry.ts';
import { setClusterMetrics } from './cluster-metrics.ts';
import { clusterProblems } from './cluster-problems.ts';
import type { ClusterStatus, KnownCluster, UnknownCluster } from './cluster-status.ts';

const nowMs = Date.UTC(2026, 10, 20);

function known(change: Partial<KnownCluster> = {}): KnownCluster {
  return {
    reachable: true,
    name: 'millrace-shop-fleet',
    state: 'RUNNING',
    job: 'abc',
    deployment: 3,
    started_at_ms: nowMs - 3_600_000,
    num_restarts: 0,
    checkpoints_completed: 60,
    number_of_failed_checkpoints: 2,
    last_checkpoint: {
      id: 60,
      at_ms: nowMs - 1000,
      age_ms: 1000,
      last_checkpoint_duration_ms: 150,
      last_checkpoint_size_bytes: 2000,
      path: 'file:/x',
    },
    current_input_watermark: nowMs - 250,
    watermark_lag_ms: 250,
    num_records_in: 1000,
    num_records_out: 2000,
    num_late_records_dropped: 7,
    failure: null,
    operators: [{ name: 'Source', state: 'RUNNING', parallelism: 1 }],
    ...change,
  };
}

const away: UnknownCluster = {
  reachable: false,
  name: 'millrace-shop-fleet',
  state: 'UNKNOWN',
  message: 'the JobManager at http://x does not answer',
};

function said(status: ClusterStatus | null): readonly string[] {
  const found = clusterProblems(status, { nowMs, intervalMs: 10_000 });
  return found.map(({ level, message }) => `${level}: ${message}`);
}

it('says nothing of a job that runs well, or of none', () => {
  expect(said(null)).toEqual([]);
  expect(said(known())).toEqual([]);
  expect(said(known({ state: 'FINISHED' }))).toEqual([]);
});

it.each<[string, ClusterStatus, readonly string[]]>([
  ['is away', away, ['critical: the JobManager at http://x does not answer']],
  [
    'knows no job',
    known({ state: 'NOT_DEPLOYED', job: null }),
    ['critical: Flink: the cluster knows no job millrace-shop-fleet: nothing is computed'],
  ],
  [
    'has given up',
    known({ state: 'FAILED', failure: { message: 'no broker', at_ms: nowMs } }),
    ['critical: Flink: job millrace-shop-fleet is FAILED: no broker'],
  ],
  [
    'has restarted of late',
    known({ num_restarts: 2, failure: { message: 'lost a task', at_ms: nowMs - 60_000 } }),
    ['warning: Flink: RUNNING, restarted 2 times, 1m ago: lost a task'],
  ],
  [
    'waits for slots',
    known({ operators: [{ name: 'a', state: 'SCHEDULED', parallelism: 2 }] }),
    ['warning: Flink: 1 tasks wait, restarted 0 times'],
  ],
  [
    'completes no checkpoints',
    known({ last_checkpoint: null }),
    ['warning: Flink: no checkpoint for 1h, since it was started (2 failed)'],
  ],
])('says that a cluster %s', (_, status, expected) => {
  expect(said(status)).toEqual(expected);
});

it('has the numbers among the metrics of the process, and none while the cluster is away', () => {
  const registry = new MetricsRegistry();
  setClusterMetrics(registry, known());
  const labels = '{job="millrace-shop-fleet"}';
  const text = registry.render();
  for (const line of [
    `millrace_flink_job_running${labels} 1`,
    `millrace_last_checkpoint_id${labels} 60`,
    `millrace_watermark_lag_ms${labels} 250`,
    `millrace_num_late_records_dropped_total${labels} 7`,
    `millrace_number_of_failed_checkpoints_total${labels} 2`,
  ]) {
    expect(text).toContain(line);
  }
  setClusterMetrics(registry, away);
  const later = registry.render();
  expect(later).toContain(`millrace_flink_reachable${labels} 0`);
  expect(later).not.toContain('millrace_watermark_lag_ms{');
  expect(later).toContain(`millrace_num_records_in_total${labels} 1000`);
});
