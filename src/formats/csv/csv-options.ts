// Options of the CSV format, checked when the decoder is made.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';

/** How a timestamp is written: epoch milliseconds, seconds, microseconds, or ISO 8601 text. */
export type TimestampEncoding = 'ms' | 's' | 'us' | 'iso';

/** Options of the CSV format, with defaults filled in. */
export interface CsvOptions {
  /** One ASCII character. Default `,`. */
  readonly delimiter: string;
  /** True: the first record names the columns. False: columns are the fields in their order. */
  readonly header: boolean;
  /** Default `ms`. */
  readonly timestamp: TimestampEncoding;
  /** A longer record is a dead letter with the first part of its bytes. Default 1 MiB. */
  readonly recordBytesMax: number;
}

const encodings: readonly unknown[] = ['ms', 's', 'us', 'iso'];
const names = ['delimiter', 'header', 'timestamp', 'recordBytesMax'];

export function resolveCsvOptions(options: Readonly<Record<string, unknown>>): CsvOptions {
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) refuse(`unknown option "${name}": ${suggestName(name, names)}`);
  }
  const { delimiter = ',', header = true, timestamp = 'ms', recordBytesMax = 1 << 20 } = options;
  if (typeof delimiter !== 'string' || !/^[\t !#-~]$/.test(delimiter)) {
    return refuse('delimiter must be one ASCII character, not a quote');
  }
  if (typeof header !== 'boolean') return refuse('header must be true or false');
  if (!encodings.includes(timestamp)) {
    return refuse(`timestamp must be one of ${encodings.join(', ')}`);
  }
  if (typeof recordBytesMax !== 'number' || !(recordBytesMax >= 2 && recordBytesMax < 2 ** 30)) {
    return refuse('recordBytesMax must be a number of bytes from 2 to 1073741823');
  }
  return { delimiter, header, timestamp: timestamp as TimestampEncoding, recordBytesMax };
}

function refuse(message: string): never {
  throw new MillraceError('MR_CONFIG_INVALID', `format csv: ${message}`, {
    fix: 'correct formatOptions of the source',
  });
}
