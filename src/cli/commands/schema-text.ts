// A verdict on a schema as people read it: what changed, what that breaks, how to do it safely.
import type { Direction, SchemaVerdict } from '../../app/schemas/judge-schema.ts';

/** The lines that `schema check` prints. */
export function describeVerdict(verdict: SchemaVerdict): string {
  const { ok, rule, backward, forward, evolution } = verdict;
  const by = rule === 'TABLE' ? 'the evolution table' : rule;
  const lines = [`${ok ? 'ok' : 'refused'} by ${by}`];
  for (const { allowed, path, message, procedure } of evolution.changes) {
    lines.push(`  ${allowed ? 'allowed' : 'refused'}: "${path}" ${message}`);
    if (procedure !== undefined) lines.push(`    safely: ${procedure}`);
  }
  lines.push(...describeDirection('new readers, old records', backward));
  lines.push(...describeDirection('old readers, new records', forward));
  return lines.join('\n');
}

function describeDirection(title: string, { compatible, reasons }: Direction): readonly string[] {
  return [
    `  ${title}: ${compatible ? 'can be read' : 'cannot be read'}`,
    ...reasons.map(
      ({ path, message }) => `    ${path === '' ? 'the schema' : `"${path}"`} ${message}`,
    ),
  ];
}
