// Names of the fields of Feast's hashes. One hash holds all views of an entity, so a feature's field
// is a hash of four bytes over `view:feature`; two features with the same one would be one value.
// The version is a field of ours, which Feast does not ask for.
import { hashBytes } from '../../../kernel/hash.ts';
import type { StoredView } from '../../../ports/stored-view.ts';

const utf8 = new TextEncoder();

/** The field of a feature's value. */
export function featureField(view: string, feature: string): Uint8Array {
  const name = utf8.encode(`${view}:${feature}`);
  const field = new Uint8Array(4);
  new DataView(field.buffer).setUint32(0, hashBytes(name, 0, name.length), true);
  return field;
}

/** The field of the newest event time of a view. */
export function timeField(view: string): Uint8Array {
  return utf8.encode(`_ts:${view}`);
}

/** The field of the version of a view's values: `as_of` and `seq`, two doubles, little-endian. */
export function versionField(view: string): Uint8Array {
  return utf8.encode(`_v:${view}`);
}

/** The fields of a view in the order in which rows are read and written: features, time, version. */
export function hashFieldsOf({ view, features }: StoredView): readonly Uint8Array[] {
  const named = features.map(({ name }) => featureField(view, name));
  return [...named, timeField(view), versionField(view)];
}

/** Two features that would lie in one field of one hash. */
export interface FieldCollision {
  readonly first: string;
  readonly second: string;
}

/** Features of views with the same join keys whose fields are equal. */
export function fieldCollisions(views: readonly StoredView[]): readonly FieldCollision[] {
  const seen = new Map<string, string>();
  const found: FieldCollision[] = [];
  for (const { view, key, features } of views) {
    const entity = JSON.stringify(key.map(({ name }) => name).toSorted());
    for (const { name } of features) {
      const place = `${entity}/${featureField(view, name).join()}`;
      const second = `${view}.${name}`;
      const first = seen.get(place);
      if (first === undefined) seen.set(place, second);
      else found.push({ first, second });
    }
  }
  return found;
}
