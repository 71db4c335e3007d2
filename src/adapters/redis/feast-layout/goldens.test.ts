// Byte for byte what Feast 0.67 keeps in Redis: its own recordings, written and read here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRowReader } from '../../../columns/packed-row-reader.ts';
import { eventTimeMsOf } from '../../../columns/packed-row.ts';
import { encodeKey } from '../../../kernel/key-encoding.ts';
import type { Field, FieldType, Value } from '../../../kernel/types/field-type.ts';
import type { StoredView } from '../../../ports/stored-view.ts';
import { vectorBatch } from '../../../testing/vectors.ts';
import { createFeastKeyCodec } from './entity-key.ts';
import { featureField, hashFieldsOf, timeField } from './hash-fields.ts';
import { createFeastHashReader } from './hash-reader.ts';
import { createFeastHashWriter } from './hash-writer.ts';
import { ProtoBytes } from './proto-bytes.ts';
import { readFeastValue } from './read-value.ts';
import { packedParts } from './testing/packed-parts.ts';

const folder = join(import.meta.dirname, '../../../../test/fixtures/feast/redis');
const load = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));

type JoinKey = readonly [name: string, kind: string, value: string];

interface KeyGolden {
  readonly join_keys: readonly JoinKey[];
  readonly entity_key_hex?: string;
  readonly redis_key_hex_project_p?: string;
}

const scalarOf: Readonly<Record<string, FieldType>> = {
  int32_val: { kind: 'int32' },
  int64_val: { kind: 'int64' },
  string_val: { kind: 'string' },
  bytes_val: { kind: 'bytes' },
  unix_timestamp_val: { kind: 'timestamp' },
  double_val: { kind: 'float64' },
  float_val: { kind: 'float32' },
  bool_val: { kind: 'bool' },
};

function fieldOf([name, kind]: JoinKey): Field {
  return { name, type: scalarOf[kind] as FieldType, nullable: false };
}

function keyValue([, kind, value]: JoinKey): Value {
  if (kind === 'int32_val') return Number(value);
  if (kind === 'int64_val') return BigInt(value);
  if (kind === 'unix_timestamp_val') return Number(value) * 1000;
  return kind === 'bytes_val' ? Uint8Array.from(Buffer.from(value, 'hex')) : value;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

const keys = load('entity_keys.json') as readonly KeyGolden[];

describe("keys as in Feast's recording", () => {
  const supported = keys.filter(({ entity_key_hex }) => entity_key_hex !== undefined);
  const refused = keys.filter(({ entity_key_hex }) => entity_key_hex === undefined);

  it('are all there', () => {
    expect([supported.length, refused.length]).toEqual([13, 3]);
  });

  it.each(supported)('$join_keys', (golden) => {
    const fields = golden.join_keys.map(fieldOf);
    const key = Object.fromEntries(golden.join_keys.map((part) => [part[0], keyValue(part)]));
    const ours = encodeKey(fields, key);
    expect(hex(createFeastKeyCodec('', fields).encode(ours))).toBe(golden.entity_key_hex);
    const codec = createFeastKeyCodec('p', fields);
    const written = codec.encode(ours);
    expect(hex(written)).toBe(golden.redis_key_hex_project_p);
    expect(codec.decode(written)).toEqual(ours);
  });

  it.each(refused)('$join_keys is refused, as by Feast', (golden) => {
    const fields = golden.join_keys.map(fieldOf);
    expect(() => createFeastKeyCodec('p', fields)).toThrow('Feast has no such key');
  });
});

const list = (item: FieldType): FieldType => ({ kind: 'list', item });
const [int32, int64, float64, float32, string, bool, bytes, timestamp] = [
  scalarOf['int32_val'],
  scalarOf['int64_val'],
  scalarOf['double_val'],
  scalarOf['float_val'],
  scalarOf['string_val'],
  scalarOf['bool_val'],
  scalarOf['bytes_val'],
  scalarOf['unix_timestamp_val'],
] as readonly FieldType[] as [
  FieldType,
  FieldType,
  FieldType,
  FieldType,
  FieldType,
  FieldType,
  FieldType,
  FieldType,
];
const base = 1_795_132_800_000;

/** Types and values of `value_types.json`, as they are here. */
const typed: Readonly<Record<string, readonly [FieldType, Value]>> = {
  v_null_unset: [int64, null],
  v_null_val: [int64, null],
  v_int32: [int32, -7],
  v_int32_zero: [int32, 0],
  v_int64: [int64, 9_007_199_254_740_993n],
  v_int64_neg: [int64, -1n],
  v_double: [float64, 0.1],
  v_double_nan: [float64, Number.NaN],
  v_double_inf: [float64, Number.POSITIVE_INFINITY],
  v_double_negzero: [float64, -0],
  v_float: [float32, Math.fround(0.1)],
  v_string: [string, 'é日本'],
  v_string_empty: [string, ''],
  v_bool_true: [bool, true],
  v_bool_false: [bool, false],
  v_bytes: [bytes, Uint8Array.of(0, 255)],
  v_ts: [timestamp, base],
  v_i32l: [list(int32), [1, -1]],
  v_i64l: [list(int64), [1n, -2n, 300n]],
  v_i64l_empty: [list(int64), []],
  v_dl: [list(float64), [1.5, -0.25]],
  v_fl: [list(float32), [1.5]],
  v_sl: [list(string), ['a', '', 'é']],
  v_bl: [list(bool), [true, false]],
  v_byl: [list(bytes), [Uint8Array.of(1), Uint8Array.of()]],
  v_tsl: [list(timestamp), [0, base]],
};

interface TypesGolden {
  readonly project: string;
  readonly redis_key_hex: string;
  readonly ts_field_hex: string;
  readonly ts_value_hex: string;
  readonly features: readonly {
    readonly feature: string;
    readonly field_hex: string;
    readonly value_hex: string;
  }[];
}

const golden = load('value_types.json') as TypesGolden;
const id: Field = { name: 'id', type: int64, nullable: false };
const view: StoredView = {
  view: 'types_view',
  key: [id],
  features: Object.entries(typed).map(([name, [type]]) => ({ name, type, nullable: true })),
  fingerprint: '',
};
const eventTimeMs = base + 43_200_123.456;
const values = Object.fromEntries(Object.entries(typed).map(([name, [, value]]) => [name, value]));
const batch = vectorBatch(view, [{ key: { id: 99n }, values, asOfMs: 7000, seq: 3, eventTimeMs }]);

describe("a hash as in Feast's recording", () => {
  const out = new ProtoBytes(16);
  const writer = createFeastHashWriter(view, { keepsNonFinite: true });
  writer.begin(batch);
  writer.write(out, 0);
  const parts = packedParts(out.bytes.subarray(0, out.length));

  it.each(golden.features)('$feature', ({ feature, field_hex, value_hex }) => {
    const i = view.features.findIndex(({ name }) => name === feature);
    const [type, value] = typed[feature] ?? [int64, null];
    expect(hex(parts[i * 2] as Uint8Array)).toBe(field_hex);
    expect(readFeastValue(unhex(value_hex), type)).toEqual(value);
    // Feast's own explicit null is read; ours has no bytes, as Feast's materialisation writes it.
    expect(hex(parts[i * 2 + 1] as Uint8Array)).toBe(feature === 'v_null_val' ? '' : value_hex);
  });

  it('has the event time, and our version beside it', () => {
    expect(golden.features).toHaveLength(26);
    expect(hex(createFeastKeyCodec(golden.project, [id]).encode(batch.keyData))).toBe(
      golden.redis_key_hex,
    );
    const [timeName, time, versionName, version] = parts.slice(-4) as Uint8Array[];
    expect([hex(timeName as Uint8Array), hex(time as Uint8Array)]).toEqual([
      golden.ts_field_hex,
      golden.ts_value_hex,
    ]);
    expect(Buffer.from(versionName as Uint8Array).toString()).toBe('_v:types_view');
    expect(version).toHaveLength(16);
  });

  it('is read back as the row that was written', () => {
    const hash = hashFieldsOf(view).map((_, i) => parts[i * 2 + 1]);
    const [row, none] = createFeastHashReader(view).rows([hash, hash.map(() => null)]);
    expect(none).toBeNull();
    expect(createRowReader(view.features).values(row as Uint8Array)).toEqual(values);
    expect(eventTimeMsOf(row as Uint8Array)).toBe(eventTimeMs);
  });
});

interface StoredGolden {
  readonly redis_key_hex: string;
  readonly join_keys: readonly JoinKey[];
  readonly hash: readonly {
    readonly field_hex: string;
    readonly name: string | null;
    readonly value_hex: string;
  }[];
}

const kinds: Readonly<Record<string, FieldType>> = {
  'user_stats:clicks': int64,
  'user_stats:spend': float64,
  'user_stats:country': string,
  'user_stats:is_premium': bool,
  'user_stats:recent_items': list(int64),
  'user_stats:last_seen': timestamp,
  'item_stats:price': float64,
  'item_stats:views': int64,
  'item_stats:title': string,
  'item_stats:in_stock': bool,
  'item_stats:tag_ids': list(int64),
  'item_stats:listed_at': timestamp,
  'item_stats:rank32': int32,
  'item_stats:ratio32': float32,
  'item_stats:blob': bytes,
  'item_stats:names': list(string),
  'item_stats:embed': list(float64),
  'item_stats:flags': list(bool),
  'item_stats:stamps': list(timestamp),
  'user_item:score': float64,
  'user_item:n': int64,
  'user_item:label': string,
  'user_push:last_page': string,
  'user_push:session_len': int64,
  'user_stream:last_page': string,
  'user_stream:session_len': int64,
  'user_stream:user_id': string,
};

function viewOf(name: string, key: readonly JoinKey[]): StoredView {
  const features = Object.entries(kinds)
    .filter(([feature]) => feature.startsWith(`${name}:`))
    .map(([feature, type]) => ({ name: feature.slice(name.length + 1), type, nullable: true }));
  return { view: name, key: key.map(fieldOf), features, fingerprint: '' };
}

describe('hashes that Feast materialised', () => {
  const stored = load('materialized.json') as readonly StoredGolden[];
  const leastInt64 = '4080808080808080808001';

  it.each(stored)('$redis_key_hex: read, and written to the same bytes', (hash) => {
    const byField = new Map(hash.hash.map((entry) => [entry.field_hex, entry]));
    const names = ['user_stats', 'item_stats', 'user_item', 'user_push', 'user_stream'];
    const present = names.filter((name) => byField.has(hex(timeField(name))));
    expect(present.length).toBeGreaterThan(0);
    for (const name of present) {
      const of = viewOf(name, hash.join_keys);
      const codec = createFeastKeyCodec('goldens', of.key);
      const key = codec.decode(unhex(hash.redis_key_hex));
      expect(hex(codec.encode(key as Uint8Array))).toBe(hash.redis_key_hex);
      const fields = hashFieldsOf(of);
      const hexes = fields.map((field) => byField.get(hex(field))?.value_hex);
      const given = hexes.map((value) => (value === undefined ? null : unhex(value)));
      const [row] = createFeastHashReader(of).rows([given]);
      const read = createRowReader(of.features).values(row as Uint8Array);
      const again = vectorBatch(
        of,
        [
          {
            key: {},
            values: read,
            asOfMs: 0,
            seq: 0,
            eventTimeMs: eventTimeMsOf(row as Uint8Array),
          },
        ].map((made) => ({ ...made, key: keyOf(hash.join_keys) })),
      );
      const out = new ProtoBytes();
      const writer = createFeastHashWriter(of);
      writer.begin(again);
      writer.write(out, 0);
      const parts = packedParts(out.bytes.subarray(0, out.length));
      for (const [i, value] of hexes.slice(0, -1).entries()) {
        expect(hex(parts[i * 2] as Uint8Array)).toBe(hex(fields[i] as Uint8Array));
        // Feast's time for a missing one is null here, and a null has no bytes.
        const expected = value === leastInt64 ? '' : value;
        expect(hex(parts[i * 2 + 1] as Uint8Array)).toBe(expected);
      }
    }
  });

  it('name their fields as we do', () => {
    const named = stored.flatMap(({ hash }) => hash).filter(({ name }) => name !== null);
    expect(named.length).toBeGreaterThan(40);
    for (const { name, field_hex } of named) {
      const text = name as string;
      const [of = '', feature = ''] = text.split(':');
      const field = text.startsWith('_ts:') ? timeField(feature) : featureField(of, feature);
      expect(hex(field)).toBe(field_hex);
    }
  });
});

function keyOf(parts: readonly JoinKey[]): Readonly<Record<string, Value>> {
  return Object.fromEntries(parts.map((part) => [part[0], keyValue(part)]));
}
