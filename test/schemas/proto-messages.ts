// Protobuf messages for tests: written by protobufjs, read into rows by the language under test.
import protobuf from 'protobufjs';
import { MessageRows } from '../../src/adapters/schema-registry/message-rows.ts';
import { readRow } from '../../src/columns/read-value.ts';
import { protobufLanguage } from '../../src/formats/protobuf/protobuf-language.ts';
import type { Field, Value } from '../../src/kernel/types/field-type.ts';
import type { RecordError } from '../../src/ports/dead-letter-sink.ts';
import type { ReadableSchema } from '../../src/ports/schema-registry.ts';

export const parseProtoText = (text: string, imported: readonly string[] = []): ReadableSchema =>
  protobufLanguage.parse({
    type: 'PROTOBUF',
    text,
    references: [],
    referenced: imported.map((other, i) => ({ name: `i${i}.proto`, text: other })),
  });

/** Protobuf's bytes of a value, behind the message indexes 0 (the first message of the schema). */
export function encodeProto(text: string, name: string, value: object): Uint8Array {
  const { root } = protobuf.parse(text, { keepCase: true });
  const type = root.lookupType(name);
  const bytes = type.encode(value as protobuf.Message).finish();
  return new Uint8Array([0, ...bytes]);
}

export function decodeProto(
  schema: ReadableSchema,
  fields: readonly Field[],
  messages: readonly Uint8Array[],
): { rows: Record<string, Value>[]; errors: RecordError[] } {
  const bounds = new Int32Array(messages.length * 2);
  let at = 2;
  for (const [i, message] of messages.entries()) {
    bounds.set([at, at + message.length], 2 * i);
    at += message.length + 2;
  }
  const bytes = new Uint8Array(at).fill(0x55);
  for (const [i, message] of messages.entries()) bytes.set(message, bounds[2 * i]);
  const target = new MessageRows({ fields });
  const offsets = Float64Array.from(messages, (_, i) => i);
  target.begin({ bytes, bounds, offsets, from: 0, count: messages.length });
  const read = schema.createReader(target, { timestamp: 'ms', prefix: new Uint8Array(0) });
  if (read(0) !== messages.length) throw new Error('the reader stopped in the middle');
  const { columns, rowCount } = target.finish();
  const rows = Array.from({ length: rowCount }, (_, row) => readRow(columns, fields, row));
  return { rows, errors: target.errors };
}
