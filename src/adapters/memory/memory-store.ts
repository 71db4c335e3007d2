// The online store without a disk: the same rows and the same rules as the embedded store, gone with
// the process. All openings of one binding see the same data.
import { Buffer } from 'node:buffer';
import { createNewestRows } from '../../columns/newest-rows.ts';
import { createRowPacker } from '../../columns/packed-row-writer.ts';
import { isNewerThan } from '../../columns/packed-row.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { OnlineStore, OnlineStoreBinding, StoreContext } from '../../ports/online-store.ts';

interface Contents {
  readonly views: Map<string, Map<string, Uint8Array>>;
  /** Of the views as they were last opened for writing. */
  readonly fingerprints: Map<string, string>;
  readonly notes: Map<string, string>;
  greatestAsOfMs: number | null;
}

/**
 * An online store in memory, for tests and programs that read their own features.
 * **Guarantee:** writes are versioned by (`as_of`, `seq`) like those of every store; nothing survives
 * the process. **State growth:** one packed row per view and key, never removed.
 */
export function memoryStore(): OnlineStoreBinding {
  const contents: Contents = {
    views: new Map(),
    fingerprints: new Map(),
    notes: new Map(),
    greatestAsOfMs: null,
  };
  return {
    description: 'memory',
    open: (context) => Promise.resolve(openContents(contents, context)),
  };
}

function openContents(contents: Contents, context: StoreContext): OnlineStore {
  const { existing = 'keep' } = context;
  for (const { view, fingerprint } of context.views) {
    const isChanged = (contents.fingerprints.get(view) ?? fingerprint) !== fingerprint;
    const isDropped = existing === 'dropAll' || (existing === 'dropChanged' && isChanged);
    if (isDropped || !contents.views.has(view)) contents.views.set(view, new Map());
    if (context.mode === 'write') contents.fingerprints.set(view, fingerprint);
  }
  if (existing === 'dropAll') contents.greatestAsOfMs = null;
  const write = createWriter(contents);
  return {
    write: (batch) => Promise.resolve(write(batch)),
    read(view, keys) {
      const rows = contents.views.get(view);
      return keys.map((key) => rows?.get(keyText(key, 0, key.length)) ?? null);
    },
    async *scan(view) {
      const rows = [...(contents.views.get(view) ?? [])];
      rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      for (const [key, row] of rows) yield { key: new Uint8Array(Buffer.from(key, 'latin1')), row };
    },
    greatestAsOfMs: () => contents.greatestAsOfMs,
    writeNote(name, value) {
      contents.notes.set(name, value);
      return Promise.resolve();
    },
    readNote: (name) => contents.notes.get(name) ?? null,
    close: () => Promise.resolve(),
  };
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
