// Which subtask each row of a batch belongs to: the owner of its key's group. Keys are encoded and
// hashed exactly as operators and stores do it. A row whose key cannot be computed goes to the first
// subtask, whose operator finds the same failure and reports it.
import { compileProjection } from '../../codegen/compile-projection.ts';
import type { Projection } from '../../codegen/projection.ts';
import type { DecodedBatch } from '../../columns/batch.ts';
import type { Column } from '../../columns/column.ts';
import { hashBytes } from '../../kernel/hash.ts';
import { keyGroupCount, keyGroupOf, keyGroupsOf } from '../../kernel/key-group.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { SpaceSaving } from '../../sketch/space-saving.ts';
import { KeyEncoder, keyTagOf } from '../operators/key-encoder.ts';
import type { KeyBounds } from '../state/key-table.ts';
import type { KeyRoute } from './routes.ts';

/** Of large batches, one row in this many is counted for the hottest keys. */
const sampleStride = 32;
const sampledFrom = 1024;
/** After this many rows, older ones count half. */
const fadeRows = 4_000_000;

export class KeyOwners {
  /** Per row of the batch; valid until the next call of `assign`. */
  owners: Uint8Array = new Uint8Array(0);
  /** Rows per subtask so far. */
  readonly rowsOf: Float64Array;
  readonly hottest = new SpaceSaving();
  readonly #project: Projection;
  readonly #tags: readonly number[];
  readonly #encoder = new KeyEncoder();
  readonly #ownerOfGroup = new Uint8Array(keyGroupCount);
  #found: Int32Array = new Int32Array(0);
  #stride = 1;
  #phase = 0;

  constructor(fields: readonly Field[], { key }: KeyRoute, parallelism: number) {
    const outputs = key.map(({ value }) => value);
    this.#project = compileProjection({ fields, predicates: [], outputs });
    this.#tags = key.map(({ type }) => keyTagOf(type.kind));
    this.rowsOf = new Float64Array(parallelism);
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const { first, end } = keyGroupsOf(subtask, parallelism);
      this.#ownerOfGroup.fill(subtask, first, end);
    }
  }

  assign(batch: DecodedBatch): void {
    const { rowCount } = batch;
    const { columns, selected, selectedCount } = this.#project(batch);
    this.#ensure(rowCount);
    this.#stride = rowCount < sampledFrom ? 1 : sampleStride;
    const parts = this.#tags.map((tag, i) => ({ column: columns[i] as Column, tag }));
    const rows = { selected, count: selectedCount };
    this.#encoder.resolve(this, parts, rows, { slots: this.#found, first: 0 });
    this.#scatter(selected, selectedCount, rowCount);
    if (this.hottest.total > fadeRows) this.hottest.halve();
  }

  /** Owners of encoded keys: what the encoder asks of a table of keys. */
  resolve(
    source: Uint8Array,
    { starts, ends, count }: KeyBounds,
    owners: Int32Array,
    first: number,
  ): void {
    const ownerOfGroup = this.#ownerOfGroup;
    let sampled = this.#phase;
    for (let i = 0; i < count; i++) {
      const start = starts[i] as number;
      const end = ends[i] as number;
      const hash = hashBytes(source, start, end);
      owners[first + i] = ownerOfGroup[keyGroupOf(hash)] as number;
      if (--sampled < 0) {
        this.hottest.add(source, { start, end, hash }, this.#stride);
        sampled = this.#stride - 1;
      }
    }
    this.#phase = sampled;
  }

  #scatter(selected: Int32Array, count: number, rowCount: number): void {
    const { owners, rowsOf } = this;
    const found = this.#found;
    if (count < rowCount) {
      owners.fill(0, 0, rowCount);
      rowsOf[0] = (rowsOf[0] as number) + rowCount - count;
    }
    for (let i = 0; i < count; i++) {
      const owner = found[i] as number;
      owners[selected[i] as number] = owner;
      rowsOf[owner] = (rowsOf[owner] as number) + 1;
    }
  }

  #ensure(rowCount: number): void {
    if (this.owners.length >= rowCount) return;
    this.owners = new Uint8Array(rowCount * 2);
    this.#found = new Int32Array(rowCount * 2);
  }
}
