// The format `csv`: RFC 4180 with a header.
import type { RecordFormat } from '../../ports/format.ts';
import { CsvDecoder } from './csv-decoder.ts';
import { resolveCsvOptions } from './csv-options.ts';

/**
 * Comma-separated values. **Shape**: columns by the names of the header row, unknown ones ignored; quotes
 * as in RFC 4180, line feeds inside them allowed; an empty cell is the field's default, else null, else an
 * empty string. **Options**: `delimiter` (`','`), `header` (true), `timestamp` (`'ms'`, `'s'`, `'us'`,
 * `'iso'`), `recordBytesMax` (1 MiB). **Guarantee**: every record is a row or an error with its bytes.
 * **Errors** for the file: MR_FILE_FORMAT (a column is missing); per record MR_DATA_MALFORMED,
 * MR_DATA_UTF8, MR_DATA_TYPE, MR_DATA_RANGE, MR_DATA_MISSING_FIELD, MR_DATA_TOO_LONG.
 */
export const csvFormat: RecordFormat = {
  kind: 'records',
  name: 'csv',
  createDecoder: (rowType, options) => new CsvDecoder(rowType, resolveCsvOptions(options)),
};
