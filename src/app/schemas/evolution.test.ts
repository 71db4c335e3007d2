import { describe, expect, test } from 'vitest';
import { avroLanguage } from '../../formats/avro/avro-language.ts';
import type { ParsedSchema } from '../../ports/schema-registry.ts';
import { type ChangeKind, schemaChanges } from './evolution.ts';
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

/** What each kind of change comes to, and words of its procedure. */
const outcomes: Readonly<Record<ChangeKind, { allowed: boolean; procedure: string }>> = {
  'added-with-default': { allowed: true, procedure: '' },
  'added-without-default': { allowed: false, procedure: 'give it a default' },
  removed: { allowed: false, procedure: 'start a new topic' },
  renamed: { allowed: false, procedure: 'let producers write both' },
  'type-changed': { allowed: false, procedure: '_v2"' },
  'default-removed': { allowed: false, procedure: 'keep the default' },
};

describe('the evolution table', () => {
  test.each<[string, readonly unknown[], readonly unknown[], ChangeKind]>([
    ['add an optional field', [user], [user, note], 'added-with-default'],
    ['add a field with a default', [user], [user, { ...amount, default: 0 }], 'added-with-default'],
    ['add a required field', [user], [user, amount], 'added-without-default'],
    [
      'add a nullable field without a default',
      [user],
      [user, { name: 'note', type: ['null', 'string'] }],
      'added-without-default',
    ],
    ['remove a field', [user, amount], [user], 'removed'],
    ['remove an optional field', [user, note], [user], 'removed'],
    ['change a type', [user, amount], [user, { name: 'amount', type: 'double' }], 'type-changed'],
    [
      'widen a type, which readers could follow',
      [amount],
      [{ name: 'amount', type: 'long' }],
      'type-changed',
    ],
    [
      'make a field nullable',
      [amount],
      [{ name: 'amount', type: ['null', 'int'], default: null }],
      'type-changed',
    ],
    ['a symbol more', [status(['A', 'B'])], [status(['A', 'B', 'C'])], 'type-changed'],
    [
      'rename with an alias',
      [user, note],
      [{ name: 'customer', type: 'string', aliases: ['user'] }, note],
      'renamed',
    ],
    ['rename without one', [user, amount], [user, { name: 'total', type: 'int' }], 'renamed'],
    ['take a default away', [user, { ...amount, default: 0 }], [user, amount], 'default-removed'],
    ['remove inside a record', [shop([user, amount])], [shop([user])], 'removed'],
    ['add inside a record', [shop([user])], [shop([user, note])], 'added-with-default'],
  ])('%s', (_, before, after, kind) => {
    const { allowed, procedure } = outcomes[kind];
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
