// The format `json`: one JSON object a line, or a message.
import type { MessageFormat, RecordFormat } from '../../ports/format.ts';
import { JsonDecoder } from './json-decoder.ts';
import { JsonMessageDecoder } from './json-message-decoder.ts';
import { resolveJsonOptions } from './json-options.ts';

/**
 * JSON objects, one a line or one a message. **Shape**: bytes → columns of the stream's row type, keys in any order,
 * unknown keys ignored, the last of equal keys counts, blank lines skipped. **Options**: `timestamp`
 * (`'ms'` default, `'s'`, `'us'`, `'iso'`), `recordBytesMax` (1 MiB). **Guarantee**: no integer is
 * rounded, NaN cannot come in, and every line is either a row or an error with its bytes.
 * **Errors** per record: MR_DATA_MALFORMED, MR_DATA_UTF8, MR_DATA_TYPE, MR_DATA_RANGE,
 * MR_DATA_MISSING_FIELD, MR_DATA_TOO_LONG, MR_DATA_NO_VALUE.
 */
export const jsonFormat: RecordFormat & Pick<MessageFormat, 'createMessageDecoder'> = {
  kind: 'records',
  name: 'json',
  createDecoder: (rowType, options) => new JsonDecoder(rowType, resolveJsonOptions(options)),
  createMessageDecoder: (rowType, options) =>
    new JsonMessageDecoder(rowType, resolveJsonOptions(options)),
};
