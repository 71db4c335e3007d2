// A Flink cluster as the engine of an environment. This version keeps the addresses but compiles
// nothing for Flink: `check` reports the binding and running it is refused.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Unavailable } from '../../ports/unavailable.ts';

/** Options of `flink(…)`. */
export interface FlinkOptions {
  /** Base URL of the SQL Gateway. */
  readonly gateway: string;
  /** Base URL of the JobManager's REST interface. */
  readonly jobManager: string;
}

/** A Flink cluster that runs the plan instead of this machine. */
export interface FlinkBinding extends Unavailable {
  readonly kind: 'flink';
  readonly description: string;
  readonly options: FlinkOptions;
}

/**
 * Names the Flink cluster that runs an environment's plan.
 *
 * This version cannot deploy to Flink yet: an environment with this engine can be planned and
 * checked (`check` reports it), but not run.
 *
 * Errors: MR_CONFIG_INVALID for an address that is not a URL.
 */
export function flink(options: FlinkOptions): FlinkBinding {
  for (const name of ['gateway', 'jobManager'] as const) {
    if (URL.canParse(options[name])) continue;
    const text = `flink(…): ${name} "${options[name]}" is not a URL`;
    throw new MillraceError('MR_CONFIG_INVALID', text, {
      fix: `write ${name}: 'http://localhost:${name === 'gateway' ? 8083 : 8081}'`,
    });
  }
  return Object.freeze({
    kind: 'flink' as const,
    description: `flink ${options.gateway}`,
    options: Object.freeze({ ...options }),
    unavailable: {
      message: 'this version cannot deploy to Flink yet',
      fix: 'leave `engine` out: the plan then runs on this machine',
    },
  });
}
