// Entities: what features are about.
import type { RowOfShape, SchemaShape } from './type-builder.ts';

/** What features are about, and by which fields it is known. */
export interface Entity<Key extends SchemaShape = SchemaShape> {
  readonly definition: 'entity';
  readonly name: string;
  readonly key: Key;
  readonly options: EntityOptions<SchemaShape>;
}

/** Options of `entity`. */
export interface EntityOptions<Key extends SchemaShape> {
  /** Join keys by name: string, bool, int32, int64, bytes, date or timestamp. Empty: one group of everything. */
  readonly key: Key;
  readonly description?: string;
}

/** Declares an entity: `entity('user', { key: { user_id: t.string() } })`. */
export function entity<const Key extends SchemaShape>(
  name: string,
  options: EntityOptions<Key>,
): Entity<Key> {
  return Object.freeze({
    definition: 'entity',
    name,
    key: options?.key,
    options: options as unknown as EntityOptions<SchemaShape>,
  });
}

/** The key of an entity or view as an object: `{ user_id: string }`. */
export type KeyOf<T> = T extends {
  readonly definition: 'entity';
  readonly key: infer Key extends SchemaShape;
}
  ? RowOfShape<Key>
  : T extends { readonly entity: Entity<infer Key> }
    ? RowOfShape<Key>
    : never;
