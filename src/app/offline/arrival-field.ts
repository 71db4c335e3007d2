// Which field of a stream says when its records arrived, for training sets that may only know what
// had arrived.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { formatType } from '../../kernel/types/field-type.ts';
import type { StreamNode } from '../../plan/plan.ts';

/** Throws MR_CONFIG_INVALID when none is named, or one that is not there or holds no instants. */
export function arrivalFieldOf(
  stream: StreamNode,
  arrivalFields: Readonly<Record<string, string>>,
): string {
  const name = arrivalFields[stream.name];
  const context = { path: stream.name };
  if (name === undefined) {
    const message = `nothing says when records of stream "${stream.name}" arrived`;
    throw new MillraceError('MR_CONFIG_INVALID', message, {
      context,
      fix: `name the field with --arrival-field ${stream.name}=<field>, or use --mode logged`,
    });
  }
  const field = stream.fields.find((candidate) => candidate.name === name);
  if (field === undefined) {
    const names = stream.fields.map((candidate) => candidate.name);
    throw new MillraceError('MR_CONFIG_INVALID', `stream "${stream.name}" has no field "${name}"`, {
      context,
      fix: suggestName(name, names),
    });
  }
  if (field.type.kind === 'timestamp') return name;
  const holds = formatType(field.type);
  throw new MillraceError('MR_CONFIG_INVALID', `field "${name}" holds ${holds}, not instants`, {
    context,
    fix: 'name a field of type timestamp',
  });
}
