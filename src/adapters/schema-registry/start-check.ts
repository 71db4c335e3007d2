// Whether what a topic's producers write now fits a stream, asked before a job begins.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { RowType } from '../../kernel/types/field-type.ts';
import type { SchemaLanguage, SchemaRegistry } from '../../ports/schema-registry.ts';
import { askAgain } from './backoff.ts';
import type { RegisteredOptions } from './registered-options.ts';

/** Tries at the start: about six seconds. Later, a job waits as long as it takes. */
const triesMax = 7;

/** Throws MR_SCHEMA_MISMATCH when the subject's newest schema cannot fill the row type. */
export async function checkNewest(
  language: SchemaLanguage,
  registry: SchemaRegistry,
  rowType: RowType,
  { subject, clock, signal }: RegisteredOptions,
): Promise<void> {
  const newest = await askAgain(() => registry.latest(subject), { clock, signal, triesMax });
  // A topic may be written before its subject has a schema, or under subjects of other names.
  if (newest === null) return;
  const what = `schema ${newest.id} (${subject} version ${newest.version})`;
  if (newest.type !== language.type) {
    const text = `${what} is of ${newest.type}, and the stream reads ${language.name}`;
    throw new MillraceError('MR_SCHEMA_MISMATCH', text, {
      fix: 'correct the format of the stream',
    });
  }
  const reasons = language.parse(newest).cannotFill(rowType);
  if (reasons.length === 0) return;
  const list = reasons.map(({ path, message }) => `"${path}" ${message}`).join('; ');
  throw new MillraceError('MR_SCHEMA_MISMATCH', `${what} does not fit the stream: ${list}`, {
    fix: 'change the stream to what is written, or make fields nullable or give them a default',
  });
}
