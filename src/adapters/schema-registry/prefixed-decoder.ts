// Messages that name their schema and can be read without it (JSON): the schema is looked at once,
// the record behind the five bytes goes to another decoder.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { RowType } from '../../kernel/types/field-type.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { MessageDecoder, MessageInput, MessageResult } from '../../ports/format.ts';
import type { SchemaLanguage, SchemaRegistry } from '../../ports/schema-registry.ts';
import { MessageRows } from './message-rows.ts';
import { openRegistry } from './open-registry.ts';
import { otherLanguage } from './registered-decoder.ts';
import type { RegisteredOptions } from './registered-options.ts';
import { SchemaReaders } from './schema-readers.ts';
import { checkNewest } from './start-check.ts';
import { noPrefix, noValue, prefixBytes, schemaIdOf } from './wire-prefix.ts';

export class PrefixedDecoder implements MessageDecoder {
  readonly #language: SchemaLanguage;
  readonly #rowType: RowType;
  readonly #options: RegisteredOptions;
  readonly #registry: SchemaRegistry;
  readonly #inner: MessageDecoder;
  /** Reports what the inner decoder does not see. */
  readonly #rows: MessageRows;
  readonly #known: SchemaReaders<true>;

  constructor(
    language: SchemaLanguage,
    rowType: RowType,
    options: RegisteredOptions,
    inner: MessageDecoder,
  ) {
    const { clock, signal, report } = options;
    this.#language = language;
    this.#rowType = rowType;
    this.#options = options;
    this.#inner = inner;
    this.#registry = openRegistry(options.registry, options);
    this.#rows = new MessageRows({ fields: [] });
    this.#known = new SchemaReaders({
      registry: this.#registry,
      clock,
      signal,
      report,
      createReader: (_, schema) => {
        if (schema.type !== language.type) throw otherLanguage(schema.type, language);
        const [reason] = language.parse(schema).cannotFill(rowType);
        if (reason === undefined) return true;
        throw new MillraceError('MR_SCHEMA_MISMATCH', `"${reason.path}" ${reason.message}`);
      },
    });
  }

  get waitingFor(): string | null {
    return this.#known.problem;
  }

  open(): Promise<void> {
    return checkNewest(this.#language, this.#registry, this.#rowType, this.#options);
  }

  decode(input: MessageInput): MessageResult {
    const rows = this.#rows;
    rows.begin(input);
    const kept: number[] = [];
    let message = input.from;
    let waitFor: Promise<void> | null = null;
    for (; message < input.count; message++) {
      const id = schemaIdOf(input, message);
      if (id === noValue || id === noPrefix) {
        rows.reportUnprefixed(message, id);
        continue;
      }
      const state = this.#known.of(id);
      if (state.kind === 'loading') {
        waitFor = state.loaded;
        break;
      }
      if (state.kind === 'ready') kept.push(message);
      else rows.report(message, state.code, `record ${state.message}`);
    }
    const { batch, errors } = this.#inner.decode(withoutPrefix(input, kept));
    const all = [...rows.errors, ...errors.map((error) => whole(error, input, kept))];
    all.sort((a, b) => a.offset - b.offset);
    const consumed = message - input.from;
    return { batch, errors: all, consumed, ...(waitFor === null ? {} : { waitFor }) };
  }
}

function withoutPrefix(input: MessageInput, kept: readonly number[]): MessageInput {
  const bounds = new Int32Array(kept.length * 2);
  const offsets = new Float64Array(kept.length);
  for (const [i, message] of kept.entries()) {
    bounds[2 * i] = (input.bounds[2 * message] as number) + prefixBytes;
    bounds[2 * i + 1] = input.bounds[2 * message + 1] as number;
    offsets[i] = input.offsets[message] as number;
  }
  return { bytes: input.bytes, bounds, offsets, from: 0, count: kept.length };
}

/** The error with the bytes of the whole message, so that it can be sent again. */
function whole(error: RecordError, input: MessageInput, kept: readonly number[]): RecordError {
  const message = kept.find((candidate) => input.offsets[candidate] === error.offset);
  const start = message === undefined ? 0 : (input.bounds[2 * message] as number);
  const bytes = new Uint8Array(prefixBytes + error.bytes.length);
  bytes.set(input.bytes.subarray(start, start + prefixBytes));
  bytes.set(error.bytes, prefixBytes);
  return { ...error, bytes };
}
