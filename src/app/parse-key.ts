// A key as people type it (`user_id=u1`) → values of the key's types. Every wrong part is named.
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import { suggestName } from '../kernel/nearest-name.ts';
import { type FieldType, type Value, formatType } from '../kernel/types/field-type.ts';
import type { Field } from '../kernel/types/field-type.ts';

/** A view by what it is known by: its name and join keys. */
export interface KeyedView {
  readonly name: string;
  readonly key: readonly Pick<Field, 'name' | 'type'>[];
}

/** The key of an entity of the view; throws MR_UNKNOWN_KEY for wrong or missing parts. */
export function parseKey(view: KeyedView, parts: readonly string[]): Record<string, Value> {
  const key: Record<string, Value> = {};
  for (const part of parts) {
    const at = part.indexOf('=');
    if (at < 0) throw keyError(view, `"${part}" is not key=value`);
    const name = part.slice(0, at);
    const node = view.key.find((candidate) => candidate.name === name);
    if (node === undefined) {
      const hint = suggestName(
        name,
        view.key.map((candidate) => candidate.name),
      );
      throw keyError(view, `${view.name} has no key "${name}"; ${hint}`);
    }
    key[name] = parsePart(view, node, part.slice(at + 1));
  }
  const missing = view.key.filter(({ name }) => !Object.hasOwn(key, name));
  if (missing.length === 0) return key;
  const names = missing.map(({ name }) => name).join(', ');
  throw keyError(view, `the key of ${view.name} lacks ${names}`);
}

function parsePart(view: KeyedView, { name, type }: KeyedView['key'][number], text: string): Value {
  const value = valueOf(type, text);
  if (value !== undefined) return value;
  throw keyError(view, `${name}=${text} is not of type ${formatType(type)}`);
}

function valueOf(type: FieldType, text: string): Value | undefined {
  switch (type.kind) {
    case 'string':
    case 'date':
      return text;
    case 'bool':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'int32':
      return /^-?\d+$/.test(text) ? Number(text) : undefined;
    case 'int64':
      return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
    case 'timestamp':
      return instantOf(text);
    case 'bytes':
      return new Uint8Array(Buffer.from(text, 'base64'));
    default:
      return undefined;
  }
}

function instantOf(text: string): number | undefined {
  const ms = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(ms) ? ms : undefined;
}

function keyError(view: KeyedView, message: string): MillraceError {
  const example = view.key.map(({ name, type }) => `${name}=<${formatType(type)}>`).join(' ');
  return new MillraceError('MR_UNKNOWN_KEY', message, {
    context: { path: view.name },
    fix: `write: millrace get ${view.name} ${example}`,
  });
}
