// Why a value does not fit its field. Formats turn it into a RecordError with the record's bytes.
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';

/** A value that its field refuses: the record becomes a dead letter. */
export class FieldProblem extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = 'FieldProblem';
    this.code = code;
  }
}

/** A short quote of a value for a message: never more than 40 characters of it. */
export function quoteValue(text: string): string {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return JSON.stringify(shown);
}
