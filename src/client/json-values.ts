// Values between JSON and JavaScript, by the types of the plan: the same values as a read in the
// server's own process gives. Integers beyond 2^53 come as bigint from the text itself.
import type { Field, FieldType, Value } from '../kernel/types/field-type.ts';

/** A JSON text with its integers unrounded. */
export function parseExact(text: string): unknown {
  return /\d{16}/.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
}

function exactInteger(_: string, value: unknown, context?: { readonly source: string }): unknown {
  const isRounded =
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return isRounded && context !== undefined && /^-?\d+$/.test(context.source)
    ? BigInt(context.source)
    : value;
}

/** A value of the server's answer (instants in milliseconds). */
export function valueOfJson(type: FieldType, json: unknown): Value {
  if (json === null || json === undefined) return null;
  switch (type.kind) {
    case 'int64':
      return BigInt(json as number | bigint);
    case 'count':
    case 'timestamp':
    case 'float32':
    case 'float64':
      return Number(json);
    case 'bytes':
      return Uint8Array.from(atob(json as string), (char) => char.charCodeAt(0));
    case 'list':
      return (json as readonly unknown[]).map((item) => valueOfJson(type.item, item));
    case 'map':
      return mapped(json, () => type.value);
    case 'struct':
      return mapped(json, (name) => type.fields.find((field) => field.name === name)?.type);
    default:
      return json as Value;
  }
}

function mapped(json: unknown, typeOf: (name: string) => FieldType | undefined): Value {
  const entries = Object.entries(json as Readonly<Record<string, unknown>>);
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const type = typeOf(name);
      return [name, type === undefined ? null : valueOfJson(type, value)];
    }),
  );
}

/** A value of a key or of request data as JSON text. */
export function jsonOfValue({ type }: Pick<Field, 'type'>, value: unknown): string {
  if (value instanceof Uint8Array) return JSON.stringify(base64Of(value));
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return String(value.getTime());
  if (type.kind === 'list' && Array.isArray(value)) {
    return `[${value.map((item) => jsonOfValue({ type: type.item }, item)).join(',')}]`;
  }
  return JSON.stringify(value ?? null);
}

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
