// Values of literals and defaults in JSON without loss. JSON's own values stand for themselves;
// what JSON lacks is an object with one `$` name: `{"$int64":"5"}`, `{"$bytes":"base64"}`,
// `{"$float":"NaN"}`. An object of the user's that has a `$` name is wrapped in `{"$map":…}`.
import { Buffer } from 'node:buffer';

type JsonObject = { readonly [name: string]: unknown };

/** A value, or a tree of plan nodes, as something that JSON.stringify keeps whole. */
export function encodeJsonValue(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return { $int64: value.toString() };
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $float: floatText(value) };
    case 'object':
      return value === null ? null : encodeObject(value);
    default:
      return value;
  }
}

function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function encodeObject(value: object): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(encodeJsonValue);
  const encoded = mapValues(value as JsonObject, encodeJsonValue);
  return Object.keys(value).some((name) => name.startsWith('$')) ? { $map: encoded } : encoded;
}

/** The inverse of `encodeJsonValue`; throws TypeError for a `$` name that means nothing. */
export function decodeJsonValue(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(decodeJsonValue);
  const tag = Object.keys(json).find((name) => name.startsWith('$'));
  return tag === undefined
    ? mapValues(json as JsonObject, decodeJsonValue)
    : decodeTagged(tag, json as JsonObject);
}

function decodeTagged(tag: string, json: JsonObject): unknown {
  const content = json[tag];
  if (Object.keys(json).length === 1) {
    if (tag === '$map' && typeof content === 'object' && content !== null) {
      return mapValues(content as JsonObject, decodeJsonValue);
    }
    const value = typeof content === 'string' ? decodeText(tag, content) : undefined;
    if (value !== undefined) return value;
  }
  throw new TypeError(`${JSON.stringify(json).slice(0, 80)} is not a value of a plan`);
}

const floats: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

function decodeText(tag: string, text: string): bigint | number | Uint8Array | undefined {
  if (tag === '$int64') return /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
  if (tag === '$float') return floats.get(text);
  if (tag !== '$bytes' || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** Without a prototype's pitfalls: `__proto__` is a name like any other. */
function mapValues(object: JsonObject, map: (value: unknown) => unknown): JsonObject {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, map(value)]),
  );
}
