// What became different between a view as a store has it and as it is defined now. Rows of another
// fingerprint are never read: the difference is reported instead.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { type Field, formatField } from '../../kernel/types/field-type.ts';
import type { StoredView } from '../stored-view.ts';

export interface StorePlaceText {
  /** The store, for the message and the error's context. */
  readonly store: string;
  readonly fix: string;
}

/**
 * Throws MR_STORE_SCHEMA when the rows in a store are not those of the view as it is defined now; with
 * `acceptsSameShape`, when they could not be read by it.
 */
export function checkStoredView(
  stored: StoredView,
  view: StoredView,
  { store, fix, acceptsSameShape }: StorePlaceText & { readonly acceptsSameShape: boolean },
): void {
  if (stored.fingerprint === view.fingerprint) return;
  const differences = [
    ...compare('key', stored.key, view.key),
    ...compare('feature', stored.features, view.features),
  ];
  if (acceptsSameShape && differences.length === 0) return;
  const what = differences.length > 0 ? differences.join('; ') : 'its definition changed';
  throw new MillraceError(
    'MR_STORE_SCHEMA',
    `the store ${store} holds "${view.view}" as it was defined before: ${what}`,
    { context: { path: store, view: view.view }, fix },
  );
}

function compare(
  noun: string,
  stored: readonly Field[],
  defined: readonly Field[],
): readonly string[] {
  const before = new Map(stored.map((field) => [field.name, formatField(field)]));
  const now = new Map(defined.map((field) => [field.name, formatField(field)]));
  const added = [...now.keys()].filter((name) => !before.has(name));
  const removed = [...before.keys()].filter((name) => !now.has(name));
  const changed = [...now].filter(([name, text]) => (before.get(name) ?? text) !== text);
  const isMoved = added.length + removed.length + changed.length === 0;
  const orderBefore = [...before.keys()].join(', ');
  return [
    ...added.map((name) => `${noun} ${name} is new`),
    ...removed.map((name) => `${noun} ${name} is gone`),
    ...changed.map(([name, text]) => `${noun} ${before.get(name)} is now ${text}`),
    ...(isMoved && orderBefore !== [...now.keys()].join(', ')
      ? [`${noun}s were in the order ${orderBefore}`]
      : []),
  ];
}
