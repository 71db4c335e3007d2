import { expect, it } from 'vitest';
import { columnForField } from '../../columns/column-builder.ts';
import { readValue } from '../../columns/read-value.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import { vectorBatch } from '../../testing/vectors.ts';
import { decodeKeys } from './key-columns.ts';

const kinds = ['string', 'bytes', 'bool', 'int32', 'int64', 'date', 'timestamp'] as const;
const key: readonly Field[] = kinds.map((kind) => ({ name: kind, type: { kind }, nullable: true }));

it('a key of every type comes back as columns, nulls too', () => {
  const keys: readonly Record<string, Value>[] = [
    {
      string: 'Zürich',
      bytes: Uint8Array.of(0, 255),
      bool: true,
      int32: -5,
      int64: 9007199254740993n,
      date: '2026-11-21',
      timestamp: -1,
    },
    Object.fromEntries(kinds.map((kind) => [kind, null])),
    {
      ...Object.fromEntries(kinds.map((kind) => [kind, null])),
      string: '',
      int64: -1n,
      bool: false,
    },
  ];
  const view = { view: 'v', key, features: [] };
  const batch = vectorBatch(
    view,
    keys.map((values, i) => ({ key: values, values: {}, asOfMs: i, seq: 1 })),
  );
  const builders = key.map((field) => columnForField(field));
  decodeKeys(batch, [2, 0, 1], { builders, first: 1 });
  const rows = [1, 2, 3].map((row) =>
    Object.fromEntries(
      key.map((field, i) => [field.name, readValue(builders[i] as never, field, row)]),
    ),
  );
  expect(rows).toEqual([keys[2], keys[0], keys[1]]);
});
