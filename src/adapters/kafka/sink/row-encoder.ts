// Rows of a view as records: the key as JSON of its columns, the value as JSON of key, times and features,
// as `export` writes them, unless somebody else writes values. Bytes are written into buffers that are reused: they hold until the next row.
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import { JsonBuffer } from '../../../columns/json-buffer.ts';
import { createRowJsonWriter } from '../../../columns/packed-row-json.ts';
import { createRowPacker } from '../../../columns/packed-row-writer.ts';
import { decodeKey } from '../../../kernel/key-encoding.ts';
import { formatInstant } from '../../../kernel/instant.ts';
import type { Field, Value } from '../../../kernel/types/field-type.ts';
import type { RowValues } from '../../../ports/row-values.ts';
import type { StoredView } from '../../../ports/stored-view.ts';
import { InstantBytes } from './instant-bytes.ts';
import type { AppendedRecord } from './kafka-producer.ts';
import type { ByteRange, RecordHeader } from './record-batch.ts';

/** A range of a buffer that grows: set anew for each row. */
interface MutableRange extends ByteRange {
  bytes: Uint8Array;
  start: number;
  end: number;
}

/** A key as JSON, in `#keys`, and its columns. */
interface KnownKey {
  readonly start: number;
  readonly end: number;
  readonly values: Readonly<Record<string, Value>>;
}

/** Keys whose JSON is kept, by their number within a batch. */
const keysMax = 65_536;

export class RowEncoder implements AppendedRecord {
  timestampMs = 0;
  readonly headers: readonly RecordHeader[] = [];
  readonly key: MutableRange = { bytes: new Uint8Array(0), start: 0, end: 0 };
  readonly value: MutableRange = { bytes: new Uint8Array(0), start: 0, end: 0 };
  readonly #view: StoredView;
  readonly #names: readonly Buffer[];
  readonly #writer: ReturnType<typeof createRowJsonWriter>;
  readonly #packer = createRowPacker();
  readonly #instants = new InstantBytes();
  readonly #keys = new JsonBuffer();
  readonly #values = new JsonBuffer();
  /** By the key's bytes as text. */
  readonly #known = new Map<string, KnownKey>();
  readonly #rowValues: RowValues | null;

  constructor(view: StoredView, values: RowValues | null = null) {
    this.#view = view;
    this.#rowValues = values;
    this.#names = view.features.map(({ name }) => Buffer.from(`,${JSON.stringify(name)}:`));
    this.#writer = createRowJsonWriter(view.features, 'text');
  }

  /** Becomes the record of a row. */
  encode(batch: VectorBatch, row: number): void {
    this.timestampMs = batch.asOfMs[row] as number;
    const { values } = this.#encodeKey(batch, row);
    if (this.#rowValues !== null) {
      const { bytes, start, end } = this.#rowValues.encode(batch, row, values);
      this.value.bytes = bytes;
      this.value.start = start;
      this.value.end = end;
      return;
    }
    const target = this.#values;
    const packer = this.#packer;
    target.length = 0;
    packer.reset();
    packer.pack(batch, row);
    const { key } = this;
    // The key's JSON without its last bracket: `{"user":"u1"` or `{`.
    target.raw(key.bytes, key.start, key.end - 1);
    target.ascii(key.end - key.start === 2 ? '"event_time":' : ',"event_time":');
    this.#instants.write(target, batch.eventTimeMs[row] as number);
    target.ascii(',"as_of":');
    this.#instants.write(target, batch.asOfMs[row] as number);
    for (const [i, name] of this.#names.entries()) {
      target.raw(name, 0, name.length);
      this.#writer.write(target, packer.bytes, packer.view, i);
    }
    target.ascii(',"_seq":');
    target.integer(batch.seq[row] as number);
    target.byte(125);
    this.value.bytes = target.bytes;
    this.value.end = target.length;
  }

  #encodeKey({ keyData, keyStarts, keyEnds }: VectorBatch, row: number): KnownKey {
    const bytes = keyData.subarray(keyStarts[row], keyEnds[row]);
    const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const known = this.#known.get(name) ?? this.#addKey(name, bytes);
    this.key.bytes = this.#keys.bytes;
    this.key.start = known.start;
    this.key.end = known.end;
    return known;
  }

  #addKey(name: string, bytes: Uint8Array): KnownKey {
    if (this.#known.size >= keysMax) {
      this.#known.clear();
      this.#keys.length = 0;
    }
    const start = this.#keys.length;
    const values = decodeKey(this.#view.key, bytes);
    const parts = this.#view.key.map((field) => {
      return `${JSON.stringify(field.name)}:${keyJson(field, values[field.name] ?? null)}`;
    });
    const json = Buffer.from(`{${parts.join(',')}}`);
    this.#keys.raw(json, 0, json.length);
    const known = { start, end: this.#keys.length, values };
    this.#known.set(name, known);
    return known;
  }
}

function keyJson({ type }: Field, value: Value): string {
  if (typeof value === 'bigint') return value.toString();
  if (type.kind === 'timestamp' && typeof value === 'number') return `"${formatInstant(value)}"`;
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`;
  return JSON.stringify(value);
}
