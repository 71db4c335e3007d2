// A Flink cluster as the engine of an environment: its addresses and options, checked as far as words
// can be. Nothing is opened here; `millrace flink …` deploys to it, and a run in this process loads what it
// computes into the online store.
import { parseDuration } from '../../kernel/duration.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Unavailable } from '../../ports/unavailable.ts';

/** Options of `flink(…)`. */
export interface FlinkOptions {
  /** Base URL of the SQL Gateway. */
  readonly gateway: string;
  /** Base URL of the JobManager's REST interface. */
  readonly jobManager: string;
  /**
   * The jar with functions of ours, which approxDistinct, quantile, topK and ewma need: a path on this
   * machine (it is put beside the deployments) or an address that the gateway reaches. Default: that of
   * the package `millrace-flink-udf` where it is installed; else the jar lies in Flink's `lib`.
   */
  readonly functionsJar?: string;
  /** Options of Flink by their own names, over those that follow from the environment. */
  readonly settings?: Readonly<Record<string, string>>;
  /** All tasks of a new job have to run within this time, else the old one goes on. Default `'2m'`. */
  readonly verifyTimeout?: string;
  /** So long a new job has to run without a failure. Default `'5s'`. */
  readonly settle?: string;
}

/** A Flink cluster that runs the plan instead of this machine. */
export interface FlinkBinding extends Unavailable {
  readonly kind: 'flink';
  readonly description: string;
  readonly options: FlinkOptions;
}

/**
 * Names the Flink cluster that runs an environment's plan: `millrace flink deploy` brings it there.
 *
 * The environment's `checkpoints`, `restart`, `state` and `parallelism` become Flink's options of the
 * same meaning. `millrace run` loads the rows that the cluster computes into the online store.
 *
 * Errors: MR_CONFIG_INVALID for an address that is not a URL, and for a length of time that is none.
 */
export function flink(options: FlinkOptions): FlinkBinding {
  for (const name of ['gateway', 'jobManager'] as const) {
    if (URL.canParse(options[name])) continue;
    const text = `flink(…): ${name} "${options[name]}" is not a URL`;
    throw new MillraceError('MR_CONFIG_INVALID', text, {
      fix: `write ${name}: 'http://localhost:${name === 'gateway' ? 8083 : 8081}'`,
    });
  }
  for (const name of ['verifyTimeout', 'settle'] as const) {
    const text = options[name];
    if (text === undefined || parseDuration(text) !== null) continue;
    throw new MillraceError('MR_CONFIG_INVALID', `flink(…): ${name} "${text}" is not a duration`, {
      fix: `write ${name}: '30s'`,
    });
  }
  return Object.freeze({
    kind: 'flink' as const,
    description: `flink ${options.gateway}`,
    options: Object.freeze({ ...options }),
    unavailable: {
      message: 'this environment runs on a Flink cluster, not in this process',
      fix: 'use `millrace flink deploy`; or leave `engine` out, and the plan runs on this machine',
    },
  });
}
