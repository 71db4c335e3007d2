// Values that are boxed in columns, as `feast.types.Value`: lists, maps, structs, wide decimals. Maps
// and structs hold values in turn, with their own types. Feast's typed lists know no nulls: NaN stands
// for one in a list of floating point, and a list of anything else with a null in it is one of values.
import type { FieldType, Value } from '../../../kernel/types/field-type.ts';
import { type ProtoBytes, protoTag } from './proto-bytes.ts';
import { feastValueType, feastValueTypes } from './value-types.ts';

/** Appends the value's `feast.types.Value`; of null no bytes at all. */
export function writeBoxedValue(out: ProtoBytes, type: FieldType, value: Value | undefined): void {
  if (value === null || value === undefined) return;
  switch (type.kind) {
    case 'list':
      writeList(out, type.item, value as readonly Value[]);
      return;
    case 'map':
      writeMap(out, entriesOf(value), () => type.value);
      return;
    case 'struct': {
      const types = new Map(type.fields.map((field) => [field.name, field.type]));
      const record = value as Readonly<Record<string, Value>>;
      const entries = type.fields.map(({ name }) => [name, record[name]] as const);
      writeMap(out, entries, (name) => types.get(name) as FieldType, feastValueTypes.STRUCT);
      return;
    }
    default:
      writeScalar(out, type, value, feastValueTypes[feastValueType(type)]);
  }
}

/** Member `field` of a message with a scalar as its value. */
function writeScalar(out: ProtoBytes, type: FieldType, value: Value, field: number): void {
  out.varint32(protoTag(field, wireOf(type)));
  writePayload(out, type, value);
}

function wireOf(type: FieldType): 0 | 1 | 2 | 5 {
  switch (type.kind) {
    case 'bool':
    case 'int32':
    case 'int64':
    case 'count':
    case 'timestamp':
      return 0;
    case 'float64':
      return 1;
    case 'float32':
      return 5;
    default:
      return 2;
  }
}

function writePayload(out: ProtoBytes, type: FieldType, value: Value): void {
  switch (type.kind) {
    case 'bool':
      return out.byte(value === true ? 1 : 0);
    case 'int32':
    case 'count':
      return out.varintOf(Number(value));
    case 'int64':
      return out.varintOfBigint(BigInt(value as bigint | number));
    case 'timestamp':
      return out.varintOf(Math.floor(Number(value) / 1000));
    case 'float64':
      return out.float64(Number(value));
    case 'float32':
      return out.float32(Number(value));
    case 'bytes':
      return out.delimited(value as Uint8Array);
    default:
      return out.text(String(value));
  }
}

function writeList(out: ProtoBytes, item: FieldType, values: readonly Value[]): void {
  const isFloat = item.kind === 'float64' || item.kind === 'float32';
  const listed = feastValueType({ kind: 'list', item });
  const hasNull = !isFloat && values.some((value) => value === null);
  if (listed === 'VALUE_LIST' || hasNull) return writeValueList(out, item, values);
  out.varint32(protoTag(feastValueTypes[listed], 2));
  const start = out.length;
  if (item.kind === 'map' || item.kind === 'struct') writeMessages(out, item, values);
  else if (wireOf(item) === 2) {
    for (const value of values) writeScalar(out, item, value, 1);
  } else if (values.length > 0) {
    out.varint32(protoTag(1, 2));
    const packed = out.length;
    for (const value of values) writePayload(out, item, value ?? Number.NaN);
    out.prefixLength(packed);
  }
  out.prefixLength(start);
}

/** Maps of a list: without the member of a value around each. */
function writeMessages(out: ProtoBytes, item: FieldType, values: readonly Value[]): void {
  for (const value of values) {
    out.varint32(protoTag(1, 2));
    const start = out.length;
    if (item.kind === 'map') writeEntries(out, entriesOf(value), () => item.value);
    if (item.kind === 'struct') {
      const record = value as Readonly<Record<string, Value>>;
      for (const { name, type } of item.fields) writeEntry(out, name, type, record[name]);
    }
    out.prefixLength(start);
  }
}

function writeValueList(out: ProtoBytes, item: FieldType, values: readonly Value[]): void {
  out.varint32(protoTag(feastValueTypes.VALUE_LIST, 2));
  const start = out.length;
  for (const value of values) {
    out.varint32(protoTag(1, 2));
    const at = out.length;
    writeBoxedValue(out, item, value);
    out.prefixLength(at);
  }
  out.prefixLength(start);
}

type Entry = readonly [string, Value | undefined];

function entriesOf(value: Value): readonly Entry[] {
  if (value instanceof Map) return [...value].map(([name, item]) => [String(name), item as Value]);
  return Object.entries(value as Readonly<Record<string, Value>>);
}

function writeMap(
  out: ProtoBytes,
  entries: readonly Entry[],
  typeOf: (name: string) => FieldType,
  field: number = feastValueTypes.MAP,
): void {
  out.varint32(protoTag(field, 2));
  const start = out.length;
  writeEntries(out, entries, typeOf);
  out.prefixLength(start);
}

function writeEntries(
  out: ProtoBytes,
  entries: readonly Entry[],
  typeOf: (name: string) => FieldType,
): void {
  for (const [name, value] of entries) writeEntry(out, name, typeOf(name), value);
}

function writeEntry(
  out: ProtoBytes,
  name: string,
  type: FieldType,
  value: Value | undefined,
): void {
  out.varint32(protoTag(1, 2));
  const start = out.length;
  out.varint32(protoTag(1, 2));
  out.text(name);
  out.varint32(protoTag(2, 2));
  const at = out.length;
  writeBoxedValue(out, type, value);
  out.prefixLength(at);
  out.prefixLength(start);
}
