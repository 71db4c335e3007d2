// Defaults of text columns whose rows are ranges of the input: the default's bytes are not there, so
// the column gets a copy of its bytes with the default in front. Rows that take it start at −1 before.
import type { Field } from '../../kernel/types/field-type.ts';
import { type BytesBuilder, copyBytes } from '../column-builder.ts';
import { convertValue } from './convert-value.ts';

const utf8 = new TextEncoder();

/** The default of a string, bytes or json field as bytes; null when it has none. */
export function defaultBytes(field: Field): Uint8Array | null {
  if (field.default === undefined || field.default === null) return null;
  const value = convertValue(field.type, field.default, field.name);
  return value instanceof Uint8Array ? value : utf8.encode(String(value));
}

/** Gives rows that start at −1 the bytes of `text`. */
export function mergeDefault(builder: BytesBuilder, text: Uint8Array, rowCount: number): void {
  let length = text.length;
  for (let row = 0; row < rowCount; row++) {
    const start = builder.starts[row] as number;
    if (start >= 0) length += (builder.ends[row] as number) - start;
  }
  const data = new Uint8Array(length);
  data.set(text);
  let at = text.length;
  for (let row = 0; row < rowCount; row++) {
    const start = builder.starts[row] as number;
    const end = builder.ends[row] as number;
    builder.starts[row] = start < 0 ? 0 : at;
    if (start >= 0) {
      copyBytes({ bytes: builder.data, start, end }, data, at);
      at += end - start;
    }
    builder.ends[row] = start < 0 ? text.length : at;
  }
  builder.data = data;
}
