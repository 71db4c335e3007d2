// Messages of JSON to columns, one record each, straight from where they lie: text columns are
// ranges of the input. Nothing is kept between calls.
import type { RowType } from '../../kernel/types/field-type.ts';
import type { MessageDecoder, MessageInput, MessageResult } from '../../ports/format.ts';
import { compileMessageDecoder, type DecodeMessages } from './json-code.ts';
import type { JsonOptions } from './json-options.ts';
import { JsonSlowPath } from './json-slow-path.ts';

export class JsonMessageDecoder implements MessageDecoder {
  readonly #fields: RowType['fields'];
  readonly #slow: JsonSlowPath;
  readonly #decodeMessages: DecodeMessages;

  constructor(rowType: RowType, options: JsonOptions) {
    this.#fields = rowType.fields;
    this.#slow = new JsonSlowPath(rowType.fields, options, 'message');
    this.#decodeMessages = compileMessageDecoder(rowType.fields, options);
  }

  decode(input: MessageInput): MessageResult {
    const consumed = input.count - input.from;
    this.#slow.begin(input.bytes, 0, consumed);
    const rowCount = this.#decodeMessages(this.#slow, input);
    this.#slow.finishBatch(rowCount);
    const { builders: columns, offsets, errors } = this.#slow;
    return { batch: { fields: this.#fields, columns, rowCount, offsets }, errors, consumed };
  }
}
