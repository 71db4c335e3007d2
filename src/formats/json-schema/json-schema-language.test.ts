import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../../../test/schemas/fake-registry.ts';
import { prefixedFormat } from '../../adapters/schema-registry/registered-format.ts';
import { prefixOf } from '../../adapters/schema-registry/wire-prefix.ts';
import type { ChangeKind } from '../../app/schemas/evolution.ts';
import { judgeSchema } from '../../app/schemas/judge-schema.ts';
import { readRow } from '../../columns/read-value.ts';
import type { Field, FieldType } from '../../kernel/types/field-type.ts';
import type { ParsedSchema } from '../../ports/schema-registry.ts';
import { jsonFormat } from '../json/json-format.ts';
import { jsonSchemaLanguage } from './json-schema-language.ts';

const parse = (json: unknown): ParsedSchema =>
  jsonSchemaLanguage.parse({
    type: 'JSON',
    text: JSON.stringify(json),
    references: [],
    referenced: [],
  });

const object = (
  properties: object,
  required: readonly string[] = [],
  more: object = {},
): object => ({
  type: 'object',
  properties,
  required,
  ...more,
});

const field = (name: string, kind: FieldType['kind'], nullable = false): Field => ({
  name,
  type: { kind } as FieldType,
  nullable,
});

const user = { user: { type: 'string' } };
const amount = { amount: { type: 'integer' } };

describe('the evolution table', () => {
  test.each<[string, object, object, ChangeKind]>([
    [
      'an optional property more',
      object(user, ['user']),
      object({ ...user, ...amount }, ['user']),
      'added-with-default',
    ],
    [
      'a required one more',
      object(user, ['user']),
      object({ ...user, ...amount }, ['user', 'amount']),
      'added-without-default',
    ],
    ['one less', object({ ...user, ...amount }), object(user), 'removed'],
    ['another type', object(amount), object({ amount: { type: 'number' } }), 'type-changed'],
    ['another name', object(user), object({ customer: { type: 'string' } }), 'renamed'],
    ['no longer optional', object(user), object(user, ['user']), 'default-removed'],
    ['null too', object(user), object({ user: { type: ['string', 'null'] } }), 'type-changed'],
  ])('%s', (_, before, after, kind) => {
    const allowed = kind === 'added-with-default';
    const verdict = judgeSchema(parse(after), [parse(before)], 'TABLE');
    expect(verdict.evolution.changes).toMatchObject([{ kind, allowed }]);
    expect(verdict.ok).toBe(allowed);
  });

  test('properties that nobody allows break readers', () => {
    const closed = object(user, [], { additionalProperties: false });
    expect(parse(closed).cannotRead(parse(object({ ...user, ...amount })))).toMatchObject([
      { path: 'amount' },
    ]);
  });

  test('references and objects inside are followed, also when they hold themselves', () => {
    const tree = {
      $ref: '#/definitions/Node',
      definitions: {
        Node: object({ id: { type: 'integer' }, next: { $ref: '#/definitions/Node' } }, ['id']),
      },
    };
    const paths = parse(tree).fields.map(({ path }) => path);
    expect(paths.slice(0, 4)).toEqual(['id', 'next', 'next.id', 'next.next']);
  });
});

describe('a stream', () => {
  test.each<[object, readonly string[], Field, string | null]>([
    [amount, ['amount'], field('amount', 'int64'), null],
    [amount, [], field('amount', 'int64', true), null],
    [amount, [], field('amount', 'int64'), 'need not be written'],
    [{}, [], field('amount', 'int64'), 'is not written'],
    [{ amount: { type: 'number' } }, ['amount'], field('amount', 'int64'), 'written as number'],
    [{ amount: {} }, ['amount'], field('amount', 'int64'), null],
    [
      { amount: { oneOf: [{ type: 'null' }, { type: 'string' }] } },
      ['amount'],
      field('amount', 'string'),
      null,
    ],
  ])('%j, required %j, as %j', (properties, required, asked, problem) => {
    const reasons = parse(object(properties, required)).cannotFill({ fields: [asked] });
    if (problem === null) expect(reasons).toEqual([]);
    else expect(reasons).toMatchObject([{ message: expect.stringContaining(problem) as string }]);
  });

  test('has a schema of its own, which fits it', () => {
    const fields: Field[] = [
      field('a', 'string'),
      field('b', 'int64', true),
      { ...field('c', 'float64'), default: 1.5 },
      { ...field('d', 'string'), type: { kind: 'list', item: { kind: 'int32' } } },
      { ...field('e', 'string'), type: { kind: 'struct', fields: [field('x', 'bool')] } },
    ];
    const derived = JSON.parse(jsonSchemaLanguage.derive('purchases', { fields })) as object;
    expect(derived).toMatchObject({ title: 'purchases', required: ['a', 'd', 'e'] });
    expect(parse(derived).cannotFill({ fields })).toEqual([]);
  });
});

describe('messages', () => {
  let registry: FakeRegistry;
  beforeEach(async () => {
    registry = await startFakeRegistry();
    const fits = object({ ...user, ...amount }, ['user', 'amount']);
    registry.schemas.set(1, { schemaType: 'JSON', schema: JSON.stringify(fits) });
    registry.schemas.set(2, { schemaType: 'JSON', schema: JSON.stringify(object(user)) });
  });
  afterEach(() => registry.stop());

  test('are read behind the id of their schema; errors keep the whole message', async () => {
    const fields = [field('user', 'string'), field('amount', 'int64')];
    const decoder = prefixedFormat(jsonSchemaLanguage, jsonFormat).createMessageDecoder(
      { fields },
      { registry: registry.url, topic: 't', timestamp: 'iso' },
    );
    const message = (id: number, text: string) => Buffer.concat([prefixOf(id), Buffer.from(text)]);
    const messages = [
      message(1, '{"user":"a\\n","amount":9007199254740993}'),
      message(2, '{"user":"b"}'),
      message(9, '{"user":"c"}'),
      message(1, '{"user":"d","amount":1.5}'),
      Buffer.from('{"user":"e","amount":1}'),
      message(1, '{"user":"f","amount":2}'),
    ];
    const bounds = new Int32Array(messages.length * 2);
    let at = 0;
    for (const [i, bytes] of messages.entries()) {
      bounds.set([at, at + bytes.length], 2 * i);
      at += bytes.length + 1;
    }
    const bytes = new Uint8Array(at);
    for (const [i, given] of messages.entries()) bytes.set(given, bounds[2 * i]);
    const offsets = Float64Array.from(messages, (_, i) => i);
    const input = { bytes, bounds, offsets, count: messages.length };
    const rows: unknown[] = [];
    const errors: [number, string, string][] = [];
    for (let from = 0; from < messages.length; ) {
      const decoded = decoder.decode({ ...input, from });
      for (let row = 0; row < decoded.batch.rowCount; row++) {
        rows.push(readRow(decoded.batch.columns, fields, row));
      }
      for (const error of decoded.errors) {
        errors.push([error.offset, error.code, Buffer.from(error.bytes).toString('latin1')]);
      }
      from += decoded.consumed;
      await decoded.waitFor;
    }
    expect(rows).toEqual([
      { user: 'a\n', amount: 9007199254740993n },
      { user: 'f', amount: 2n },
    ]);
    expect(errors).toEqual([
      [1, 'MR_SCHEMA_MISMATCH', messages[1]?.toString('latin1')],
      [2, 'MR_SCHEMA_UNKNOWN_ID', messages[2]?.toString('latin1')],
      [3, 'MR_DATA_TYPE', messages[3]?.toString('latin1')],
      [4, 'MR_DATA_MALFORMED', messages[4]?.toString('latin1')],
    ]);
  });
});
