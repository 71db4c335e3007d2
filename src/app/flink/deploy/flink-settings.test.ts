import { describe, expect, it } from 'vitest';
import type { EnvironmentOptions } from '../../../define/config.ts';
import { Findings } from '../../config/findings.ts';
import { resolveRunSettings } from '../../config/run-settings.ts';
import { flinkSettings } from './flink-settings.ts';

function settingsOf(
  options: Partial<EnvironmentOptions>,
  settings: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const findings = new Findings('environments.fleet');
  const run = resolveRunSettings({ streams: {}, ...options }, false, findings);
  expect(findings.problems).toEqual([]);
  return flinkSettings({ name: 'millrace-shop-fleet', run, folder: 'file:/f', settings });
}

describe('options of an environment in those of Flink', () => {
  it('say where and how often state is kept', () => {
    const checkpoints = {
      directory: './state',
      interval: '30s',
      minPause: '5s',
      timeout: '2m',
      tolerableFailures: 7,
      retain: 4,
      retainOnStop: false,
    };
    expect(settingsOf({ checkpoints, parallelism: 3 })).toMatchObject({
      'pipeline.name': 'millrace-shop-fleet',
      'parallelism.default': '3',
      'execution.checkpointing.interval': '30000 ms',
      'execution.checkpointing.min-pause': '5000 ms',
      'execution.checkpointing.timeout': '120000 ms',
      'execution.checkpointing.tolerable-failed-checkpoints': '7',
      'execution.checkpointing.num-retained': '4',
      'execution.checkpointing.externalized-checkpoint-retention': 'DELETE_ON_CANCELLATION',
      'execution.checkpointing.dir': 'file:/f/checkpoints',
      'execution.checkpointing.savepoint-dir': 'file:/f/savepoints',
      'state.backend.type': 'hashmap',
    });
  });

  it('give the memory of all to each slot in equal parts', () => {
    const state = { backend: 'disk', memory: '1GB' } as const;
    expect(settingsOf({ state, parallelism: 4 })).toMatchObject({
      'state.backend.type': 'rocksdb',
      'execution.checkpointing.incremental': 'true',
      'state.backend.rocksdb.memory.fixed-per-slot': '250000000 bytes',
    });
  });

  it.each<[EnvironmentOptions['restart'], Readonly<Record<string, string>>]>([
    [{ strategy: 'none' }, { 'restart-strategy.type': 'none' }],
    [
      { strategy: 'fixedDelay', delay: '2s', attempts: 5 },
      {
        'restart-strategy.type': 'fixed-delay',
        'restart-strategy.fixed-delay.attempts': '5',
        'restart-strategy.fixed-delay.delay': '2000 ms',
      },
    ],
    [
      { strategy: 'failureRate', failures: 4, within: '1m', delay: '3s' },
      {
        'restart-strategy.type': 'failure-rate',
        'restart-strategy.failure-rate.max-failures-per-interval': '4',
        'restart-strategy.failure-rate.failure-rate-interval': '60000 ms',
        'restart-strategy.failure-rate.delay': '3000 ms',
      },
    ],
    [
      { strategy: 'exponential', initial: '1s', max: '30s', factor: 2, jitter: 0.2 },
      {
        'restart-strategy.type': 'exponential-delay',
        'restart-strategy.exponential-delay.initial-backoff': '1000 ms',
        'restart-strategy.exponential-delay.max-backoff': '30000 ms',
        'restart-strategy.exponential-delay.backoff-multiplier': '2',
        'restart-strategy.exponential-delay.reset-backoff-threshold': '3600000 ms',
        'restart-strategy.exponential-delay.jitter-factor': '0.2',
      },
    ],
  ])('restart alike: %j', (restart, expected) => {
    const checkpoints = { directory: './state' };
    const found = settingsOf({ checkpoints, ...(restart === undefined ? {} : { restart }) });
    expect(found).toMatchObject(expected);
  });

  it('give way to what the cluster is told by name', () => {
    const settings = { 'state.backend.type': 'forst', 'pipeline.max-parallelism': '64' };
    expect(settingsOf({}, settings)).toMatchObject(settings);
  });
});
