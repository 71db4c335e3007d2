// What a store knows of its views: a record per view with its number, key, features and fingerprint.
// Rows of another fingerprint are never read: the difference is reported instead.
import type { Field, FieldType } from '../../kernel/types/field-type.ts';
import type { StoredView } from '../../ports/online-store.ts';
import { checkStoredView } from '../../ports/stores/stored-view-change.ts';

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
  const fix = `run with --fresh-state (or delete ${directory}), or give this definition another folder`;
  checkStoredView(storedViewOf(stored), view, { store: directory, fix, acceptsSameShape });
}
