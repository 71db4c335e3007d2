import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRowReader } from '../../../columns/packed-row-reader.ts';
import { asOfMsOf, eventTimeMsOf, seqOf } from '../../../columns/packed-row.ts';
import { encodeKey } from '../../../kernel/key-encoding.ts';
import type { Field, FieldType, Value } from '../../../kernel/types/field-type.ts';
import type { StoredView } from '../../../ports/stored-view.ts';
import { vectorBatch } from '../../../testing/vectors.ts';
import { createFeastKeyCodec } from './entity-key.ts';
import { feastProblems } from './feast-problems.ts';
import { fieldCollisions, hashFieldsOf } from './hash-fields.ts';
import { createFeastHashReader } from './hash-reader.ts';
import { createFeastHashWriter } from './hash-writer.ts';
import { ProtoBytes } from './proto-bytes.ts';
import { packedParts } from './testing/packed-parts.ts';

function field(type: FieldType, name = 'f'): Field {
  return { name, type, nullable: true };
}

function viewOf(features: readonly Field[], key: readonly Field[] = []): StoredView {
  return { view: 'v', key, features, fingerprint: '' };
}

/** The row that is read back after it was written. */
function roundTrip(view: StoredView, values: Readonly<Record<string, Value>>): Uint8Array {
  const [row] = createFeastHashReader(view).rows([hashOf(view, values)]);
  return row as Uint8Array;
}

function hashOf(view: StoredView, values: Readonly<Record<string, Value>>) {
  const times = { asOfMs: 2000.5, seq: 7, eventTimeMs: -1500.25 };
  const writer = createFeastHashWriter(view);
  const out = new ProtoBytes(8);
  writer.begin(vectorBatch(view, [{ key: {}, values, ...times }]));
  writer.write(out, 0);
  const parts = packedParts(out.bytes.subarray(0, out.length));
  return hashFieldsOf(view).map((_, i) => parts[i * 2 + 1] ?? null);
}

const seconds = fc.integer({ min: -8_640_000_000_000, max: 8_640_000_000_000 });
const texts = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed());
const longTexts = fc.integer({ min: 30, max: 70_000 }).map((size) => 'é'.repeat(size / 2));

/** A type with values that fit it, as far as Feast has them: instants are whole seconds. */
const typedValues: fc.Arbitrary<readonly [FieldType, Value]> = fc.letrec<{
  typed: readonly [FieldType, Value];
}>((tie) => ({
  typed: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.boolean().map((v) => [{ kind: 'bool' }, v] as const),
    fc.integer().map((v) => [{ kind: 'int32' }, v] as const),
    fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      .map((v) => [{ kind: 'int64' }, v] as const),
    fc.maxSafeInteger().map((v) => [{ kind: 'count' }, v] as const),
    fc
      .double({ noDefaultInfinity: true, noNaN: true })
      .map((v) => [{ kind: 'float64' }, v] as const),
    fc
      .float({ noDefaultInfinity: true, noNaN: true })
      .map((v) => [{ kind: 'float32' }, v] as const),
    fc.oneof(texts, longTexts).map((v) => [{ kind: 'string' }, v] as const),
    texts.map((v) => [{ kind: 'json' }, JSON.stringify(v)] as const),
    fc.uint8Array().map((v) => [{ kind: 'bytes' }, v] as const),
    seconds.map((v) => [{ kind: 'timestamp' }, v * 1000] as const),
    fc
      .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((v) => [{ kind: 'date' }, v.toISOString().slice(0, 10)] as const),
    fc
      .bigInt({ min: -(10n ** 17n), max: 10n ** 17n })
      .map((v) => [{ kind: 'decimal', precision: 18, scale: 0 }, String(v)] as const),
    fc
      .bigInt({ min: -(10n ** 37n), max: 10n ** 37n })
      .map((v) => [{ kind: 'decimal', precision: 38, scale: 0 }, String(v)] as const),
    fc
      .tuple(tie('typed'), fc.array(fc.boolean()))
      .map(([[item, v], shown]) => [{ kind: 'list', item }, shown.map(() => v)] as const),
    fc
      .tuple(tie('typed'), fc.array(fc.boolean()))
      .filter(([[item]]) => item.kind !== 'float64' && item.kind !== 'float32')
      .map(
        ([[item, v], shown]) => [{ kind: 'list', item }, shown.map((s) => (s ? v : null))] as const,
      ),
    fc
      .tuple(tie('typed'), fc.array(texts))
      .map(
        ([[value, v], names]) =>
          [{ kind: 'map', value }, Object.fromEntries(names.map((n) => [n, v]))] as const,
      ),
    fc.tuple(tie('typed'), tie('typed')).map(
      ([[a, v], [b]]) =>
        [
          { kind: 'struct', fields: [field(a, 'a'), field(b, 'b')] },
          { a: v, b: null },
        ] as const,
    ),
  ) as fc.Arbitrary<readonly [FieldType, Value]>,
})).typed;

describe("a row in Feast's layout", () => {
  it('gives back every value of every type, and null', () => {
    fc.assert(
      fc.property(fc.array(typedValues, { minLength: 1, maxLength: 20 }), (typed) => {
        const fields = typed.map(([type], i) => field(type, `f${i}`));
        const values = Object.fromEntries(typed.map(([, value], i) => [`f${i}`, value]));
        const view = viewOf(fields);
        const reader = createRowReader(fields);
        expect(reader.values(roundTrip(view, values))).toEqual(values);
        const nulls = Object.fromEntries(fields.map(({ name }) => [name, null]));
        expect(reader.values(roundTrip(view, {}))).toEqual(nulls);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps its times and its version', () => {
    const row = roundTrip(viewOf([]), {});
    expect([asOfMsOf(row), seqOf(row), eventTimeMsOf(row)]).toEqual([2000.5, 7, -1500.25]);
  });

  it('has the event time for its version when Feast wrote it', () => {
    const view = viewOf([field({ kind: 'bool' })]);
    const [row] = createFeastHashReader(view).rows([hashOf(view, { f: true }).slice(0, 2)]);
    expect([asOfMsOf(row as Uint8Array), seqOf(row as Uint8Array)]).toEqual([-1500.25, 0]);
  });

  it('loses of an instant what is less than a second, and of a list of doubles what is null', () => {
    const reader = createRowReader([
      field({ kind: 'timestamp' }, 'at'),
      field({ kind: 'list', item: { kind: 'float64' } }, 'list'),
    ]);
    const row = roundTrip(viewOf(reader.fields), { at: -1, list: [1, null] });
    expect(reader.values(row)).toEqual({ at: -1000, list: [1, Number.NaN] });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'has no %d: our server gives null for it, and so does every reader of Redis',
    (value) => {
      const reader = createRowReader([field({ kind: 'float64' }), field({ kind: 'float32' }, 'g')]);
      const row = roundTrip(viewOf(reader.fields), { f: value, g: value });
      expect(reader.values(row)).toEqual({ f: null, g: null });
    },
  );

  it('is not there when its time is missing', () => {
    const view = viewOf([field({ kind: 'bool' })]);
    const [value] = hashOf(view, { f: true });
    expect(createFeastHashReader(view).rows([[value, null, null]])).toEqual([null]);
  });

  it.each([
    ['a text for a number', { kind: 'int64' }, '120178'],
    ['a number for a text', { kind: 'string' }, '2007'],
    ['more than an int32', { kind: 'int32' }, '208080808010'],
    ['more than 53 bits', { kind: 'count' }, '20ffffffffffffffff7f'],
    ['a double cut short', { kind: 'float64' }, '290000'],
    ['a varint without an end', { kind: 'int64' }, '20ffffffffffffffffffffff'],
    ['a text longer than the value', { kind: 'string' }, '120578'],
    ['bytes that are no UTF-8 in a list', { kind: 'list', item: { kind: 'string' } }, '62030a01ff'],
    ['a day that does not exist', { kind: 'date' }, '120a323032362d30322d3330'],
    ['an instant that no calendar has', { kind: 'timestamp' }, '40ffffffffffffffff7f'],
    ['a decimal with more places', { kind: 'decimal', precision: 4, scale: 1 }, 'e20204312e3233'],
  ] as const)('is refused with %s', (_, type, value) => {
    const view = viewOf([field(type, 'bad')]);
    const hash = [Buffer.from(value, 'hex'), new Uint8Array(0), null];
    expect(() => createFeastHashReader(view).rows([hash])).toThrow(
      'what the store holds for "v:bad"',
    );
  });

  it.each([
    ['an int32 for an int64', { kind: 'int64' }, '1807', 7n],
    ['a whole number for a double', { kind: 'float64' }, '2007', 7],
    ['a float for a double', { kind: 'float64' }, '350000c03f', 1.5],
    [
      'a list that is not packed',
      { kind: 'list', item: { kind: 'int64' } },
      '720408010802',
      [1n, 2n],
    ],
    ["Feast's explicit null", { kind: 'int64' }, '980100', null],
    ["Feast's timestamp of nothing", { kind: 'timestamp' }, '4080808080808080808001', null],
    ['an unknown member before the value', { kind: 'int64' }, 'ba060178' + '2007', 7n],
  ] as const)('takes %s', (_, type, value, expected) => {
    const view = viewOf([field(type)]);
    const hash = [Buffer.from(value, 'hex'), new Uint8Array(0), null];
    const [row] = createFeastHashReader(view).rows([hash]);
    expect(createRowReader(view.features).value(row as Uint8Array, 0)).toEqual(expected);
  });
});

describe('bytes that nobody meant', () => {
  const typed = fc.tuple(typedValues, fc.uint8Array({ maxLength: 40 }), fc.nat(), fc.nat(255));

  it('are a row or a clear error, whatever they are and however a good value is changed', () => {
    const view = (type: FieldType) => viewOf([field(type)]);
    fc.assert(
      fc.property(typed, ([[type, value], junk, place, byte]) => {
        const [good, time] = hashOf(view(type), { f: value });
        const changed = Uint8Array.from(good ?? []);
        if (changed.length > 0) changed[place % changed.length] = byte;
        for (const bytes of [junk, changed, changed.subarray(0, place % (changed.length + 1))]) {
          for (const hash of [
            [bytes, time, null],
            [null, bytes, junk],
          ]) {
            try {
              const [row] = createFeastHashReader(view(type)).rows([hash]);
              createRowReader(view(type).features).values(row as Uint8Array);
            } catch (error) {
              expect(error).toMatchObject({ code: 'MR_FEAST_VALUE' });
            }
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('are no key of ours', () => {
    const key = fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.nat(), fc.nat(255));
    const fields = [field({ kind: 'date' }, 'd'), field({ kind: 'timestamp' }, 't')];
    const codec = createFeastKeyCodec('p', fields);
    const good = codec.encode(encodeKey(fields, { d: '2026-01-01', t: 1000 }));
    fc.assert(
      fc.property(key, ([junk, place, byte]) => {
        const changed = Uint8Array.from(good);
        changed[place % changed.length] = byte;
        const rest = Uint8Array.from([...codec.prefix, ...junk, ...codec.suffix]);
        for (const bytes of [junk, changed, rest]) {
          const ours = codec.decode(bytes);
          if (ours !== null) expect(codec.encode(ours)).toEqual(bytes);
        }
      }),
    );
  });
});

const keyKinds = ['string', 'int32', 'int64', 'bytes', 'date', 'timestamp'] as const;
const keyValues: Readonly<Record<(typeof keyKinds)[number], fc.Arbitrary<Value>>> = {
  string: texts,
  int32: fc.integer(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  bytes: fc.uint8Array(),
  date: fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((v) => v.toISOString().slice(0, 10)),
  timestamp: seconds.map((v) => v * 1000),
};

describe("a key in Feast's layout", () => {
  it('comes back as it was, of any types in any order, nulls and no parts at all', () => {
    const part = fc
      .constantFrom(...keyKinds)
      .chain((kind) => fc.tuple(fc.constant(kind), fc.option(keyValues[kind])));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), fc.array(texts), (parts, names) => {
        const fields = parts.map(([kind], i) => field({ kind }, `${names[i] ?? 'k'}${i}`));
        const key = encodeKey(
          fields,
          Object.fromEntries(fields.map(({ name }, i) => [name, parts[i]?.[1]])),
        );
        const codec = createFeastKeyCodec('shop', fields);
        expect(codec.decode(codec.encode(key))).toEqual(key);
      }),
    );
  });

  it('of a view without a key is that of the one entity Feast makes up', () => {
    const key = createFeastKeyCodec('p', []).encode(new Uint8Array(0));
    expect(Buffer.from(key).toString('hex')).toBe(
      '0100000002000000' +
        '0a000000' +
        Buffer.from('__dummy_id').toString('hex') +
        '020000000000000070',
    );
  });

  it('orders join keys as Python does: by code points, not by UTF-16', () => {
    const fields = ['\u{1F600}', '\uFF5E'].map((name) => field({ kind: 'int32' }, name));
    const key = createFeastKeyCodec('', fields).encode(
      encodeKey(fields, { '\u{1F600}': 1, '\uFF5E': 2 }),
    );
    expect(
      Buffer.from(key)
        .toString('hex')
        .endsWith('0300000004000000020000000300000004000000' + '01000000'),
    ).toBe(true);
  });

  it('of another project, entity or type is nobody', () => {
    const of = (kind: 'int32' | 'int64' | 'string', name = 'id') => [field({ kind }, name)];
    const codec = createFeastKeyCodec('p', of('int64'));
    const others = [
      createFeastKeyCodec('q', of('int64')).encode(encodeKey(of('int64'), { id: 1n })),
      createFeastKeyCodec('p', of('int64', 'ib')).encode(
        encodeKey(of('int64'), { id: 1n, ib: 1n }),
      ),
      createFeastKeyCodec('p', of('int32')).encode(encodeKey(of('int32'), { id: 1 })),
      createFeastKeyCodec('p', of('string')).encode(encodeKey(of('string'), { id: 'abcdefgh' })),
      new Uint8Array(3),
    ];
    expect(others.map((key) => codec.decode(key))).toEqual([null, null, null, null, null]);
  });

  it('refuses an instant that is no whole second', () => {
    const fields = [field({ kind: 'timestamp' }, 'at')];
    const codec = createFeastKeyCodec('p', fields);
    expect(() => codec.encode(encodeKey(fields, { at: 1500 }))).toThrow('whole seconds');
  });
});

describe("what stands against Feast's layout", () => {
  const colliding = collidingNames();

  it('are features of one entity with the same field, and keys that Feast does not have', () => {
    const [a, b] = colliding;
    const features = [a, b].map((name) => field({ kind: 'int64' }, name));
    const flag: Field = { name: 'flag', type: { kind: 'bool' }, nullable: false };
    const problems = feastProblems([viewOf(features), { ...viewOf([], [flag]), view: 'w' }]);
    expect(problems.map(({ code }) => code)).toEqual(['MR_FEAST_LAYOUT', 'MR_FEAST_LAYOUT']);
    expect(problems[0]?.message).toContain('"flag" is bool');
    expect(problems[1]?.message).toContain(`v.${a} and v.${b}`);
    expect(feastProblems([viewOf([field({ kind: 'int64' })])])).toEqual([]);
  });

  it('are not features of entities with other keys', () => {
    const [a, b] = colliding;
    const key: Field = { name: 'k', type: { kind: 'string' }, nullable: false };
    const views = [
      viewOf([field({ kind: 'int64' }, a)]),
      viewOf([field({ kind: 'int64' }, b)], [key]),
    ];
    expect(fieldCollisions(views)).toEqual([]);
  });
});

/** Two names of features of view `v` with one field: among 200,000 there are a few. */
function collidingNames(): readonly [string, string] {
  const seen = new Map<string, string>();
  for (let i = 0; i < 400_000; i++) {
    const [place] = hashFieldsOf(viewOf([field({ kind: 'bool' }, `f${i}`)]));
    const text = (place as Uint8Array).join();
    const other = seen.get(text);
    if (other !== undefined) return [other, `f${i}`];
    seen.set(text, `f${i}`);
  }
  throw new Error('no two names collide');
}
