// Values of the serving log's JSON as values of their types: no digit of an int64 is lost.
import type { FieldType, Value } from '../../kernel/types/field-type.ts';

/** JSON text with whole numbers beyond 2^53 as bigints. */
export function parseExactJson(text: string): unknown {
  const revive = (
    _name: string,
    value: unknown,
    context?: { readonly source?: string },
  ): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && isWhole(context?.source)
      ? BigInt(context?.source ?? value)
      : value;
  return JSON.parse(text, revive) as unknown;
}

function isWhole(source: string | undefined): boolean {
  return source !== undefined && /^-?\d+$/.test(source);
}

/** The value that JSON holds for a type; null for what it cannot be. */
export function valueOfJson(json: unknown, type: FieldType): Value {
  if (json === null || json === undefined) return null;
  switch (type.kind) {
    case 'int64':
      return isIntegerLike(json) ? BigInt(json) : null;
    case 'bytes':
      return typeof json === 'string' ? new Uint8Array(Buffer.from(json, 'base64')) : null;
    case 'list':
      return Array.isArray(json) ? json.map((item) => valueOfJson(item, type.item)) : null;
    case 'map':
      return mapped(json, () => type.value);
    case 'struct':
      return mapped(json, (name) => type.fields.find((field) => field.name === name)?.type);
    case 'bool':
      return typeof json === 'boolean' ? json : null;
    case 'json':
      return typeof json === 'string' ? json : JSON.stringify(json);
    case 'string':
    case 'date':
    case 'decimal':
      return String(json);
    default:
      return typeof json === 'number' || typeof json === 'bigint' ? Number(json) : null;
  }
}

function isIntegerLike(json: unknown): json is number | string | bigint {
  if (typeof json === 'number') return Number.isInteger(json);
  return typeof json === 'bigint' || (typeof json === 'string' && /^-?\d+$/.test(json));
}

function mapped(json: unknown, typeOf: (name: string) => FieldType | undefined): Value {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null;
  const entries = Object.entries(json).map(([name, value]): [string, Value] => {
    const type = typeOf(name);
    return [name, type === undefined ? null : valueOfJson(value, type)];
  });
  return Object.fromEntries(entries);
}
