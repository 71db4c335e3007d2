// Avro messages for tests: written by avsc, read into rows by the language under test.
import { Buffer } from 'node:buffer';
import avro from 'avsc';
import { MessageRows } from '../../src/adapters/schema-registry/message-rows.ts';
import { readRow } from '../../src/columns/read-value.ts';
import { avroLanguage } from '../../src/formats/avro/avro-language.ts';
import type { Field, FieldType, Value } from '../../src/kernel/types/field-type.ts';
import type { RecordError } from '../../src/ports/dead-letter-sink.ts';
import type { ReadableSchema } from '../../src/ports/schema-registry.ts';

export const field = (
  name: string,
  type: FieldType | FieldType['kind'],
  nullable = false,
): Field => ({
  name,
  type: typeof type === 'string' ? ({ kind: type } as FieldType) : type,
  nullable,
});

export const parse = (json: unknown): ReadableSchema =>
  avroLanguage.parse({ type: 'AVRO', text: JSON.stringify(json), references: [], referenced: [] });

export const record = (fields: readonly unknown[]): object => ({
  type: 'record',
  name: 'Row',
  fields,
});

/** The rows of messages, which stand one after the other with a gap between them. */
export function decode(
  schema: unknown,
  fields: readonly Field[],
  messages: readonly Uint8Array[],
  prefix = new Uint8Array(0),
): { rows: Record<string, Value>[]; errors: RecordError[]; offsets: number[] } {
  const bounds = new Int32Array(messages.length * 2);
  let at = 3;
  for (const [i, message] of messages.entries()) {
    bounds[2 * i] = at;
    bounds[2 * i + 1] = at + message.length;
    at += message.length + 3;
  }
  const bytes = new Uint8Array(at).fill(0x55);
  for (const [i, message] of messages.entries()) bytes.set(message, bounds[2 * i]);
  const target = new MessageRows({ fields });
  const offsets = Float64Array.from(messages, (_, i) => 100 + i);
  target.begin({ bytes, bounds, offsets, from: 0, count: messages.length });
  const read = parse(schema).createReader(target, { timestamp: 'ms', prefix });
  if (read(0) !== messages.length) throw new Error('the reader stopped in the middle');
  const batch = target.finish();
  const rows = Array.from({ length: batch.rowCount }, (_, row) =>
    readRow(batch.columns, fields, row),
  );
  return { rows, errors: target.errors, offsets: [...batch.offsets.subarray(0, batch.rowCount)] };
}

const longs = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (n: bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(n);
    return buffer;
  },
  fromJSON: (n: number | bigint) => BigInt(n),
  toJSON: (n: bigint) => Number(n),
  isValid: (n: unknown) => typeof n === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

/** The schema with plain longs: avsc makes longs of its own for those of a logical type. */
function plain(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema), (_, json: unknown) =>
    typeof json === 'object' && json !== null && 'logicalType' in json && 'type' in json
      ? json.type === 'long'
        ? 'long'
        : json
      : json,
  );
}

/** Avro's bytes of values, written by avsc. */
export function encode(schema: unknown, value: unknown): Uint8Array {
  return avro.Type.forSchema(plain(schema) as avro.Schema, {
    registry: { long: longs },
    wrapUnions: 'never',
  }).toBuffer(value);
}
