// Types of columns of text files, from their values. Text that a number would not give back (leading
// zeros, more digits than fit) stays text, so that identifiers survive.
import { parseInstant } from '../../columns/parse-time.ts';
import type { FieldType, Value } from '../../kernel/types/field-type.ts';

const integerText = /^-?(0|[1-9]\d{0,17})$/;
const numberText = /^-?(0|[1-9]\d*)(\.\d+|(\.\d+)?[eE][+-]?\d+)$/;

/** The narrowest type that holds every text; null is skipped. */
export function inferTextType(values: readonly (string | null)[]): FieldType {
  let best: 'bool' | 'int64' | 'float64' | null = null;
  for (const value of values) {
    if (value === null) continue;
    const kind = kindOfText(value);
    if (kind === null) return { kind: 'string' };
    if (best === null || best === kind) best = kind;
    else if (best === 'bool' || kind === 'bool') return { kind: 'string' };
    else best = 'float64';
  }
  return { kind: best ?? 'string' };
}

function kindOfText(text: string): 'bool' | 'int64' | 'float64' | null {
  if (text === 'true' || text === 'false') return 'bool';
  if (integerText.test(text)) return 'int64';
  return numberText.test(text) ? 'float64' : null;
}

/** The value of a text for a type, or undefined when it is not one. */
export function parseText(text: string, type: FieldType): Value | undefined {
  switch (type.kind) {
    case 'bool':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'int64':
      return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
    case 'int32':
    case 'count':
      return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
    case 'float32':
    case 'float64':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case 'timestamp':
      return /^-?\d+$/.test(text) ? Number(text) : (parseInstant(text) ?? undefined);
    default:
      return text;
  }
}

/** The type that holds every JSON value of a column; mixed columns are JSON text. */
export function inferJsonType(values: readonly unknown[]): FieldType {
  let best: FieldType['kind'] | null = null;
  for (const value of values) {
    if (value === null || value === undefined) continue;
    const kind = kindOfJson(value);
    if (best === null || best === kind) best = kind;
    else if (isNumber(best) && isNumber(kind)) best = 'float64';
    else return { kind: 'json' };
  }
  return best === 'list' || best === 'struct' || best === 'map'
    ? { kind: 'json' }
    : ({ kind: best ?? 'string' } as FieldType);
}

function isNumber(kind: FieldType['kind']): boolean {
  return kind === 'int64' || kind === 'float64';
}

function kindOfJson(value: unknown): FieldType['kind'] {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int64';
    case 'number':
      return 'float64';
    case 'string':
      return 'string';
    default:
      return 'list';
  }
}
