// Why views cannot be kept in Feast's layout, all at once and before anything is opened.
import { isKeyKind } from '../../../kernel/key-encoding.ts';
import type { StoredView, StoreProblem } from '../../../ports/stored-view.ts';
import { feastKeyType } from './entity-key.ts';
import { fieldCollisions } from './hash-fields.ts';

/** Keys of types that Feast has none for, and features that would lie in one field of a hash. */
export function feastProblems(views: readonly StoredView[]): readonly StoreProblem[] {
  const keys = views.flatMap(({ view, key }) =>
    key.flatMap(({ name, type }) =>
      isKeyKind(type.kind) && feastKeyType(type.kind) === null
        ? [
            {
              code: 'MR_FEAST_LAYOUT' as const,
              message: `view "${view}": key "${name}" is ${type.kind}: Feast has no such key`,
              fix: "use a string or an int32 as the key, or layout: 'packed'",
            },
          ]
        : [],
    ),
  );
  const fields = fieldCollisions(views).map(({ first, second }) => ({
    code: 'MR_FEAST_LAYOUT' as const,
    message: `${first} and ${second} have the same field in Feast's hash: one would overwrite the other`,
    fix: `rename one of them, or use layout: 'packed'`,
  }));
  return [...keys, ...fields];
}
