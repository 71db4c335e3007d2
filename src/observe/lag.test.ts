import { describe, expect, it } from 'vitest';
import { MetricsRegistry } from '../kernel/metrics/metrics-registry.ts';
import { createLagMetrics } from './lag-metrics.ts';
import { type LagSample, type PartitionSample, lagReport } from './lag.ts';

function partition(changes: Partial<PartitionSample>): PartitionSample {
  return {
    topic: 't',
    partition: 0,
    committed: 0,
    startOffset: 0,
    endOffset: 0,
    nextRecordMs: null,
    ...changes,
  };
}

function sample(atMs: number, ...partitions: readonly Partial<PartitionSample>[]): LagSample {
  return {
    group: 'g',
    atMs,
    partitions: partitions.map((p, i) => partition({ partition: i, ...p })),
  };
}

describe('lag of a group', () => {
  it('is the records between what was committed and the end', () => {
    const report = lagReport(
      [
        sample(
          60_000,
          { committed: 40, endOffset: 100, nextRecordMs: 50_000 },
          { committed: 7, endOffset: 7 },
          { topic: 'u', committed: 3, endOffset: 5, nextRecordMs: 15_000 },
        ),
      ],
      {},
    );
    expect(report).toMatchObject({ lag: 62, topics: { t: 60, u: 2 }, seconds_behind: 45 });
    expect(report.partitions.map((p) => p.seconds_behind)).toEqual([10, 0, 45]);
    expect(report.trend).toBeNull();
  });

  it('counts a partition without a commit from its first record, and nothing that is gone', () => {
    const { partitions } = lagReport(
      [
        sample(
          0,
          { committed: null, startOffset: 30, endOffset: 50 },
          { committed: 10, startOffset: 30, endOffset: 50 },
          { committed: 60, startOffset: 0, endOffset: 50 },
        ),
      ],
      {},
    );
    expect(partitions.map(({ lag }) => lag)).toEqual([20, 20, 0]);
  });

  it('warns by records or by age, whichever is over', () => {
    const level = (lag: number, ageMs: number): string =>
      lagReport([sample(100_000, { endOffset: lag, nextRecordMs: 100_000 - ageMs })], {
        warnRecords: 10,
        criticalRecords: 100,
        warnSeconds: 5,
        criticalSeconds: 50,
      }).level;
    expect([level(9, 0), level(10, 0), level(100, 0)]).toEqual(['OK', 'WARN', 'CRITICAL']);
    expect([level(1, 4999), level(1, 5000), level(1, 50_000)]).toEqual(['OK', 'WARN', 'CRITICAL']);
    expect(level(0, 90_000)).toBe('OK');
  });

  it('says which way it goes, and when it is drained', () => {
    const at = (ms: number, committed: number, endOffset: number): LagSample =>
      sample(ms, { committed, endOffset });
    expect(lagReport([at(0, 0, 1000), at(2000, 500, 1200)], {}).trend).toEqual({
      direction: 'shrinking',
      lag_per_second: -150,
      produced_per_second: 100,
      consumed_per_second: 250,
      drained_in_seconds: 700 / 150,
      over_seconds: 2,
    });
    const growing = lagReport([at(0, 0, 1000), at(1000, 100, 1500)], {}).trend;
    expect(growing).toMatchObject({ direction: 'growing', drained_in_seconds: null });
    const steady = lagReport([at(0, 0, 1000), at(1000, 10_000, 11_010)], {}).trend;
    expect(steady).toMatchObject({ direction: 'steady' });
  });
});

describe('lag as metrics', () => {
  it('has the names of the field, and forgets what is no longer read', () => {
    const registry = new MetricsRegistry();
    const metrics = createLagMetrics(registry);
    metrics.update([lagReport([sample(0, { endOffset: 5 }, { topic: 'u', endOffset: 2 })], {})]);
    expect(registry.render()).toContain('kafka_consumer_group_lag_total{group="g",topic="t"} 5');
    expect(registry.render()).toContain(
      'kafka_consumer_group_lag_partition{group="g",topic="u",partition="1"} 2',
    );
    metrics.update([lagReport([sample(0, { endOffset: 6 })], {})]);
    expect(registry.render()).toContain('kafka_consumer_group_lag_total{group="g",topic="t"} 6');
    expect(registry.render()).not.toContain('topic="u"');
  });
});
