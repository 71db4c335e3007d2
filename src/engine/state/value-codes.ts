// Distinct values of a column as small numbers, for sets of them. A code is kept while somebody
// holds it: rows that are staged, and cells. Unheld codes are given to other values.
import type { Column } from '../../columns/column.ts';
import { readValue } from '../../columns/read-value.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { identityOf } from './accumulators/distinct.ts';
import type { StateReader } from './bytes/state-reader.ts';
import type { StateWriter } from './bytes/state-writer.ts';
import { KeyTable } from './key-table.ts';

const utf8 = new TextEncoder();

export class ValueCodes {
  readonly #table = new KeyTable();
  #holds: Int32Array = new Int32Array(1024);
  readonly #float = new Float64Array(1);
  readonly #floatBytes = new Uint8Array(this.#float.buffer);

  /** The code of a value that is not null, held once more. */
  hold(column: Column, field: Field, row: number): number {
    return this.#hold(this.#codeOf(column, field, row));
  }

  /** Writes the value of a code. */
  write(code: number, to: StateWriter): void {
    const { data, bounds } = this.#table;
    to.bytes(data, bounds[code * 2], bounds[code * 2 + 1]);
  }

  /** The code of a value that was written, held once more. */
  read(from: StateReader): number {
    const start = from.skipBytes();
    return this.#hold(this.#table.findOrInsert(from.data, start, from.at));
  }

  #hold(code: number): number {
    if (code >= this.#holds.length) {
      const larger = new Int32Array(Math.max(code + 1, this.#holds.length * 2));
      larger.set(this.#holds);
      this.#holds = larger;
    }
    this.#holds[code] = (this.#holds[code] as number) + 1;
    return code;
  }

  holdAgain(code: number): void {
    this.#holds[code] = (this.#holds[code] as number) + 1;
  }

  release(code: number): void {
    const holds = (this.#holds[code] as number) - 1;
    this.#holds[code] = holds;
    if (holds === 0) this.#table.free(code);
  }

  /** Codes are below this. */
  get limit(): number {
    return this.#table.slotCount;
  }

  get byteLength(): number {
    return this.#table.byteLength + this.#holds.byteLength;
  }

  #codeOf(column: Column, field: Field, row: number): number {
    if (column.kind === 'bytes') {
      const { data, starts, ends } = column;
      return this.#table.findOrInsert(data, starts[row] as number, ends[row] as number);
    }
    if (column.kind === 'float64') {
      const value = column.values[row] as number;
      this.#float[0] = value === 0 ? 0 : Number.isNaN(value) ? Number.NaN : value;
      return this.#table.findOrInsert(this.#floatBytes, 0, 8);
    }
    const bytes = utf8.encode(String(identityOf(readValue(column, field, row))));
    return this.#table.findOrInsert(bytes, 0, bytes.length);
  }
}
