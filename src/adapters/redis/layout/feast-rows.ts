// Layout `feast`: a hash per entity, as a stock Feast SDK reads it; all views of the entity lie in it.
// Bytes are those of `feast-layout/`. Rows that Feast wrote itself are read too, and written over: they
// have no version of ours.
import { Buffer } from 'node:buffer';
import { batchOfRows } from '../../../columns/batch-of-rows.ts';
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import type { RowReplacement } from '../../../ports/store-jobs.ts';
import type { InspectedKey } from '../../../ports/store-verification.ts';
import type { StoredView } from '../../../ports/stored-view.ts';
import type { Argument, RedisLink } from '../client/redis-link.ts';
import { slotOf } from '../client/slot.ts';
import { type FeastKeyCodec, createFeastKeyCodec } from '../feast-layout/entity-key.ts';
import { hashFieldsOf } from '../feast-layout/hash-fields.ts';
import {
  type FeastHashReader,
  type HashValue,
  createFeastHashReader,
} from '../feast-layout/hash-reader.ts';
import { type FeastHashWriter, createFeastHashWriter } from '../feast-layout/hash-writer.ts';
import { ProtoBytes } from '../feast-layout/proto-bytes.ts';
import { readFeastRows, replaceFeastRow, writeFeastRows } from '../store/scripts.ts';
import type { RecordedView } from '../store/store-meta.ts';
import { markerKey, slotTags } from './key-names.ts';
import type { LayoutContext, RowLayout, StoredRow, WriteCall, WriteLimits } from './row-layout.ts';
import { evaluate, scanKeyBytes } from './scan-keys.ts';

const keysPerRead = 200;

/** How a view's rows are written and read. */
interface Codec {
  readonly key: FeastKeyCodec;
  readonly writer: FeastHashWriter;
  readonly reader: FeastHashReader;
  readonly fields: readonly Uint8Array[];
  /** The fields as one array of MessagePack. */
  readonly packedFields: Buffer;
}

export function feastLayout(context: LayoutContext): RowLayout {
  const { link, scope, guard } = context;
  const marker = markerKey(scope);
  const isGuarded = guard !== undefined && !link.isCluster;
  const codecs = new WeakMap<StoredView, Codec>();
  const codecOf = (view: StoredView): Codec => {
    const known = codecs.get(view);
    if (known !== undefined) return known;
    const fields = hashFieldsOf(view);
    const codec = {
      key: createFeastKeyCodec(scope, view.key),
      writer: createFeastHashWriter(view),
      reader: createFeastHashReader(view),
      fields,
      packedFields: packedArray(fields),
    };
    codecs.set(view, codec);
    return codec;
  };
  const read = async (
    { view }: RecordedView,
    keys: readonly Uint8Array[],
  ): Promise<(Uint8Array | null)[]> => {
    const { key: keyCodec, reader, packedFields } = codecOf(view);
    const names = keys.map((key) => asBuffer(keyCodec.encode(key)));
    const parts = partsOf(link, names).map(async (part) => {
      // In a cluster the marker lies elsewhere: a key of the same slot stands in its place.
      const keys = [isGuarded ? marker : (part[0] ?? ''), ...part];
      const args = [packedFields, isGuarded ? '1' : '0'];
      const reply = await evaluate(link, readFeastRows, keys, args, 'bytes');
      const [seen, ...hashes] = reply as [Buffer | null, ...HashValue[][]];
      if (isGuarded) guard.check(seen?.toString() ?? null);
      return reader.rows(hashes);
    });
    return (await Promise.all(parts)).flat();
  };
  return {
    writeCalls: createWriteCalls(context, codecOf),
    read,
    scan: (recorded) => scanRows(context, recorded, { codec: codecOf(recorded.view), read }),
    async replace({ view }, row) {
      const { key, writer, packedFields } = codecOf(view);
      const args = [expectedBytes(row.expected), packedFields, replacement(view, writer, row)];
      return (await evaluate(link, replaceFeastRow, [asBuffer(key.encode(row.key))], args)) === 1;
    },
    inspect: (recorded, keysMax) => inspectHashes(link, recorded, codecOf(recorded.view), keysMax),
    drop: (view) => dropFields(link, codecOf(view)),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Keys that one script may read; in a cluster only keys of one slot, so each is alone. */
function partsOf(link: RedisLink, names: readonly Buffer[]): readonly (readonly Buffer[])[] {
  const size = link.isCluster ? 1 : keysPerRead;
  const parts: Buffer[][] = [];
  for (let i = 0; i < names.length; i += size) parts.push(names.slice(i, i + size));
  return parts;
}

function expectedBytes(expected: RowReplacement['expected']): Argument {
  if (expected === null) return '';
  const bytes = Buffer.alloc(16);
  bytes.writeDoubleLE(expected.asOfMs, 0);
  bytes.writeDoubleLE(expected.seq, 8);
  return bytes;
}

function replacement(
  view: StoredView,
  writer: FeastHashWriter,
  { key, row }: RowReplacement,
): Argument {
  if (row === null) return '';
  const out = new ProtoBytes();
  writer.begin(batchOfRows(view.view, view.features, [{ key, row }]));
  writer.write(out, 0);
  return Buffer.from(out.bytes.slice(0, out.length));
}

function createWriteCalls(
  { link, scope }: LayoutContext,
  codecOf: (view: StoredView) => Codec,
): RowLayout['writeCalls'] {
  const names = new ProtoBytes();
  const rowBytes = new ProtoBytes(256 * 1024);
  const marker = markerKey(scope);
  const keyOf = (codec: Codec, batch: VectorBatch, row: number): Buffer => {
    names.reset();
    codec.key.write(names, batch.keyData, batch.keyStarts[row] as number);
    return Buffer.from(names.bytes.slice(0, names.length));
  };
  interface Keyed {
    readonly row: number;
    readonly key: Buffer;
  }
  const callOf = (codec: Codec, rows: readonly Keyed[], limits: WriteLimits): WriteCall => {
    rowBytes.reset();
    for (const { row } of rows) codec.writer.write(rowBytes, row);
    const first = rows[0]?.key ?? Buffer.alloc(0);
    return {
      script: writeFeastRows,
      marker: link.isCluster ? `mr:{${slotTags(slotOf(first))}}:${scope}:marker` : marker,
      keys: rows.map(({ key }) => key),
      args: [String(limits.expiresAfterMs), Buffer.from(rowBytes.bytes.slice(0, rowBytes.length))],
    };
  };
  return ({ view }, batch, rows, limits) => {
    const codec = codecOf(view);
    codec.writer.begin(batch);
    const keyed = Array.from(rows, (row) => ({ row, key: keyOf(codec, batch, row) }));
    const groups = link.isCluster ? groupedBySlot(keyed) : [keyed];
    const calls: WriteCall[] = [];
    for (const group of groups) {
      for (let i = 0; i < group.length; i += limits.rowsMax) {
        calls.push(callOf(codec, group.slice(i, i + limits.rowsMax), limits));
      }
    }
    return calls;
  };
}

function groupedBySlot<T extends { readonly key: Buffer }>(
  rows: readonly T[],
): readonly (readonly T[])[] {
  return [...Map.groupBy(rows, ({ key }) => slotOf(key)).values()];
}

interface ScanParts {
  readonly codec: Codec;
  readonly read: RowLayout['read'];
}

async function* scanRows(
  { link }: LayoutContext,
  recorded: RecordedView,
  { codec, read }: ScanParts,
): AsyncIterable<StoredRow> {
  const keys = new Map<string, Uint8Array>();
  for await (const { key } of entityKeys(link, codec)) {
    keys.set(Buffer.from(key).toString('latin1'), key);
  }
  const sorted = [...keys.values()].sort((a, b) => Buffer.compare(a, b));
  for (let i = 0; i < sorted.length; i += keysPerRead) {
    const page = sorted.slice(i, i + keysPerRead);
    for (const [j, row] of (await read(recorded, page)).entries()) {
      if (row !== null) yield { key: page[j] as Uint8Array, row };
    }
  }
}

/** Every hash of the entity in this project: its name, and the key of ours. */
async function* entityKeys(
  link: RedisLink,
  { key }: Codec,
): AsyncIterable<{ readonly name: Buffer; readonly key: Uint8Array }> {
  for await (const page of scanKeyBytes(link, globOf(key.prefix, key.suffix))) {
    for (const name of page) {
      const decoded = key.decode(name);
      if (decoded !== null) yield { name, key: decoded };
    }
  }
}

async function inspectHashes(
  link: RedisLink,
  { view }: RecordedView,
  codec: Codec,
  keysMax: number,
): Promise<readonly InspectedKey[]> {
  const found: InspectedKey[] = [];
  for await (const { name, key } of entityKeys(link, codec)) {
    if (found.length >= keysMax) break;
    const fields = codec.fields.map(asBuffer);
    const hash = (await link.send(name, ['HMGET', name, ...fields], 'bytes')) as (Buffer | null)[];
    const isAbsent = hash.every((value) => value === null);
    // Of another view of the entity.
    if (isAbsent) continue;
    const ttl = Number(await link.send(name, ['PTTL', name]));
    const { row, problem } = rowOf(codec, hash);
    const isOurs = hash.at(-1) !== null;
    found.push({
      view: view.view,
      name: printable(name),
      explanation: `Feast's hash of the entity; written by ${isOurs ? 'millrace' : 'Feast (no version of ours)'}`,
      key,
      row,
      bytes: hash.reduce((sum, value) => sum + (value?.length ?? 0), 0),
      expiresInMs: ttl < 0 ? null : ttl,
      problem,
    });
  }
  return found;
}

function rowOf(
  { reader }: Codec,
  hash: readonly HashValue[],
): { readonly row: Uint8Array | null; readonly problem: string | null } {
  try {
    const [row = null] = reader.rows([hash]);
    return { row, problem: row === null ? 'it has values and no time: readers see no row' : null };
  } catch (error) {
    return { row: null, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Bytes for people: printable ASCII as it is, the rest as \xNN. */
function printable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}

/** A pattern for SCAN: these bytes, anything, those bytes. */
function globOf(prefix: Uint8Array, suffix: Uint8Array): Buffer {
  const special = new Set([...'*?[]\\^'].map((sign) => sign.charCodeAt(0)));
  const escaped = (bytes: Uint8Array): number[] =>
    [...bytes].flatMap((byte) => (special.has(byte) ? [0x5c, byte] : [byte]));
  return Buffer.from([...escaped(prefix), 0x2a, ...escaped(suffix)]);
}

/** Removes a view's fields from every hash of its entity; other views stay. */
async function dropFields(link: RedisLink, codec: Codec): Promise<void> {
  const fields = codec.fields.map(asBuffer);
  for await (const { name } of entityKeys(link, codec)) {
    await link.send(name, ['HDEL', name, ...fields]);
  }
}

function packedArray(fields: readonly Uint8Array[]): Buffer {
  const head =
    fields.length < 16 ? [0x90 | fields.length] : [0xdc, fields.length >> 8, fields.length & 255];
  const parts = fields.flatMap((field) => [
    field.length < 32
      ? Buffer.of(0xa0 | field.length)
      : Buffer.of(0xda, field.length >> 8, field.length & 255),
    asBuffer(field),
  ]);
  return Buffer.concat([Buffer.from(head), ...parts]);
}
