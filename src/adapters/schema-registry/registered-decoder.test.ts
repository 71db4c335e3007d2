import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encode, field, record } from '../../../test/schemas/avro-messages.ts';
import { type FakeRegistry, startFakeRegistry } from '../../../test/schemas/fake-registry.ts';
import { readRow } from '../../columns/read-value.ts';
import { avroLanguage } from '../../formats/avro/avro-language.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { MessageDecoder, MessageInput } from '../../ports/format.ts';
import { registeredFormat } from './registered-format.ts';
import { prefixOf } from './wire-prefix.ts';

const fields = [field('user', 'string'), field('amount', 'int64')];
const v1 = record([
  { name: 'user', type: 'string' },
  { name: 'amount', type: 'int' },
]);
const v2 = record([
  { name: 'amount', type: 'long' },
  { name: 'note', type: ['null', 'string'] },
  { name: 'user', type: 'string' },
]);
const doubles = record([
  { name: 'user', type: 'string' },
  { name: 'amount', type: 'double' },
]);

const message = (id: number, schema: unknown, value: unknown): Uint8Array =>
  Buffer.concat([prefixOf(id), encode(schema, value)]);

const old = (user: string, amount: number) => message(1, v1, { user, amount });

let registry: FakeRegistry;
let stopped: AbortController;
beforeEach(async () => {
  registry = await startFakeRegistry();
  stopped = new AbortController();
  registry.schemas.set(1, { schema: JSON.stringify(v1) });
  registry.schemas.set(2, { schema: JSON.stringify(v2) });
  registry.schemas.set(3, { schema: JSON.stringify(doubles) });
  registry.schemas.set(4, { schema: 'message M {}', schemaType: 'PROTOBUF' });
  registry.subjects.set('raw.purchases-value', [1, 2]);
});
afterEach(async () => {
  stopped.abort();
  await registry.stop();
});

const decoder = (given: unknown = registry.url): MessageDecoder =>
  registeredFormat(avroLanguage).createMessageDecoder(
    { fields },
    { registry: given, topic: 'raw.purchases', clock: systemClock, signal: stopped.signal },
  );

function inputOf(values: readonly (Uint8Array | null)[]): MessageInput {
  const bounds = new Int32Array(values.length * 2);
  let at = 0;
  for (const [i, value] of values.entries()) {
    bounds[2 * i] = value === null ? -1 : at;
    bounds[2 * i + 1] = value === null ? -1 : at + value.length;
    at += value?.length ?? 0;
  }
  const bytes = new Uint8Array(at + 1);
  for (const [i, value] of values.entries()) if (value !== null) bytes.set(value, bounds[2 * i]);
  const offsets = Float64Array.from(values, (_, i) => 10 + i);
  return { bytes, bounds, offsets, from: 0, count: values.length };
}

/** Decodes all, waiting wherever the decoder asks to. */
async function decodeAll(
  reader: MessageDecoder,
  values: readonly (Uint8Array | null)[],
): Promise<{ rows: [number, Value, Value][]; errors: RecordError[]; waits: number }> {
  const input = inputOf(values);
  const rows: [number, Value, Value][] = [];
  const errors: RecordError[] = [];
  let waits = 0;
  for (let from = 0; from < input.count; ) {
    const { batch, errors: failed, consumed, waitFor } = reader.decode({ ...input, from });
    errors.push(...failed);
    for (let row = 0; row < batch.rowCount; row++) {
      const { user = null, amount = null } = readRow(batch.columns, fields, row);
      rows.push([batch.offsets[row] as number, user, amount]);
    }
    from += consumed;
    if (waitFor !== undefined) {
      waits++;
      await waitFor;
    }
  }
  return { rows, errors, waits };
}

describe('messages of several schemas', () => {
  test('are rows in their order; each schema is asked for once', async () => {
    const values = [
      old('a', 1),
      old('b', 2),
      message(2, v2, { user: 'c', amount: 2n ** 60n, note: 'x' }),
      old('d', -4),
      message(2, v2, { user: 'e', amount: 5n, note: null }),
    ];
    const { rows, errors, waits } = await decodeAll(decoder(), values);
    expect(errors).toEqual([]);
    expect(rows).toEqual([
      [10, 'a', 1n],
      [11, 'b', 2n],
      [12, 'c', 2n ** 60n],
      [13, 'd', -4n],
      [14, 'e', 5n],
    ]);
    expect(waits).toBe(2);
    expect(registry.requests).toEqual(['GET /schemas/ids/1', 'GET /schemas/ids/2']);
  });

  test('without a value or without an id are errors', async () => {
    const values = [
      old('a', 1),
      null,
      new Uint8Array([0, 0, 0]),
      new Uint8Array([123, 1, 2, 3, 4]),
    ];
    const { rows, errors } = await decodeAll(decoder(), [...values, old('b', 2)]);
    expect(rows.map(([offset]) => offset)).toEqual([10, 14]);
    expect(errors).toMatchObject([
      { code: 'MR_DATA_NO_VALUE', offset: 11 },
      { code: 'MR_DATA_MALFORMED', category: 'deserialization', offset: 12 },
      { code: 'MR_DATA_MALFORMED', category: 'deserialization', offset: 13 },
    ]);
  });
});

describe('three things that are not the same', () => {
  test('an id that the registry does not have: dead letters, and the rest goes on', async () => {
    const strange = message(77, v1, { user: 'x', amount: 1 });
    const { rows, errors } = await decodeAll(decoder(), [
      old('a', 1),
      strange,
      strange,
      old('b', 2),
    ]);
    expect(rows.map(([offset]) => offset)).toEqual([10, 13]);
    expect(errors).toMatchObject([
      { code: 'MR_SCHEMA_UNKNOWN_ID', category: 'deserialization', offset: 11 },
      { code: 'MR_SCHEMA_UNKNOWN_ID', offset: 12, bytes: new Uint8Array(strange) },
    ]);
    expect(errors[0]?.message).toContain('schema 77');
    expect(registry.requests.filter((request) => request.endsWith('/77'))).toHaveLength(1);
  });

  test('a schema that does not fit: dead letters of schema_mismatch, and the rest goes on', async () => {
    const changed = message(3, doubles, { user: 'x', amount: 1.5 });
    const other = Buffer.concat([prefixOf(4), Buffer.from([0])]);
    const { rows, errors } = await decodeAll(decoder(), [changed, old('a', 1), other]);
    expect(rows).toEqual([[11, 'a', 1n]]);
    expect(errors).toMatchObject([
      { code: 'MR_SCHEMA_MISMATCH', category: 'schema_mismatch', offset: 10 },
      { code: 'MR_SCHEMA_MISMATCH', category: 'schema_mismatch', offset: 12 },
    ]);
    expect(errors[0]?.message).toContain('"amount" is int64 and is written as double');
  });

  test('a registry that is down: nothing is a dead letter, all goes on once it is back', async () => {
    const reader = decoder();
    const port = Number(new URL(registry.url).port);
    await registry.stop();
    let isDone = false;
    const all = decodeAll(reader, [old('a', 1), old('b', 2)]).finally(() => {
      isDone = true;
    });
    await expect.poll(() => reader.waitingFor).toContain('waiting for schema 1');
    expect(reader.waitingFor).toContain('ECONNREFUSED');
    expect(isDone).toBe(false);
    registry = await startFakeRegistry(port);
    registry.failure = { status: 503, body: 'starting' };
    await expect.poll(() => reader.waitingFor).toContain('503');
    registry.schemas.set(1, { schema: JSON.stringify(v1) });
    registry.failure = null;
    const { rows, errors } = await all;
    expect(errors).toEqual([]);
    expect(rows).toEqual([
      [10, 'a', 1n],
      [11, 'b', 2n],
    ]);
    expect(reader.waitingFor).toBeNull();
  });

  test('while it is down, records of schemas that are known go through', async () => {
    const reader = decoder();
    await decodeAll(reader, [old('a', 1)]);
    await registry.stop();
    const input = inputOf([old('b', 2), message(2, v2, { user: 'c', amount: 1n, note: null })]);
    const { batch, consumed, waitFor, errors } = reader.decode(input);
    expect(batch.rowCount).toBe(1);
    expect([consumed, errors.length, waitFor instanceof Promise]).toEqual([1, 0, true]);
    stopped.abort();
    await expect(waitFor).rejects.toMatchObject({ code: 'MR_REGISTRY_UNAVAILABLE' });
    registry = await startFakeRegistry();
  });
});

describe('a registry that refuses', () => {
  test('fails at once, with what to do, and is asked again later', async () => {
    const reader = decoder();
    registry.failure = { status: 401, body: '{"error_code":40101,"message":"who are you"}' };
    await expect(decodeAll(reader, [old('a', 1)])).rejects.toMatchObject({
      code: 'MR_REGISTRY_REFUSED',
      fix: expect.stringContaining('password') as string,
    });
    registry.failure = null;
    expect((await decodeAll(reader, [old('a', 1)])).rows).toHaveLength(1);
  });

  test('an address that is no registry is not taken for an unknown id', async () => {
    registry.failure = { status: 404, body: '<html>Not Found</html>' };
    await expect(decodeAll(decoder(), [old('a', 1)])).rejects.toMatchObject({
      code: 'MR_REGISTRY_REFUSED',
    });
  });

  test('user and password are sent, and not told', async () => {
    const url = registry.url.replace('http://', 'http://me:s%20cret@');
    await decodeAll(decoder(url), [old('a', 1)]);
    const basic = `Basic ${Buffer.from('me:s cret').toString('base64')}`;
    expect(registry.authorizations).toEqual([basic]);
    await decodeAll(decoder({ url: registry.url, token: 't' }), [old('a', 1)]);
    expect(registry.authorizations.at(-1)).toBe('Bearer t');
    registry.failure = { status: 403, body: '{}' };
    const refused: unknown = await decodeAll(decoder(url), [old('a', 1)]).catch((e: unknown) => e);
    expect(String(refused)).toContain('403');
    expect(String(refused)).not.toContain('cret');
  });
});

describe('when a job begins', () => {
  test('the newest schema of the topic must fit the stream', async () => {
    await decoder().open?.();
    registry.subjects.set('raw.purchases-value', [1, 2, 3]);
    await expect(decoder().open?.()).rejects.toMatchObject({
      code: 'MR_SCHEMA_MISMATCH',
      message: expect.stringContaining(
        'schema 3 (raw.purchases-value version 3) does not fit the stream: ' +
          '"amount" is int64 and is written as double',
      ) as string,
    });
    registry.subjects.set('raw.purchases-value', [4]);
    await expect(decoder().open?.()).rejects.toMatchObject({ code: 'MR_SCHEMA_MISMATCH' });
  });

  test('a topic without a schema yet is no error', async () => {
    registry.subjects.clear();
    await decoder().open?.();
  });

  test.each([
    [{ topic: 't' }, 'needs a `registry`'],
    [{ registry: 'ftp://x', topic: 't' }, 'cannot use the registry'],
    [{ registry: './s', topic: 't', subjct: 'x' }, 'did you mean "subject"'],
    [{ registry: './s', topic: 't', timestamp: 'iso' }, 'timestamp must be'],
  ])('%j is refused', (options, message) => {
    const make = () => registeredFormat(avroLanguage).createMessageDecoder({ fields }, options);
    expect(make).toThrow(message);
  });
});
