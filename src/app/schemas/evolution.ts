// The evolution table: what may change from one version of a schema to the next, whatever its
// language. Fields with a default may come; nothing may go, change its type or its name. Stricter
// than full compatibility on purpose: features are computed by name from years of records.
import type { SchemaField } from '../../ports/schema-registry.ts';

export type ChangeKind =
  | 'added-with-default'
  | 'added-without-default'
  | 'removed'
  | 'renamed'
  | 'type-changed'
  | 'default-removed';

/** One difference between two versions. */
export interface SchemaChange {
  readonly kind: ChangeKind;
  /** The field, in the version that has it (the new one, when both do). */
  readonly path: string;
  readonly allowed: boolean;
  /** What changed, in words. */
  readonly message: string;
  /** How to get there safely; only of what is not allowed. */
  readonly procedure?: string;
}

/** Every difference that the table speaks of, in the order of the old fields, then of the new. */
export function schemaChanges(
  before: readonly SchemaField[],
  after: readonly SchemaField[],
): readonly SchemaChange[] {
  const old = new Map(before.map((field) => [field.key, field]));
  const now = new Map(after.map((field) => [field.key, field]));
  const removed = outermost(before.filter(({ key }) => !now.has(key)));
  const added = outermost(after.filter(({ key }) => !old.has(key)));
  const renames = findRenames(removed, added);
  const renamedTo = new Set(renames.values());
  const changes: SchemaChange[] = [];
  for (const field of before) {
    const next = now.get(field.key);
    if (next !== undefined) changes.push(...changesOf(field, next));
    else if (removed.includes(field)) changes.push(goneChange(field, renames.get(field)));
  }
  for (const field of added) if (!renamedTo.has(field)) changes.push(addedChange(field));
  return changes;
}

/** Fields whose parent is not in the list too: with a parent come and go all its members. */
function outermost(fields: readonly SchemaField[]): readonly SchemaField[] {
  const paths = new Set(fields.map(({ path }) => path));
  return fields.filter(({ path }) => {
    const parent = parentOf(path);
    return parent === '' || !paths.has(parent);
  });
}

/** `a.b[].c` → `a.b`. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.'))).replace(/[[\]{}]+$/, '');
}

/** Removed fields and what they are called now: by alias, or the only two of a type at a place. */
function findRenames(
  removed: readonly SchemaField[],
  added: readonly SchemaField[],
): ReadonlyMap<SchemaField, SchemaField> {
  const renames = new Map<SchemaField, SchemaField>();
  for (const field of removed) {
    const name = nameOf(field);
    const near = added.filter(({ path }) => parentOf(path) === parentOf(field.path));
    const byAlias = near.find(({ aliases }) => aliases.includes(name));
    const same = near.filter(({ type }) => type === field.type);
    const alike = removed.filter(
      ({ path, type }) => parentOf(path) === parentOf(field.path) && type === field.type,
    );
    const only = same.length === 1 && alike.length === 1 ? same[0] : undefined;
    const target = byAlias ?? only;
    if (target !== undefined) renames.set(field, target);
  }
  return renames;
}

function changesOf(before: SchemaField, after: SchemaField): readonly SchemaChange[] {
  const { path } = after;
  const changes: SchemaChange[] = [];
  if (nameOf(before) !== nameOf(after)) changes.push(renamedChange(before, after));
  if (typeText(before) !== typeText(after)) {
    const message = `changes from ${typeText(before)} to ${typeText(after)}`;
    changes.push(refused('type-changed', path, message, typeProcedure(path)));
  }
  if (before.hasDefault && !after.hasDefault) {
    const procedure = 'keep the default: older records may lack the field';
    changes.push(refused('default-removed', path, 'loses its default', procedure));
  }
  return changes;
}

function goneChange(field: SchemaField, target: SchemaField | undefined): SchemaChange {
  if (target !== undefined) return renamedChange(field, target);
  const procedure =
    'keep it. 1. let definitions stop reading it; 2. let producers go on writing it, or its ' +
    'default; 3. to be rid of it, start a new topic with the new schema, move producers and ' +
    'readers there, and retire the old topic when its retention has passed';
  return refused('removed', field.path, 'is removed', procedure);
}

function renamedChange(before: SchemaField, after: SchemaField): SchemaChange {
  const procedure =
    `keep "${before.path}". 1. add "${after.path}" with a default; 2. let producers write both; ` +
    `3. move definitions to "${after.path}"; 4. leave "${before.path}" as it is`;
  return refused('renamed', after.path, `was called "${before.path}"`, procedure);
}

function typeProcedure(path: string): string {
  return (
    `keep the type. 1. add a field of the new type with a default ("${path}_v2"); 2. let ` +
    'producers write both; 3. move definitions to the new field; 4. leave the old one as it is'
  );
}

function addedChange(field: SchemaField): SchemaChange {
  const { path, hasDefault, type } = field;
  if (hasDefault) {
    const message = `is added: ${typeText(field)}, with a default`;
    return { kind: 'added-with-default', path, allowed: true, message };
  }
  const procedure =
    'give it a default: null where it may be absent (a union with null first), or a value that ' +
    'means "not known". A definition may still require it: its records without it are dead letters';
  const message = `is added: ${type}, required and without a default`;
  return refused('added-without-default', path, message, procedure);
}

function nameOf({ path }: SchemaField): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function typeText({ type, nullable }: SchemaField): string {
  return nullable ? `nullable ${type}` : type;
}

function refused(kind: ChangeKind, path: string, message: string, procedure: string): SchemaChange {
  return { kind, path, allowed: false, message, procedure };
}
