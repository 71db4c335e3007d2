// Layout `packed`: a string per view and entity, read by MGET. The key says which part of the view it
// is in, so that a cluster finds the rows of one script in one slot.
import { Buffer } from 'node:buffer';
import { createRowPacker } from '../../../columns/packed-row-writer.ts';
import { isPackedRow } from '../../../columns/packed-row.ts';
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import type { RowReplacement } from '../../../ports/store-jobs.ts';
import type { InspectedKey } from '../../../ports/store-verification.ts';
import type { Argument } from '../client/redis-link.ts';
import { replacePackedRow, writePackedRows } from '../store/scripts.ts';
import type { RecordedView } from '../store/store-meta.ts';
import { bucketOf, bucketPrefixes, markerKey, patternOf, rowsPrefix } from './key-names.ts';
import { encodedKeyOf, keyTextOf } from './key-text.ts';
import type { LayoutContext, RowLayout, StoredRow, WriteCall, WriteLimits } from './row-layout.ts';
import { evaluate, removeKeys, scanKeys } from './scan-keys.ts';

const keysPerRead = 1000;
const keysPerScanRead = 512;

/** Where a view's rows are. */
interface Place {
  readonly prefix: string;
  readonly buckets: readonly string[];
  readonly textOf: (data: Uint8Array, start: number, end: number) => string;
}

export function packedLayout(context: LayoutContext): RowLayout {
  const { link, scope, guard } = context;
  const marker = markerKey(scope);
  const places = new WeakMap<RecordedView, Place>();
  const placeOf = (recorded: RecordedView): Place => {
    const known = places.get(recorded);
    if (known !== undefined) return known;
    const prefix = rowsPrefix(scope, recorded.view.view, recorded.generation);
    const place = {
      prefix,
      buckets: bucketPrefixes(prefix),
      textOf: keyTextOf(recorded.view.key),
    };
    places.set(recorded, place);
    return place;
  };
  const read = async (
    recorded: RecordedView,
    keys: readonly Uint8Array[],
  ): Promise<(Uint8Array | null)[]> => {
    const place = placeOf(recorded);
    if (keys.length > keysPerRead) {
      const parts = [];
      for (let i = 0; i < keys.length; i += keysPerRead) {
        parts.push(read(recorded, keys.slice(i, i + keysPerRead)));
      }
      return (await Promise.all(parts)).flat();
    }
    if (keys.length === 0) return [];
    const names = keys.map((key) => keyName(place, key, 0, key.length));
    const first = names[0] ?? '';
    if (guard === undefined || link.isCluster) {
      const rows = await link.send(first, ['MGET', ...names], 'bytes');
      return checkedRows(recorded, rows as (Buffer | null)[]);
    }
    const args = ['MGET', marker, ...names];
    const [seen = null, ...rows] = (await link.send(first, args, 'bytes')) as (Buffer | null)[];
    guard.check(seen?.toString() ?? null);
    return checkedRows(recorded, rows);
  };
  return {
    writeCalls: createWriteCalls(context, placeOf),
    read,
    scan: (recorded) => scanRows(context, recorded, { prefix: placeOf(recorded).prefix, read }),
    async replace(recorded, { key, row, expected }) {
      const name = keyName(placeOf(recorded), key, 0, key.length);
      const args = [expectedBytes(expected), row === null ? '' : Buffer.from(row)];
      return (await evaluate(link, replacePackedRow, [name], args)) === 1;
    },
    inspect: (recorded, keysMax) => inspectKeys(context, recorded, placeOf(recorded), keysMax),
    async drop(view, generations) {
      for (const generation of generations) {
        const prefix = rowsPrefix(scope, view.view, generation);
        for await (const page of scanKeys(link, patternOf(prefix))) await removeKeys(link, page);
      }
    },
  };
}

function keyName(place: Place, key: Uint8Array, start: number, end: number): string {
  return `${place.buckets[bucketOf(key, start, end)]}:${place.textOf(key, start, end)}`;
}

/** Null instead of what is no row of the view: somebody else wrote it. */
function checkedRows(
  { view: { features } }: RecordedView,
  rows: (Buffer | null)[],
): (Uint8Array | null)[] {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (row !== null && row !== undefined && !isPackedRow(row, features.length)) rows[i] = null;
  }
  return rows;
}

function expectedBytes(expected: RowReplacement['expected']): Argument {
  if (expected === null) return '';
  const bytes = Buffer.alloc(16);
  bytes.writeDoubleLE(expected.asOfMs, 0);
  bytes.writeDoubleLE(expected.seq, 8);
  return bytes;
}

function createWriteCalls(
  { link, scope }: LayoutContext,
  placeOf: (recorded: RecordedView) => Place,
): RowLayout['writeCalls'] {
  const packer = createRowPacker(256 * 1024);
  const marker = markerKey(scope);

  /** Rows `from ..` of the list, as many as a script takes. */
  const nextCall = (
    place: Place,
    batch: VectorBatch,
    rows: ArrayLike<number>,
    { from, limits }: { readonly from: number; readonly limits: WriteLimits },
  ): WriteCall => {
    packer.reset();
    const keys: string[] = [];
    const end = Math.min(rows.length, from + limits.rowsMax);
    for (let i = from; i < end; i++) {
      const row = rows[i] as number;
      const [start, stop] = [batch.keyStarts[row] as number, batch.keyEnds[row] as number];
      keys.push(keyName(place, batch.keyData, start, stop));
      packer.pack(batch, row);
      if (packer.length >= limits.bytesMax) break;
    }
    return {
      script: writePackedRows,
      marker: link.isCluster ? (keys[0] ?? '').slice(0, place.prefix.length + 3) : marker,
      keys,
      args: [
        String(limits.expiresAfterMs),
        Buffer.from(packer.bytes.slice(0, packer.length).buffer),
      ],
    };
  };

  return (recorded, batch, rows, limits) => {
    const place = placeOf(recorded);
    const calls: WriteCall[] = [];
    const groups = link.isCluster ? groupedRows(batch, rows) : [rows];
    for (const group of groups) {
      for (let from = 0; from < group.length; ) {
        const call = nextCall(place, batch, group, { from, limits });
        calls.push(call);
        from += call.keys.length;
      }
    }
    return calls;
  };
}

/** The rows of each part of the view, in the order that they had. */
function groupedRows(batch: VectorBatch, rows: Int32Array): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>();
  for (const row of rows) {
    const bucket = bucketOf(
      batch.keyData,
      batch.keyStarts[row] as number,
      batch.keyEnds[row] as number,
    );
    const group = groups.get(bucket);
    if (group === undefined) groups.set(bucket, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

async function inspectKeys(
  { link }: LayoutContext,
  { view }: RecordedView,
  { prefix, buckets }: Place,
  keysMax: number,
): Promise<readonly InspectedKey[]> {
  const found: InspectedKey[] = [];
  for await (const page of scanKeys(link, patternOf(prefix))) {
    for (const name of page) {
      const at = prefix.length;
      if (name[at + 3] !== ':') continue;
      if (found.length >= keysMax) return found;
      const key = encodedKeyOf(view.key, name.slice(at + 4));
      const bucket = key === null ? '' : buckets[bucketOf(key, 0, key.length)];
      const value = (await link
        .send(name, ['GET', name], 'bytes')
        .catch(() => null)) as Buffer | null;
      const ttl = Number(await link.send(name, ['PTTL', name]));
      const row = value !== null && isPackedRow(value, view.features.length) ? value : null;
      found.push({
        view: view.view,
        name,
        explanation: `view ${view.view}, part ${name.slice(at, at + 2)} of 256 by the hash of the key`,
        key,
        row,
        bytes: value?.length ?? 0,
        expiresInMs: ttl < 0 ? null : ttl,
        problem: problemOf({ key, row, value, isInPlace: bucket === name.slice(0, at + 3) }),
      });
    }
  }
  return found;
}

interface Looked {
  readonly key: Uint8Array | null;
  readonly row: Uint8Array | null;
  readonly value: Buffer | null;
  readonly isInPlace: boolean;
}

function problemOf({ key, row, value, isInPlace }: Looked): string | null {
  if (key === null) return 'its name is no key of this view: no reader asks for it';
  if (!isInPlace) return 'it lies in another part than its key says: no reader asks for it';
  if (value === null) return 'it is gone again, or no string';
  return row === null ? 'its value is no row of this view: readers are told NOT_FOUND' : null;
}

interface ScanParts {
  readonly prefix: string;
  readonly read: RowLayout['read'];
}

async function* scanRows(
  { link }: LayoutContext,
  recorded: RecordedView,
  { prefix, read }: ScanParts,
): AsyncIterable<StoredRow> {
  const keys: Uint8Array[] = [];
  const seen = new Set<string>();
  for await (const page of scanKeys(link, patternOf(prefix))) {
    for (const name of page) {
      // The marker of a slot has no text behind its brace; a server may name a key twice.
      if (name[prefix.length + 3] !== ':' || seen.has(name)) continue;
      seen.add(name);
      const key = encodedKeyOf(recorded.view.key, name.slice(prefix.length + 4));
      if (key !== null) keys.push(key);
    }
  }
  seen.clear();
  keys.sort((a, b) => Buffer.compare(a, b));
  for (let i = 0; i < keys.length; i += keysPerScanRead) {
    const page = keys.slice(i, i + keysPerScanRead);
    const rows = await read(recorded, page);
    for (const [j, row] of rows.entries()) {
      if (row !== null) yield { key: page[j] as Uint8Array, row };
    }
  }
}
