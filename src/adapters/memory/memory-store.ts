// The online store without a disk: the same rows and the same rules as the embedded store, gone with
// the process. All openings of one binding see the same data.
import { Buffer } from 'node:buffer';
import { createNewestRows } from '../../columns/newest-rows.ts';
import { createRowPacker } from '../../columns/packed-row-writer.ts';
import { asOfMsOf, isNewerThan, seqOf } from '../../columns/packed-row.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type {
  OnlineStore,
  OnlineStoreBinding,
  StoreContext,
  StoredView,
} from '../../ports/online-store.ts';
import {
  type AliasState,
  type RowReplacement,
  type StoreJobs,
  type StoreRows,
  movedAlias,
  unmovedAlias,
} from '../../ports/store-jobs.ts';

interface Contents {
  readonly views: Map<string, Map<string, Uint8Array>>;
  /** Of the views as they were last opened for writing. */
  readonly definitions: Map<string, StoredView>;
  readonly notes: Map<string, string>;
  greatestAsOfMs: number | null;
}

/**
 * An online store in memory, for tests and programs that read their own features.
 * **Guarantee:** writes are versioned by (`as_of`, `seq`) like those of every store; nothing survives
 * the process. **State growth:** one packed row per view and key, never removed.
 */
export function memoryStore(): OnlineStoreBinding {
  const jobs = new Map<string | null, Contents>();
  const contentsOf = (variant: string | null): Contents => {
    const contents = jobs.get(variant) ?? emptyContents();
    jobs.set(variant, contents);
    return contents;
  };
  return {
    description: 'memory',
    open: async (context) => openContents(contentsOf(context.variant ?? null), context),
    jobs: {
      openAlias: memoryAlias(),
      openRows: async (place) => rowsOf(contentsOf(place.variant)),
    },
  };
}

function emptyContents(): Contents {
  return { views: new Map(), definitions: new Map(), notes: new Map(), greatestAsOfMs: null };
}

function memoryAlias(): StoreJobs['openAlias'] {
  let state: AliasState = unmovedAlias;
  return async () => ({
    current: () => state,
    move: async (change) => {
      if (change.from !== state.version) {
        throw new MillraceError('MR_STORE_ALIAS', 'somebody else has switched readers meanwhile', {
          fix: 'look at what it is now, and decide again',
        });
      }
      state = movedAlias(state, change);
      return state;
    },
    close: () => Promise.resolve(),
  });
}

function openContents(contents: Contents, context: StoreContext): OnlineStore {
  const { existing = 'keep' } = context;
  for (const defined of context.views) {
    const { view, fingerprint } = defined;
    const before = contents.definitions.get(view)?.fingerprint ?? fingerprint;
    const isChanged = before !== fingerprint;
    const isDropped = existing === 'dropAll' || (existing === 'dropChanged' && isChanged);
    if (isDropped || !contents.views.has(view)) contents.views.set(view, new Map());
    if (context.mode === 'write') contents.definitions.set(view, defined);
  }
  if (existing === 'dropAll') contents.greatestAsOfMs = null;
  const write = createWriter(contents);
  return {
    write: (batch) => Promise.resolve(write(batch)),
    ...readerOf(contents),
    greatestAsOfMs: () => contents.greatestAsOfMs,
    writeNote(name, value) {
      contents.notes.set(name, value);
      return Promise.resolve();
    },
    readNote: (name) => contents.notes.get(name) ?? null,
    close: () => Promise.resolve(),
  };
}

function readerOf(contents: Contents): Pick<OnlineStore, 'read' | 'scan'> {
  return {
    read(view, keys) {
      const rows = contents.views.get(view);
      return keys.map((key) => rows?.get(keyText(key, 0, key.length)) ?? null);
    },
    async *scan(view) {
      const rows = [...(contents.views.get(view) ?? [])];
      rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      for (const [key, row] of rows) yield { key: new Uint8Array(Buffer.from(key, 'latin1')), row };
    },
  };
}

function rowsOf(contents: Contents): StoreRows {
  return {
    ...readerOf(contents),
    views: [...contents.definitions.values()],
    replace: async (view, rows) => rows.map((row) => replaceRow(contents, view, row)),
    close: () => Promise.resolve(),
  };
}

function replaceRow(
  contents: Contents,
  view: string,
  { key, row, expected }: RowReplacement,
): boolean {
  const rows = contents.views.get(view);
  const text = keyText(key, 0, key.length);
  const stored = rows?.get(text);
  if (rows === undefined || (stored === undefined) !== (expected === null)) return false;
  if (stored !== undefined && expected !== null) {
    if (asOfMsOf(stored) !== expected.asOfMs || seqOf(stored) !== expected.seq) return false;
  }
  if (row === null) rows.delete(text);
  else {
    rows.set(text, row);
    contents.greatestAsOfMs = Math.max(contents.greatestAsOfMs ?? -Infinity, asOfMsOf(row));
  }
  return true;
}

function createWriter(contents: Contents): (batch: VectorBatch) => void {
  const newest = createNewestRows();
  const packer = createRowPacker();
  return (batch) => {
    const rows = contents.views.get(batch.view) ?? new Map<string, Uint8Array>();
    contents.views.set(batch.view, rows);
    for (const row of newest.find(batch)) {
      const asOfMs = batch.asOfMs[row] as number;
      const key = keyText(batch.keyData, batch.keyStarts[row] ?? 0, batch.keyEnds[row] ?? 0);
      const stored = rows.get(key);
      const seq = batch.seq[row] as number;
      if (stored !== undefined && !isNewerThan({ asOfMs, seq }, stored)) continue;
      packer.reset();
      packer.pack(batch, row);
      rows.set(key, packer.bytes.slice(0, packer.length));
      const greatest = contents.greatestAsOfMs;
      if (greatest === null || asOfMs > greatest) contents.greatestAsOfMs = asOfMs;
    }
  };
}

/** Bytes as a string of the same order: one character a byte. */
function keyText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
