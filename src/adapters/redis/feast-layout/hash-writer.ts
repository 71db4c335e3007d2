// Rows of a vector batch as the fields of Feast's hashes. What is written for a row is one array of
// MessagePack: field, value, field, value … with the event time and the version last, so that a
// script in Redis unpacks it in one call and hands it to HSET. No object is made per value.
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import type { StoredView } from '../../../ports/stored-view.ts';
import { type ColumnSource, columnSource, writeColumnValue } from './column-value.ts';
import { hashFieldsOf } from './hash-fields.ts';
import { type ProtoBytes, protoTag } from './proto-bytes.ts';

export interface FeastHashWriter {
  /** Takes the columns of a batch, which `write` then reads. */
  begin(batch: VectorBatch): void;
  /** Appends the array of MessagePack of one row. */
  write(out: ProtoBytes, row: number): void;
}

export interface FeastHashWriterOptions {
  /** NaN and infinities as they are, as Feast keeps its own; default: null, as our server gives them. */
  readonly keepsNonFinite?: boolean;
}

export function createFeastHashWriter(
  view: StoredView,
  { keepsNonFinite = false }: FeastHashWriterOptions = {},
): FeastHashWriter {
  return new HashWriter(view, !keepsNonFinite);
}

/** Bytes of the version: two doubles. */
export const versionBytes = 16;

class HashWriter implements FeastHashWriter {
  /** Each field with the head that MessagePack puts in front of it. */
  readonly fields: readonly Uint8Array[];
  batch: VectorBatch | null = null;
  sources: ColumnSource[] = [];
  readonly isFinite: boolean;

  constructor(view: StoredView, isFinite: boolean) {
    this.isFinite = isFinite;
    this.fields = hashFieldsOf(view).map(packedText);
  }

  begin(batch: VectorBatch): void {
    this.batch = batch;
    this.sources = batch.columns.map((column, i) => {
      const type = batch.fields[i]?.type;
      if (type === undefined) throw new Error(`column ${i} of ${batch.view} has no field`);
      return columnSource(column, type, this.isFinite);
    });
  }

  write(out: ProtoBytes, row: number): void {
    const { batch, fields, sources } = this;
    if (batch === null) throw new Error('no batch');
    writeArrayHead(out, fields.length * 2);
    for (let i = 0; i < sources.length; i++) {
      writeField(out, fields[i] as Uint8Array);
      const start = out.length;
      writeColumnValue(out, sources[i] as ColumnSource, row);
      prefixTextHead(out, start);
    }
    writeField(out, fields[sources.length] as Uint8Array);
    const start = out.length;
    writeTime(out, batch.eventTimeMs[row] as number);
    prefixTextHead(out, start);
    writeField(out, fields[sources.length + 1] as Uint8Array);
    out.byte(0xa0 | versionBytes);
    out.float64(batch.asOfMs[row] as number);
    out.float64(batch.seq[row] as number);
  }
}

function writeField(out: ProtoBytes, field: Uint8Array): void {
  out.raw(field, 0, field.length);
}

/** `google.protobuf.Timestamp`, to the microsecond. */
export function writeTime(out: ProtoBytes, eventTimeMs: number): void {
  let seconds = Math.floor(eventTimeMs / 1000);
  let micros = Math.round((eventTimeMs - seconds * 1000) * 1000);
  if (micros >= 1_000_000) {
    seconds++;
    micros = 0;
  }
  if (seconds !== 0) {
    out.byte(protoTag(1, 0));
    out.varintOf(seconds);
  }
  if (micros !== 0) {
    out.byte(protoTag(2, 0));
    out.varint32(micros * 1000);
  }
}

function writeArrayHead(out: ProtoBytes, count: number): void {
  if (count < 16) return out.byte(0x90 | count);
  out.byte(0xdc);
  out.byte(count >> 8);
  return out.byte(count & 0xff);
}

/** Puts in front of what was written since `start` what makes it a text of MessagePack. */
function prefixTextHead(out: ProtoBytes, start: number): void {
  const size = out.length - start;
  const head = size < 32 ? 1 : size < 65_536 ? 3 : 5;
  out.take(head);
  const { bytes, view } = out;
  if (size < 32) {
    for (let i = start + size; i > start; i--) bytes[i] = bytes[i - 1] as number;
    bytes[start] = 0xa0 | size;
    return;
  }
  bytes.copyWithin(start + head, start, start + size);
  bytes[start] = head === 3 ? 0xda : 0xdb;
  if (head === 3) view.setUint16(start + 1, size);
  else view.setUint32(start + 1, size);
}

function packedText(text: Uint8Array): Uint8Array {
  if (text.length < 32) return Uint8Array.of(0xa0 | text.length, ...text);
  return Uint8Array.of(0xda, text.length >> 8, text.length & 0xff, ...text);
}
