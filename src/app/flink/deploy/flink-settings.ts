// How an environment's options are said in Flink's: each has one of the same meaning. What the
// environment gives as `settings` comes last and wins.
import type { RestartStrategy } from '../../../engine/job/restart-strategy.ts';
import type { CheckpointSettings, RunSettings } from '../../config/run-settings.ts';

/** What a job is started with. */
export interface FlinkSettingsParts {
  readonly name: string;
  readonly run: RunSettings;
  /** URI of the folder of this environment's deployments. */
  readonly folder: string;
  readonly settings: Readonly<Record<string, string>>;
}

export function flinkSettings(parts: FlinkSettingsParts): Readonly<Record<string, string>> {
  const { name, run, folder, settings } = parts;
  return {
    'pipeline.name': name,
    'parallelism.default': String(run.parallelism),
    ...stateSettings(run),
    ...(run.checkpoints === null ? {} : checkpointSettings(run.checkpoints, folder)),
    ...restartSettings(run.restart),
    ...settings,
  };
}

function checkpointSettings(
  options: CheckpointSettings,
  folder: string,
): Readonly<Record<string, string>> {
  return {
    'execution.checkpointing.interval': `${options.intervalMs} ms`,
    'execution.checkpointing.mode': 'EXACTLY_ONCE',
    'execution.checkpointing.min-pause': `${options.minPauseMs} ms`,
    'execution.checkpointing.timeout': `${options.timeoutMs} ms`,
    'execution.checkpointing.tolerable-failed-checkpoints': String(options.failuresTolerated),
    'execution.checkpointing.num-retained': String(options.retain),
    'execution.checkpointing.externalized-checkpoint-retention': options.retainOnStop
      ? 'RETAIN_ON_CANCELLATION'
      : 'DELETE_ON_CANCELLATION',
    'execution.checkpointing.dir': `${folder}/checkpoints`,
    'execution.checkpointing.savepoint-dir': `${folder}/savepoints`,
  };
}

function stateSettings({ state, parallelism }: RunSettings): Readonly<Record<string, string>> {
  if (state.backend === 'memory') return { 'state.backend.type': 'hashmap' };
  const perSlot = Math.floor((state.memoryBytesMax ?? 1e9) / parallelism);
  return {
    'state.backend.type': 'rocksdb',
    'execution.checkpointing.incremental': 'true',
    'state.backend.rocksdb.memory.fixed-per-slot': `${perSlot} bytes`,
  };
}

function restartSettings(restart: RestartStrategy): Readonly<Record<string, string>> {
  const at = 'restart-strategy';
  switch (restart.kind) {
    case 'none':
      return { [`${at}.type`]: 'none' };
    case 'fixedDelay':
      return {
        [`${at}.type`]: 'fixed-delay',
        [`${at}.fixed-delay.attempts`]: String(restart.attempts),
        [`${at}.fixed-delay.delay`]: `${restart.delayMs} ms`,
      };
    case 'exponential':
      return {
        [`${at}.type`]: 'exponential-delay',
        [`${at}.exponential-delay.initial-backoff`]: `${restart.initialMs} ms`,
        [`${at}.exponential-delay.max-backoff`]: `${restart.maxMs} ms`,
        [`${at}.exponential-delay.backoff-multiplier`]: String(restart.factor),
        [`${at}.exponential-delay.reset-backoff-threshold`]: `${restart.resetAfterMs} ms`,
        [`${at}.exponential-delay.jitter-factor`]: String(restart.jitter),
      };
    case 'failureRate':
      return {
        [`${at}.type`]: 'failure-rate',
        [`${at}.failure-rate.max-failures-per-interval`]: String(restart.failures),
        [`${at}.failure-rate.failure-rate-interval`]: `${restart.withinMs} ms`,
        [`${at}.failure-rate.delay`]: `${restart.delayMs} ms`,
      };
  }
}
