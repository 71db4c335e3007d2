// Options of the JSON format, checked when the decoder is made.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';

/** How a timestamp is written: epoch milliseconds, seconds, microseconds, or ISO 8601 text. */
export type TimestampEncoding = 'ms' | 's' | 'us' | 'iso';

/** Options of the JSON format, with defaults filled in. */
export interface JsonOptions {
  /** Default `ms`. Finer parts than a millisecond are cut off. */
  readonly timestamp: TimestampEncoding;
  /** A longer line is a dead letter with the first part of its bytes. Default 1 MiB. */
  readonly recordBytesMax: number;
}

const encodings: readonly string[] = ['ms', 's', 'us', 'iso'];
const names = ['timestamp', 'recordBytesMax'];

export function resolveJsonOptions(options: Readonly<Record<string, unknown>>): JsonOptions {
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) refuse(`unknown option "${name}": ${suggestName(name, names)}`);
  }
  const { timestamp = 'ms', recordBytesMax = 1 << 20 } = options;
  if (typeof timestamp !== 'string' || !encodings.includes(timestamp)) {
    refuse(`timestamp must be one of ${encodings.join(', ')}`);
  }
  if (typeof recordBytesMax !== 'number' || !(recordBytesMax >= 2 && recordBytesMax < 2 ** 30)) {
    refuse('recordBytesMax must be a number of bytes from 2 to 1073741823');
  }
  return { timestamp: timestamp as TimestampEncoding, recordBytesMax };
}

function refuse(message: string): never {
  throw new MillraceError('MR_CONFIG_INVALID', `format json: ${message}`, {
    fix: 'correct formatOptions of the source',
  });
}
