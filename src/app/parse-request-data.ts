// Request data as people type it (`amount=5`) → values as JSON would have them. Types are checked where
// the request is read.
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import { suggestName } from '../kernel/nearest-name.ts';
import { formatField } from '../kernel/types/field-type.ts';
import type { OnDemandViewNode } from '../plan/plan.ts';
import { valueOfText } from '../serve/read/request-columns.ts';

/** What the parts bring, by name; throws MR_SERVE_REQUEST for what the view does not ask for. */
export function parseRequest(
  { name: view, request }: OnDemandViewNode,
  parts: readonly string[],
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const part of parts) {
    const [name = '', ...rest] = part.split('=');
    const field = request.find((candidate) => candidate.name === name);
    if (field === undefined || rest.length === 0) {
      const names = request.map((candidate) => candidate.name);
      const message =
        field === undefined
          ? `${view} asks for no "${name}"; ${suggestName(name, names)}`
          : `"${part}" is not name=value`;
      throw new MillraceError('MR_SERVE_REQUEST', message, {
        context: { path: `request.${name}` },
        fix: `it asks for ${request.map(formatField).join(', ') || 'nothing'}`,
      });
    }
    values[name] = valueOfText(field, rest.join('='));
  }
  return values;
}
