// How runs of an environment keep state and what they do after failures, with every default filled in.
// What is written wrong is found here, before anything is opened.
import { memoryBytesMin } from '../../engine/state/backend/subtask-state.ts';
import { availableParallelism } from 'node:os';
import type {
  CheckpointOptions,
  EnvironmentOptions,
  RestartOptions,
  StateOptions,
} from '../../define/config.ts';
import type { FailureLimits } from '../../engine/job/failure-breaker.ts';
import type { RestartStrategy } from '../../engine/job/restart-strategy.ts';
import { parseByteSize } from '../../kernel/byte-size.ts';
import { parseDuration } from '../../kernel/duration.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Findings } from './findings.ts';

export interface RunSettings {
  readonly parallelism: number;
  readonly restart: RestartStrategy;
  readonly state: StateSettings;
  /** Null: runs take no checkpoints. */
  readonly checkpoints: CheckpointSettings | null;
  readonly failureLimits: Omit<FailureLimits, 'onBreak'>;
}

export interface StateSettings {
  readonly backend: 'memory' | 'disk';
  readonly directory: string;
  /** Null: all of it stays in memory. */
  readonly memoryBytesMax: number | null;
}

export interface CheckpointSettings {
  readonly directory: string;
  readonly intervalMs: number;
  readonly minPauseMs: number;
  readonly timeoutMs: number;
  readonly failuresTolerated: number;
  readonly retain: number;
  readonly retainOnStop: boolean;
}

const subtasksMax = 128;

/** Reports what cannot be, and goes on with defaults in its place. */
export function resolveRunSettings(
  environment: EnvironmentOptions,
  isBounded: boolean,
  findings: Findings,
): RunSettings {
  const { checkpoints, state, parallelism, restart } = environment;
  const read = new Reader(findings);
  const threads = resolveParallelism(parallelism, read);
  return {
    parallelism: threads,
    state: resolveState(state ?? {}, threads, read),
    checkpoints: checkpoints === undefined ? null : resolveCheckpoints(checkpoints, read),
    failureLimits: resolveFailureLimits(environment.deadLetters, read),
    restart: resolveRestart(restart, checkpoints !== undefined, isBounded, read),
  };
}

/**
 * What `parallelism: 'auto'` means here. The thread that reads and writes spends about 0.3 µs an event
 * plus what sinks take, so from three cores on it gets one of its own. On two cores two threads share
 * with it and are still 1.3 (J2) to 1.9 times (J3) as fast as one thread for all, for a quarter more
 * CPU (`bench/parallel.ts`); where an online store on disk is the bound, they are no faster.
 */
export function automaticParallelism(cores = availableParallelism()): number {
  return Math.min(subtasksMax, cores <= 2 ? cores : cores - 1);
}

function resolveParallelism(value: number | 'auto' | undefined, read: Reader): number {
  if (value === 'auto') return automaticParallelism();
  return read.count('parallelism', value, { fallback: 1, least: 1, most: subtasksMax });
}

function resolveState(state: StateOptions, threads: number, read: Reader): StateSettings {
  read.names('state', state, ['backend', 'directory', 'memory']);
  const backend = state.backend ?? 'memory';
  if (backend !== 'memory' && backend !== 'disk') {
    read.wrong('state.backend', backend, "write 'memory' or 'disk'");
  }
  const isDisk = (backend as string) === 'disk';
  if (!isDisk && state.memory !== undefined) {
    read.wrong('state.memory', state.memory, "it counts with backend: 'disk' only: leave it out");
  }
  const least = threads * memoryBytesMin;
  const memoryBytesMax = isDisk ? read.size('state.memory', state.memory, 1e9) : null;
  if (memoryBytesMax !== null && memoryBytesMax < least) {
    const fix = `give it ${least / 2 ** 20} MiB or more: ${memoryBytesMin / 2 ** 20} for each thread`;
    read.wrong('state.memory', state.memory, fix);
  }
  return {
    backend: isDisk ? 'disk' : 'memory',
    directory: read.text('state.directory', state.directory, './.millrace/state'),
    memoryBytesMax,
  };
}

function resolveCheckpoints(options: CheckpointOptions, read: Reader): CheckpointSettings {
  const at = 'checkpoints';
  const known = ['directory', 'interval', 'minPause', 'timeout', 'tolerableFailures', 'retain'];
  read.names(at, options, [...known, 'retainOnStop']);
  const failures = { fallback: 3, least: 0, most: 1e6 };
  return {
    directory: read.text(`${at}.directory`, options.directory, null),
    intervalMs: read.duration(`${at}.interval`, options.interval, 10_000, 1),
    minPauseMs: read.duration(`${at}.minPause`, options.minPause, 0, 0),
    timeoutMs: read.duration(`${at}.timeout`, options.timeout, 600_000, 1),
    failuresTolerated: read.count(`${at}.tolerableFailures`, options.tolerableFailures, failures),
    retain: read.count(`${at}.retain`, options.retain, { fallback: 2, least: 2, most: 1e6 }),
    retainOnStop: options.retainOnStop ?? true,
  };
}

function resolveFailureLimits(
  deadLetters: EnvironmentOptions['deadLetters'],
  read: Reader,
): RunSettings['failureLimits'] {
  const options = typeof deadLetters === 'object' ? deadLetters : {};
  read.names('deadLetters', options, ['directory', 'breaker', 'breakerRecords', 'alert']);
  const { breaker = 0.5, alert = 0.01 } = options;
  const isShare = (value: unknown): boolean =>
    typeof value === 'number' && value >= 0 && value <= 1;
  const share = "write a share from 0 to 1, as in 0.5, or 'off'";
  if (breaker !== 'off' && !isShare(breaker)) read.wrong('deadLetters.breaker', breaker, share);
  if (!isShare(alert)) read.wrong('deadLetters.alert', alert, 'write a share from 0 to 1');
  const limits = { fallback: 1000, least: 1, most: 1e9 };
  return {
    breakerShare: breaker === 'off' ? null : breaker,
    alertShare: alert,
    blockRecords: read.count('deadLetters.breakerRecords', options.breakerRecords, limits),
  };
}

function resolveRestart(
  options: RestartOptions | undefined,
  hasCheckpoints: boolean,
  isBounded: boolean,
  read: Reader,
): RestartStrategy {
  if (options === undefined) {
    return hasCheckpoints && !isBounded ? exponential({}, read) : { kind: 'none' };
  }
  if (!hasCheckpoints && options.strategy !== 'none') {
    read.wrong('restart', options.strategy, 'add `checkpoints`: a restart goes on from one');
  }
  const { strategy } = options;
  switch (strategy) {
    case 'none':
      return { kind: 'none' };
    case 'fixedDelay':
      read.names('restart', options, ['strategy', 'delay', 'attempts']);
      return {
        kind: 'fixedDelay',
        delayMs: read.duration('restart.delay', options.delay, 1000, 0),
        attempts: read.count('restart.attempts', options.attempts, few),
      };
    case 'exponential':
      return exponential(options, read);
    case 'failureRate':
      read.names('restart', options, ['strategy', 'failures', 'within', 'delay']);
      return {
        kind: 'failureRate',
        failures: read.count('restart.failures', options.failures, few),
        withinMs: read.duration('restart.within', options.within, 300_000, 1),
        delayMs: read.duration('restart.delay', options.delay, 1000, 0),
      };
    default:
      read.wrong('restart.strategy', strategy, `write one of ${strategies.join(', ')}`);
      return { kind: 'none' };
  }
}

const few = { fallback: 3, least: 0, most: 1e6 };
const strategies = ['none', 'fixedDelay', 'exponential', 'failureRate'];

function exponential(
  options: Omit<Extract<RestartOptions, { strategy: 'exponential' }>, 'strategy'>,
  read: Reader,
): RestartStrategy {
  const known = ['strategy', 'initial', 'max', 'factor', 'resetAfter', 'jitter'];
  read.names('restart', options, known);
  const { factor = 1.5, jitter = 0.1 } = options;
  if (!(factor >= 1)) read.wrong('restart.factor', factor, 'write a number from 1 on');
  if (!(jitter >= 0 && jitter < 1)) read.wrong('restart.jitter', jitter, 'write a share below 1');
  return {
    kind: 'exponential',
    initialMs: read.duration('restart.initial', options.initial, 1000, 1),
    maxMs: read.duration('restart.max', options.max, 60_000, 1),
    resetAfterMs: read.duration('restart.resetAfter', options.resetAfter, 3_600_000, 1),
    factor,
    jitter,
  };
}

interface CountLimits {
  readonly fallback: number;
  readonly least: number;
  readonly most: number;
}

/** Reads single values; a wrong one is reported and its default taken. */
class Reader {
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  wrong(place: string, value: unknown, fix: string): void {
    const message = `${place} is ${JSON.stringify(value) ?? 'undefined'}`;
    this.#findings.add('error', 'MR_CONFIG_INVALID', place, [message, fix]);
  }

  names(place: string, options: object, known: readonly string[]): void {
    for (const name of Object.keys(options)) {
      if (known.includes(name)) continue;
      const text: [string, string] = [`${place} has no "${name}"`, suggestName(name, known)];
      this.#findings.add('error', 'MR_CONFIG_INVALID', `${place}.${name}`, text);
    }
  }

  text(place: string, value: string | undefined, fallback: string | null): string {
    const given = value ?? fallback;
    if (typeof given === 'string' && given !== '') return given;
    this.wrong(place, value, 'write a folder');
    return '';
  }

  duration(place: string, value: string | undefined, fallback: number, least: number): number {
    if (value === undefined) return fallback;
    const ms = typeof value === 'string' ? parseDuration(value) : null;
    if (ms !== null && ms >= least) return ms;
    this.wrong(place, value, "write a duration, as in '10s' or '5m'");
    return fallback;
  }

  size(place: string, value: string | undefined, fallback: number): number {
    if (value === undefined) return fallback;
    const bytes = typeof value === 'string' ? parseByteSize(value) : null;
    if (bytes !== null && bytes > 0) return bytes;
    this.wrong(place, value, "write a size, as in '512MB' or '2GB'");
    return fallback;
  }

  count(place: string, value: number | undefined, { fallback, least, most }: CountLimits): number {
    if (value === undefined) return fallback;
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    this.wrong(place, value, `write a whole number from ${least} to ${most}`);
    return fallback;
  }
}
