// The verdict on a new version of a schema: by the evolution table, or by a level of compatibility
// as registries have them. Both are always worked out; the level decides which one counts.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Compatibility, Incompatibility, ParsedSchema } from '../../ports/schema-registry.ts';
import { type SchemaChange, schemaChanges } from './evolution.ts';

/** What counts: the table (which implies full compatibility), or a level alone. */
export type Rule = 'TABLE' | Compatibility;

export const levels: readonly Compatibility[] = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
];

/** The level of an option; null when it is not given, so that the table counts. */
export function parseRule(given: unknown): Rule | null {
  if (given === undefined) return null;
  const level = levels.find((candidate) => candidate === given);
  if (level !== undefined) return level;
  throw new MillraceError('MR_CONFIG_INVALID', `${JSON.stringify(given)} is no level`, {
    fix: `use one of ${levels.join(', ')}`,
  });
}

export interface SchemaVerdict {
  readonly ok: boolean;
  readonly rule: Rule;
  /** Readers of the new schema and data of the old. */
  readonly backward: Direction;
  /** Readers of the old schema and data of the new. */
  readonly forward: Direction;
  readonly evolution: { readonly allowed: boolean; readonly changes: readonly SchemaChange[] };
}

export interface Direction {
  readonly compatible: boolean;
  readonly reasons: readonly Incompatibility[];
}

/** Judges a schema against the versions before it, oldest first; without any everything is right. */
export function judgeSchema(
  schema: ParsedSchema,
  before: readonly ParsedSchema[],
  rule: Rule,
): SchemaVerdict {
  const judged = rule.endsWith('_TRANSITIVE') ? before : before.slice(-1);
  const backward = direction(judged.flatMap((old) => schema.cannotRead(old)));
  const forward = direction(judged.flatMap((old) => old.cannotRead(schema)));
  const newest = before.at(-1);
  const changes = newest === undefined ? [] : schemaChanges(newest.fields, schema.fields);
  const evolution = { allowed: changes.every(({ allowed }) => allowed), changes };
  const ok = isRight(rule, backward.compatible, forward.compatible, evolution.allowed);
  return { ok, rule, backward, forward, evolution };
}

function direction(reasons: readonly Incompatibility[]): Direction {
  return { compatible: reasons.length === 0, reasons };
}

function isRight(rule: Rule, backward: boolean, forward: boolean, allowed: boolean): boolean {
  switch (rule) {
    case 'NONE':
      return true;
    case 'BACKWARD':
    case 'BACKWARD_TRANSITIVE':
      return backward;
    case 'FORWARD':
    case 'FORWARD_TRANSITIVE':
      return forward;
    case 'FULL':
    case 'FULL_TRANSITIVE':
      return backward && forward;
    case 'TABLE':
      return backward && forward && allowed;
  }
}
