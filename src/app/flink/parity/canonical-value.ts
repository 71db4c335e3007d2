// Values of both sides in one form, by the type that the plan gives them: whole numbers and decimals as
// exact text, floats as numbers, instants in milliseconds. What is equal here is equal in meaning.
import type { FieldType, Value } from '../../../kernel/types/field-type.ts';

/** A value that two sides are compared by. */
export type Canonical = null | boolean | number | string;

/** A value as the engine has it. */
export function canonicalOfEngine(value: Value, type: FieldType): Canonical {
  if (value === null) return null;
  switch (type.kind) {
    case 'bool':
      return value === true;
    case 'float32':
      return Math.fround(Number(value));
    case 'float64':
    case 'timestamp':
      return Number(value);
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'list':
      return joined((value as readonly Value[]).map((item) => canonicalOfEngine(item, type.item)));
    case 'map':
      return members(value, () => type.value, canonicalOfEngine);
    case 'struct':
      return members(value, (name) => fieldType(type, name), canonicalOfEngine);
    default:
      return exactText(String(value), type);
  }
}

/** A value as Flink wrote it into JSON, read with `parseExactJson`. */
export function canonicalOfFlink(value: Value, type: FieldType): Canonical {
  if (value === null) return null;
  switch (type.kind) {
    case 'bool':
      return value === true;
    case 'float32':
      return Math.fround(Number(value));
    case 'float64':
      return Number(value);
    case 'timestamp':
      return Date.parse(String(value));
    case 'list':
      return joined((value as readonly Value[]).map((item) => canonicalOfFlink(item, type.item)));
    case 'map':
      return members(value, () => type.value, canonicalOfFlink);
    case 'struct':
      return members(value, (name) => fieldType(type, name), canonicalOfFlink);
    default:
      return exactText(String(value), type);
  }
}

function fieldType(type: Extract<FieldType, { kind: 'struct' }>, name: string): FieldType {
  return type.fields.find((field) => field.name === name)?.type ?? { kind: 'string' };
}

function joined(values: readonly Canonical[]): string {
  return JSON.stringify(values);
}

function members(
  value: Value,
  typeOf: (name: string) => FieldType,
  canonical: (value: Value, type: FieldType) => Canonical,
): string {
  const entries = Object.entries(value as Readonly<Record<string, Value>>);
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(sorted.map(([name, item]) => [name, canonical(item, typeOf(name))]));
}

/** Numbers without zeros that say nothing: `1.50`, `1.5E0` and `1.5` are one. */
function exactText(text: string, { kind }: FieldType): string {
  if (kind !== 'decimal') return text;
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const padded = digits.padEnd(Math.max(point, digits.length), '0');
  const shift = point <= 0 ? '0'.repeat(1 - point) : '';
  const at = point <= 0 ? 1 : point;
  const all = shift + padded;
  const head = all.slice(0, at).replace(/^0+(?=\d)/, '');
  const tail = all.slice(at).replace(/0+$/, '');
  const plain = tail === '' ? head : `${head}.${tail}`;
  return plain === '0' ? plain : sign + plain;
}

type Reviver = (name: string, value: unknown, context: { readonly source?: string }) => unknown;

/** JSON whose numbers stay the text that they were written as. */
export function parseExactJson(text: string): Readonly<Record<string, Value>> {
  const revive: Reviver = (_name, value, { source }) =>
    typeof value === 'number' ? (source ?? String(value)) : value;
  return JSON.parse(text, revive as (name: string, value: unknown) => unknown) as Readonly<
    Record<string, Value>
  >;
}
