// Entities of ours as Feast has them: one join key each. A composite key becomes several entities; one
// that has the key part as its only key stands for it, else one is made that is named for the part.
import type { Field } from '../../kernel/types/field-type.ts';
import type { EntityNode, Plan, ViewNode } from '../../plan/plan.ts';

export interface FeastEntity {
  readonly name: string;
  /** Feast's entity of views without one has a key that nobody gives, of a type that nobody knows. */
  readonly joinKey: Pick<Field, 'name' | 'type'>;
  readonly description: string | null;
}

export interface FeastEntities {
  readonly entities: readonly FeastEntity[];
  /** Names of the entities of a view; of one without a key, Feast's own for that. */
  of(view: ViewNode): readonly string[];
}

/** What Feast has for views without an entity. */
export const dummyEntity: FeastEntity = {
  name: '__dummy',
  joinKey: { name: '__dummy_id', type: { kind: 'string' } },
  description: null,
};

export function feastEntities(plan: Plan): FeastEntities {
  const found = new Map<string, FeastEntity>();
  const single = plan.entities.filter(({ key }) => key.length === 1);
  for (const entity of single) addSingle(found, entity);
  for (const { key } of plan.entities) {
    for (const field of key) addPart(found, field);
  }
  const nameOf = (field: { readonly name: string; readonly type: Field['type'] }): string => {
    const match = [...found.values()].find(({ joinKey }) => isSame(joinKey, field));
    if (match === undefined) throw new Error(`no entity has the key ${field.name}`);
    return match.name;
  };
  const isKeyless = plan.entities.some(({ key }) => key.length === 0);
  return {
    entities: [...found.values(), ...(isKeyless ? [dummyEntity] : [])],
    of: ({ key }) => (key.length === 0 ? [dummyEntity.name] : key.map(nameOf)),
  };
}

function addSingle(found: Map<string, FeastEntity>, { name, key, description }: EntityNode): void {
  const [joinKey] = key;
  if (joinKey !== undefined) found.set(name, { name, joinKey, description });
}

function addPart(found: Map<string, FeastEntity>, field: Field): void {
  if ([...found.values()].some(({ joinKey }) => isSame(joinKey, field))) return;
  let name = field.name;
  while (found.has(name)) name = `${name}_${field.type.kind}`;
  found.set(name, { name, joinKey: field, description: null });
}

function isSame(a: Pick<Field, 'name' | 'type'>, b: Pick<Field, 'name' | 'type'>): boolean {
  return a.name === b.name && a.type.kind === b.type.kind;
}
