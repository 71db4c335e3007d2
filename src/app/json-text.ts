// JSON text that keeps what JSON.stringify would lose: bigints digit for digit (unquoted), bytes as
// base64; numbers that JSON cannot hold become null, as everywhere in what we serve.

/** JSON of a value; `indent` spaces per level, none by default. */
export function toJsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, replaceValue, indent);
}

function replaceValue(this: unknown, _name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return rawJson(value.toString());
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value;
}

interface JsonWithRaw {
  rawJSON(text: string): unknown;
}

/** Text that JSON.stringify takes over as it is (in every Node that we support). */
function rawJson(text: string): unknown {
  return (JSON as unknown as JsonWithRaw).rawJSON(text);
}
