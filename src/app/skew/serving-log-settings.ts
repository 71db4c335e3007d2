// How much of what is served is logged, and where: the configuration's `servingLog` with defaults
// filled in. Off unless somebody asks for it.
import type { EnvironmentOptions } from '../../define/config.ts';
import { parseByteSize } from '../../kernel/byte-size.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Findings } from '../config/findings.ts';

export interface ServingLogSettings {
  /** Share of served rows; 0: none. */
  readonly rate: number;
  readonly bytesMax: number;
  /** Relative to the configuration. */
  readonly directory: string;
}

const defaultBytesMax = 256e6;
const defaultDirectory = './.millrace/serving-log';

/** The settings of an environment; `rate`: of the command line, instead of the environment's. */
export function servingLogSettings(
  { servingLog = {}, offline }: EnvironmentOptions,
  rate?: number,
): ServingLogSettings {
  const share = rate ?? servingLog.rate ?? 0;
  if (rate !== undefined && !isShare(rate)) {
    throw new MillraceError('MR_CONFIG_INVALID', `${rate} is no share of served rows`, {
      fix: rateFix,
    });
  }
  const beside = offline?.directory === undefined ? null : `${offline.directory}/serving-log`;
  return {
    rate: share,
    bytesMax: parseByteSize(servingLog.bytesMax ?? '') ?? defaultBytesMax,
    directory: servingLog.directory ?? beside ?? defaultDirectory,
  };
}

const rateFix = 'write a number from 0 (nothing) to 1 (every row), as in 0.01';

/** Reports what is wrong with `servingLog`. */
export function checkServingLog({ servingLog }: EnvironmentOptions, findings: Findings): void {
  if (servingLog === undefined) return;
  const { rate, bytesMax, directory } = servingLog;
  const wrong = (name: string, value: unknown, fix: string): void => {
    const place = `servingLog.${name}`;
    findings.add('error', 'MR_CONFIG_INVALID', place, [
      `${place} is ${JSON.stringify(value)}`,
      fix,
    ]);
  };
  if (rate !== undefined && !isShare(rate)) wrong('rate', rate, rateFix);
  if (bytesMax !== undefined && (parseByteSize(bytesMax) ?? 0) < 1e5) {
    wrong('bytesMax', bytesMax, "write a size of 100KB or more, as in '256MB'");
  }
  if (directory !== undefined && (typeof directory !== 'string' || directory === '')) {
    wrong('directory', directory, "write a path, as in './.millrace/serving-log'");
  }
  const known = ['rate', 'bytesMax', 'directory'];
  for (const name of Object.keys(servingLog).filter((other) => !known.includes(other))) {
    findings.add('error', 'MR_CONFIG_INVALID', `servingLog.${name}`, [
      `servingLog has no option "${name}"`,
      `its options are ${known.join(', ')}`,
    ]);
  }
}

function isShare(rate: unknown): boolean {
  return typeof rate === 'number' && rate >= 0 && rate <= 1;
}
