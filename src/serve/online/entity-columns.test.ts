import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonBuffer } from '../../columns/json-buffer.ts';
import { encodeKey } from '../../kernel/key-encoding.ts';
import type { Field, FieldType } from '../../kernel/types/field-type.ts';
import { encodeColumn, joinParts, writePartJson } from './entity-columns.ts';

const field = (type: FieldType, name = 'k'): Field => ({ name, type, nullable: true });
const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** A type, the value as a request gives it, and as `encodeKey` takes it. */
const values = fc.oneof(
  fc
    .string({ unit: 'binary' })
    .map((v) => [{ kind: 'string' }, v.toWellFormed(), v.toWellFormed()] as const),
  fc.bigInt(int64).map((v) => [{ kind: 'int64' }, v, v] as const),
  fc.bigInt(int64).map((v) => [{ kind: 'int64' }, String(v), v] as const),
  fc.integer().map((v) => [{ kind: 'int32' }, v, v] as const),
  fc.boolean().map((v) => [{ kind: 'bool' }, v, v] as const),
  fc.uint8Array().map((v) => [{ kind: 'bytes' }, Buffer.from(v).toString('base64'), v] as const),
  fc.integer().map((v) => [{ kind: 'timestamp' }, v, v * 1000] as const),
  fc.constant([{ kind: 'date' }, '2026-11-20', '2026-11-20'] as const),
  fc.constant([{ kind: 'string' }, null, null] as const),
);

describe('entity columns', () => {
  it('are encoded as keys are everywhere, and echoed as they were meant', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (parts) => {
        const fields = parts.map(([type], i) => field(type, `k${i}`));
        const columns = parts.map(([, given], i) =>
          encodeColumn(fields[i] as Field, [given, given], 'seconds', 'e'),
        );
        const key = encodeKey(fields, Object.fromEntries(parts.map(([, , v], i) => [`k${i}`, v])));
        for (const joined of joinParts(columns, 2)) {
          expect([...joined]).toEqual([...key]);
        }
        for (const [i, [type, given]] of parts.entries()) {
          const target = new JsonBuffer();
          writePartJson(target, fields[i] as Field, columns[i]?.parts[0] as Uint8Array, 'seconds');
          const text = target.bytes.toString('utf8', 0, target.length);
          if (type.kind === 'int64') expect(text).toBe(String(given));
          else expect(JSON.parse(text)).toEqual(given);
        }
      }),
    );
  });

  it.each([
    ['int64', 1.5],
    ['int64', 'abc'],
    ['int64', ''],
    ['int64', 2n ** 63n],
    ['int64', '9223372036854775808'],
    ['int64', true],
    ['int64', 9007199254740994],
    ['int32', 2 ** 31],
    ['string', true],
    ['string', ['x']],
    ['bool', 1],
    ['bytes', '#'],
    ['date', '2026-13-01'],
    ['timestamp', 'soon'],
  ] as const)('a %s refuses %s', (kind, value) => {
    expect(() => encodeColumn(field({ kind }), [value], 'seconds', 'e')).toThrow('e[0] must be');
  });
});
