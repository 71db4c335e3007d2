// The views of an open store by name. A writer records views that the store does not know; a reader
// that opened before the writer did asks again until the record is there. Both refuse rows of
// another definition.
import { Buffer } from 'node:buffer';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { StoreContext, StoredView } from '../../ports/online-store.ts';
import type { Database } from './database.ts';
import { greatestAsOfKey, metaKey, rangeStart } from './row-key.ts';
import { type ViewRecord, checkRecord, recordOf, storedViewOf } from './view-records.ts';

export interface ViewCatalogue {
  /** Number of a view; null when it is not in the plan, or nothing was ever written for it. */
  numberOf(view: string): number | null;
}

const layoutVersion = '1';
const layoutKey = metaKey('layout');
const viewPrefix = 'view:';
/** Stands for the view with the greatest number that was dropped; no view has this name. */
const droppedName = '!';
const numberMax = 0xfffe;
const removedPerTransaction = 4096;

export function createViewCatalogue(
  directory: string,
  db: Database,
  context: StoreContext,
): ViewCatalogue {
  checkLayout(directory, db);
  const numbers = new Map<string, number>();
  const wanted = new Map(context.views.map((view) => [view.view, view]));
  const check = (stored: ViewRecord, view: StoredView): void =>
    checkRecord(directory, stored, view, context.acceptsSameShape === true);
  if (context.mode === 'write') dropRows(db, context);
  for (const view of context.views) {
    const stored = readRecord(db, view.view);
    if (stored === null) continue;
    check(stored, view);
    numbers.set(view.view, stored.number);
  }
  if (context.mode === 'write') {
    const absent = context.views.filter(({ view }) => !numbers.has(view));
    for (const [view, number] of record(db, absent)) numbers.set(view, number);
  }
  return {
    numberOf(view) {
      const known = numbers.get(view);
      if (known !== undefined) return known;
      const defined = wanted.get(view);
      const stored = defined === undefined ? null : readRecord(db, view);
      if (defined === undefined || stored === null) return null;
      check(stored, defined);
      numbers.set(view, stored.number);
      return stored.number;
    },
  };
}

/** Removes rows that the writer does not want to keep, and that their views were ever there. */
function dropRows(db: Database, { views, existing = 'keep' }: StoreContext): void {
  if (existing === 'keep') return;
  for (const view of views) {
    const stored = readRecord(db, view.view);
    if (stored === null) continue;
    if (existing === 'dropChanged' && stored.fingerprint === view.fingerprint) continue;
    removeRange(db, rangeStart(stored.number), rangeStart(stored.number + 1));
    db.transaction(() => {
      db.remove(metaKey(viewPrefix + view.view));
      // Its number is never given again: a server may still be reading by it.
      const { number } = readRecord(db, droppedName) ?? stored;
      const dropped = { ...stored, view: droppedName, number: Math.max(number, stored.number) };
      db.put(metaKey(viewPrefix + droppedName), Buffer.from(JSON.stringify(dropped)));
    });
  }
  if (existing === 'dropAll') db.transaction(() => db.remove(greatestAsOfKey));
}

function removeRange(db: Database, start: Uint8Array, end: Uint8Array): void {
  for (;;) {
    const page = db.entries(start, end, removedPerTransaction);
    if (page.length === 0) return;
    db.transaction(() => {
      for (const { key } of page) db.remove(key);
    });
  }
}

function checkLayout(directory: string, db: Database): void {
  const bytes = db.peek(layoutKey);
  const found = bytes === undefined ? layoutVersion : Buffer.from(bytes).toString('utf8');
  if (found === layoutVersion) return;
  throw new MillraceError(
    'MR_STORE_SCHEMA',
    `the store ${directory} has layout ${found}; this version of millrace reads ${layoutVersion}`,
    {
      context: { path: directory },
      fix: `delete ${directory} and run again, or use the version of millrace that wrote it`,
    },
  );
}

function readRecord(db: Database, view: string): ViewRecord | null {
  const bytes = db.peek(metaKey(viewPrefix + view));
  return bytes === undefined ? null : (JSON.parse(Buffer.from(bytes).toString()) as ViewRecord);
}

function records(db: Database): readonly ViewRecord[] {
  const found = db.entries(metaKey(viewPrefix), metaKey('view;'), numberMax);
  return found.map(({ value }) => JSON.parse(Buffer.from(value).toString()) as ViewRecord);
}

/** The views that the store has rows of, as they were defined when it was written. */
export function recordedNumbers(
  db: Database,
): ReadonlyMap<string, { readonly number: number; readonly view: StoredView }> {
  const known = records(db).filter(({ view }) => view !== droppedName);
  return new Map(
    known.map((record) => [record.view, { number: record.number, view: storedViewOf(record) }]),
  );
}

/** Records new views with numbers that no view has, in one transaction. */
function record(db: Database, views: readonly StoredView[]): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  db.transaction(() => {
    db.put(layoutKey, Buffer.from(layoutVersion));
    let last = 0;
    for (const { number } of records(db)) last = Math.max(last, number);
    for (const view of views) {
      last += 1;
      if (last > numberMax) throw new MillraceError('MR_STORE_OPEN', 'the store has 65,534 views');
      const stored = recordOf(view, last);
      db.put(metaKey(viewPrefix + view.view), Buffer.from(JSON.stringify(stored)));
      numbers.set(view.view, last);
    }
  });
  return numbers;
}
