// Which subtask each row of a batch belongs to: the owner of its key's group. Keys are hashed as
// operators and stores do it. A row whose key cannot be computed goes to the first subtask, whose
// operator finds the same failure and reports it.
import { compileProjection } from '../../codegen/compile-projection.ts';
import type { Projection } from '../../codegen/projection.ts';
import type { DecodedBatch } from '../../columns/batch.ts';
import type { BytesColumn, Column } from '../../columns/column.ts';
import { hashBytes } from '../../kernel/hash.ts';
import { keyGroupCount, keyGroupOf, keyGroupsOf } from '../../kernel/key-group.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { KeyEncoder, keyTagOf } from '../operators/key-encoder.ts';
import type { KeyBounds } from '../state/key-table.ts';
import { hashKeyText, nullKeyHash } from './hash-key-text.ts';
import { HotKeys, type SelectedRows } from './hot-keys.ts';
import type { KeyRoute } from './routes.ts';

export class KeyOwners {
  /** Per row of the batch; valid until the next call of `assign`. */
  owners: Uint8Array = new Uint8Array(0);
  readonly hotKeys = new HotKeys();
  readonly #project: Projection;
  readonly #tags: readonly number[];
  readonly #encoder = new KeyEncoder();
  readonly #ownerOfGroup = new Uint8Array(keyGroupCount);
  #found: Int32Array = new Int32Array(0);

  constructor(fields: readonly Field[], { key }: KeyRoute, parallelism: number) {
    const outputs = key.map(({ value }) => value);
    this.#project = compileProjection({ fields, predicates: [], outputs });
    this.#tags = key.map(({ type }) => keyTagOf(type.kind));
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const { first, end } = keyGroupsOf(subtask, parallelism);
      this.#ownerOfGroup.fill(subtask, first, end);
    }
  }

  assign(batch: DecodedBatch): void {
    const { rowCount } = batch;
    const { columns, selected, selectedCount } = this.#project(batch);
    this.#ensure(rowCount);
    const parts = this.#tags.map((tag, i) => ({ column: columns[i] as Column, tag }));
    const rows = { selected, count: selectedCount };
    const [part] = parts;
    if (part?.column.kind === 'bytes' && parts.length === 1) {
      this.#resolveText(part.column, part.tag, rows);
    } else this.#encoder.resolve(this, parts, rows, { slots: this.#found, first: 0 });
    this.#scatter(rows, rowCount);
    this.hotKeys.observe(parts, rows);
  }

  /** The owner of one encoded key. */
  ownerOf(key: Uint8Array): number {
    return this.#ownerOfGroup[keyGroupOf(hashBytes(key, 0, key.length))] as number;
  }

  /** Owners of encoded keys: what the encoder asks of a table of keys. */
  resolve(
    source: Uint8Array,
    { starts, ends, count }: KeyBounds,
    owners: Int32Array,
    first: number,
  ): void {
    for (let i = 0; i < count; i++) {
      const hash = hashBytes(source, starts[i] as number, ends[i] as number);
      owners[first + i] = this.#ownerOfGroup[keyGroupOf(hash)] as number;
    }
  }

  #resolveText(column: BytesColumn, tag: number, { selected, count }: SelectedRows): void {
    const { data, starts, ends, nulls } = column;
    for (let i = 0; i < count; i++) {
      const row = selected[i] as number;
      const hash =
        nulls[row] === 1
          ? nullKeyHash
          : hashKeyText(tag, data, starts[row] as number, ends[row] as number);
      this.#found[i] = this.#ownerOfGroup[keyGroupOf(hash)] as number;
    }
  }

  #scatter({ selected, count }: SelectedRows, rowCount: number): void {
    const { owners } = this;
    const found = this.#found;
    if (count < rowCount) owners.fill(0, 0, rowCount);
    for (let i = 0; i < count; i++) owners[selected[i] as number] = found[i] as number;
  }

  #ensure(rowCount: number): void {
    if (this.owners.length >= rowCount) return;
    this.owners = new Uint8Array(rowCount * 2);
    this.#found = new Int32Array(rowCount * 2);
  }
}
