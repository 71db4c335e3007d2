// What a store knows of its views: a record per view with its number, key, features and fingerprint.
// Rows of another fingerprint are never read: the difference is reported instead.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { type Field, type FieldType, formatField } from '../../kernel/types/field-type.ts';
import type { StoredView } from '../../ports/online-store.ts';

interface RecordedField {
  readonly name: string;
  readonly type: FieldType;
  readonly nullable: boolean;
}

export interface ViewRecord {
  /** Prefix of the view's keys; never 0. */
  readonly number: number;
  readonly view: string;
  readonly key: readonly RecordedField[];
  readonly features: readonly RecordedField[];
  readonly fingerprint: string;
}

export function recordOf(view: StoredView, number: number): ViewRecord {
  return {
    number,
    view: view.view,
    key: view.key.map(recordField),
    features: view.features.map(recordField),
    fingerprint: view.fingerprint,
  };
}

function recordField({ name, type, nullable }: Field): RecordedField {
  return { name, type, nullable };
}

export function storedViewOf({ view, key, features, fingerprint }: ViewRecord): StoredView {
  return { view, key, features, fingerprint };
}

/**
 * Throws MR_STORE_SCHEMA when the rows in the store are not those of the view as it is defined now;
 * with `acceptsSameShape`, when they could not be read by it.
 */
export function checkRecord(
  directory: string,
  stored: ViewRecord,
  view: StoredView,
  acceptsSameShape: boolean,
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
    `the store ${directory} holds "${view.view}" as it was defined before: ${what}`,
    {
      context: { path: directory, view: view.view },
      fix: `run with --fresh-state (or delete ${directory}), or give this definition another folder`,
    },
  );
}

function compare(
  noun: string,
  stored: readonly RecordedField[],
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
