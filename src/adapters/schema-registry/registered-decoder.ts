// Messages that name the schema they were written with, to columns. Messages of one schema are read
// in one go; before a message whose schema is not here yet it stops and says what it waits for.
import type { RowType } from '../../kernel/types/field-type.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { MessageDecoder, MessageInput, MessageResult } from '../../ports/format.ts';
import type {
  MessageReader,
  ReadableSchema,
  SchemaLanguage,
  SchemaRegistry,
} from '../../ports/schema-registry.ts';
import { MessageRows } from './message-rows.ts';
import { openRegistry } from './open-registry.ts';
import type { RegisteredOptions } from './registered-options.ts';
import { SchemaReaders } from './schema-readers.ts';
import { checkNewest } from './start-check.ts';
import { noPrefix, noValue, prefixOf, schemaIdOf } from './wire-prefix.ts';

export class RegisteredDecoder implements MessageDecoder {
  readonly #language: SchemaLanguage<ReadableSchema>;
  readonly #options: RegisteredOptions;
  readonly #registry: SchemaRegistry;
  readonly #rows: MessageRows;
  readonly #readers: SchemaReaders<MessageReader>;

  constructor(
    language: SchemaLanguage<ReadableSchema>,
    rowType: RowType,
    options: RegisteredOptions,
  ) {
    const { clock, signal, report, timestamp } = options;
    this.#language = language;
    this.#options = options;
    this.#registry = openRegistry(options.registry, options);
    this.#rows = new MessageRows(rowType);
    this.#readers = new SchemaReaders({
      registry: this.#registry,
      clock,
      signal,
      report,
      createReader: (id, schema) => {
        if (schema.type !== language.type) throw otherLanguage(schema.type, language);
        const prefix = prefixOf(id);
        return language.parse(schema).createReader(this.#rows, { timestamp, prefix });
      },
    });
  }

  get waitingFor(): string | null {
    return this.#readers.problem;
  }

  open(): Promise<void> {
    const { rowType } = this.#rows;
    return checkNewest(this.#language, this.#registry, rowType, this.#options);
  }

  decode(input: MessageInput): MessageResult {
    const rows = this.#rows;
    rows.begin(input);
    let message = input.from;
    while (message < input.count) {
      const id = schemaIdOf(input, message);
      if (id === noValue || id === noPrefix) {
        rows.reportUnprefixed(message++, id);
        continue;
      }
      const state = this.#readers.of(id);
      if (state.kind === 'loading') {
        const consumed = message - input.from;
        return { batch: rows.finish(), errors: rows.errors, consumed, waitFor: state.loaded };
      }
      if (state.kind === 'ready') message = state.reader(message);
      else rows.report(message++, state.code, `record ${state.message}`);
    }
    return { batch: rows.finish(), errors: rows.errors, consumed: input.count - input.from };
  }
}

export function otherLanguage(found: string, { name }: SchemaLanguage): MillraceError {
  const text = `it is a schema of ${found}, and the stream reads ${name}`;
  return new MillraceError('MR_SCHEMA_MISMATCH', text, { fix: 'correct the format of the stream' });
}
