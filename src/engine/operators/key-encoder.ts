// Key columns of a batch → encoded keys → slots. The encoding is that of kernel/key-encoding, part
// by part into one scratch buffer, without values on the way.
import type { Column } from '../../columns/column.ts';
import { isKeyKind, keyTagNull, keyTags } from '../../kernel/key-encoding.ts';
import { type KeyTable, resolveMax } from '../state/key-table.ts';

export interface KeyPart {
  readonly column: Column;
  readonly tag: number;
}

/** The tag byte of a key part's type. */
export function keyTagOf(kind: string): number {
  if (!isKeyKind(kind)) throw new Error(`a ${kind} cannot be a key`);
  return keyTags[kind];
}

export class KeyEncoder {
  #scratch = new Uint8Array(1 << 14);
  #view = new DataView(this.#scratch.buffer);
  readonly #starts = new Int32Array(resolveMax);
  readonly #ends = new Int32Array(resolveMax);

  /** Writes the slots of the selected rows to `slots`, from `first` on. */
  resolve(
    table: Pick<KeyTable, 'resolve'>,
    parts: readonly KeyPart[],
    { selected, count }: { readonly selected: Int32Array; readonly count: number },
    { slots, first }: { readonly slots: Int32Array; readonly first: number },
  ): void {
    const starts = this.#starts;
    const ends = this.#ends;
    for (let from = 0; from < count; from += resolveMax) {
      const size = Math.min(resolveMax, count - from);
      let at = 0;
      for (let i = 0; i < size; i++) {
        const row = selected[from + i] as number;
        starts[i] = at;
        for (let k = 0; k < parts.length; k++) at = this.#put(parts[k] as KeyPart, row, at);
        ends[i] = at;
      }
      table.resolve(this.#scratch, { starts, ends, count: size }, slots, first + from);
    }
  }

  #put({ column, tag }: KeyPart, row: number, start: number): number {
    let at = start;
    if (column.kind === 'bytes') return this.#putBytes(column, tag, row, at);
    if (at + 9 > this.#scratch.length) this.#grow(at + 9);
    const isNull = column.nulls[row] === 1;
    this.#scratch[at++] = isNull ? keyTagNull : tag;
    if (isNull) return at;
    switch (column.kind) {
      case 'bool':
        this.#scratch[at] = column.values[row] as number;
        return at + 1;
      case 'int32':
        this.#view.setInt32(at, column.values[row] as number, true);
        return at + 4;
      case 'int64':
        this.#view.setBigInt64(at, column.values[row] as bigint, true);
        return at + 8;
      case 'float64':
        this.#putWhole(column.values[row] as number, at);
        return at + 8;
      case 'object':
        throw new Error('a boxed value cannot be a key');
    }
  }

  #putBytes(column: Column & { kind: 'bytes' }, tag: number, row: number, start: number): number {
    const from = column.starts[row] as number;
    const length = (column.ends[row] as number) - from;
    if (start + 5 + length > this.#scratch.length) this.#grow(start + 5 + length);
    const scratch = this.#scratch;
    if (column.nulls[row] === 1) {
      scratch[start] = keyTagNull;
      return start + 1;
    }
    scratch[start] = tag;
    this.#view.setUint32(start + 1, length, true);
    const data = column.data;
    for (let i = 0, at = start + 5; i < length; i++, at++) scratch[at] = data[from + i] as number;
    return start + 5 + length;
  }

  #putWhole(value: number, at: number): void {
    const high = Math.floor(value / 2 ** 32);
    this.#view.setUint32(at, value - high * 2 ** 32, true);
    this.#view.setInt32(at + 4, high, true);
  }

  #grow(length: number): void {
    const larger = new Uint8Array(Math.max(length, this.#scratch.length * 2));
    larger.set(this.#scratch);
    this.#scratch = larger;
    this.#view = new DataView(larger.buffer);
  }
}
