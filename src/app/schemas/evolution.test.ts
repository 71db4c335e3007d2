import { describe, expect, test } from 'vitest';
import { avroLanguage } from '../../formats/avro/avro-language.ts';
import type { ParsedSchema } from '../../ports/schema-registry.ts';
import { schemaChanges } from './evolution.ts';
import { judgeSchema } from './judge-schema.ts';

const parse = (fields: readonly unknown[]): ParsedSchema =>
  avroLanguage.parse({
    type: 'AVRO',
    text: JSON.stringify({ type: 'record', name: 'Purchase', fields }),
    references: [],
    referenced: [],
  });

const user = { name: 'user', type: 'string' };
const amount = { name: 'amount', type: 'int' };
const note = { name: 'note', type: ['null', 'string'], default: null };
const shop = (fields: readonly unknown[]) => ({
  name: 'shop',
  type: { type: 'record', name: 'Shop', fields },
});
const status = (symbols: readonly string[]) => ({
  name: 'status',
  type: { type: 'enum', name: 'Status', symbols, default: symbols[0] },
});

describe('the evolution table', () => {
  test.each<[string, readonly unknown[], readonly unknown[], string, boolean, string]>([
    ['add an optional field', [user], [user, note], 'added-with-default', true, ''],
    [
      'add a field with a default',
      [user],
      [user, { ...amount, default: 0 }],
      'added-with-default',
      true,
      '',
    ],
    [
      'add a required field',
      [user],
      [user, amount],
      'added-without-default',
      false,
      'give it a default',
    ],
    [
      'add a nullable field without a default',
      [user],
      [user, { name: 'note', type: ['null', 'string'] }],
      'added-without-default',
      false,
      'give it a default',
    ],
    ['remove a field', [user, amount], [user], 'removed', false, 'start a new topic'],
    ['remove an optional field', [user, note], [user], 'removed', false, 'start a new topic'],
    [
      'change a type',
      [user, amount],
      [user, { name: 'amount', type: 'double' }],
      'type-changed',
      false,
      '"amount_v2"',
    ],
    [
      'widen a type, which readers could follow',
      [amount],
      [{ name: 'amount', type: 'long' }],
      'type-changed',
      false,
      '"amount_v2"',
    ],
    [
      'make a field nullable',
      [amount],
      [{ name: 'amount', type: ['null', 'int'], default: null }],
      'type-changed',
      false,
      '"amount_v2"',
    ],
    [
      'a symbol more',
      [status(['A', 'B'])],
      [status(['A', 'B', 'C'])],
      'type-changed',
      false,
      '"status_v2"',
    ],
    [
      'rename with an alias',
      [user, note],
      [{ name: 'customer', type: 'string', aliases: ['user'] }, note],
      'renamed',
      false,
      'let producers write both',
    ],
    [
      'rename without one',
      [user, amount],
      [user, { name: 'total', type: 'int' }],
      'renamed',
      false,
      'keep "amount"',
    ],
    [
      'take a default away',
      [user, { ...amount, default: 0 }],
      [user, amount],
      'default-removed',
      false,
      'keep the default',
    ],
    [
      'remove inside a record',
      [shop([user, amount])],
      [shop([user])],
      'removed',
      false,
      'start a new topic',
    ],
    ['add inside a record', [shop([user])], [shop([user, note])], 'added-with-default', true, ''],
  ])('%s', (_, before, after, kind, allowed, procedure) => {
    const changes = schemaChanges(parse(before).fields, parse(after).fields);
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({ kind, allowed });
    expect(changes[0]?.procedure ?? '').toContain(procedure);
    const verdict = judgeSchema(parse(after), [parse(before)], 'TABLE');
    expect(verdict.ok).toBe(allowed);
  });

  test('a record that goes is one change, not one for each of its fields', () => {
    const changes = schemaChanges(parse([user, shop([user, amount])]).fields, parse([user]).fields);
    expect(changes).toMatchObject([{ kind: 'removed', path: 'shop' }]);
  });

  test('order, documentation and other defaults change nothing', () => {
    const before = parse([user, { ...amount, default: 0 }]);
    const after = parse([{ ...amount, default: 7, doc: 'in cents' }, user]);
    expect(schemaChanges(before.fields, after.fields)).toEqual([]);
    expect(judgeSchema(after, [before], 'TABLE').ok).toBe(true);
  });
});

describe('a level', () => {
  const wide = parse([{ name: 'amount', type: 'long' }]);
  const narrow = parse([amount]);

  test.each([
    ['NONE', true, true],
    ['BACKWARD', true, false],
    ['FORWARD', false, true],
    ['FULL', false, false],
  ] as const)('%s of widening and narrowing', (level, widening, narrowing) => {
    expect(judgeSchema(wide, [narrow], level).ok).toBe(widening);
    expect(judgeSchema(narrow, [wide], level).ok).toBe(narrowing);
  });

  test('that is transitive looks at all versions', () => {
    const versions = [parse([{ name: 'amount', type: 'string' }]), narrow];
    expect(judgeSchema(wide, versions, 'BACKWARD').ok).toBe(true);
    expect(judgeSchema(wide, versions, 'BACKWARD_TRANSITIVE').ok).toBe(false);
  });
});
