// Merges the newest rows of a view's groups to rows of the view: features out of packed rows, a group
// without a row as if it had no records, everything derived computed anew by the engine's own code. One
// loop per feature over a batch; columns are reused from batch to batch.
import { compileProjection } from '../../../codegen/compile-projection.ts';
import type { Projection } from '../../../codegen/projection.ts';
import {
  type BytesBuilder,
  columnForField,
  type ColumnBuilder,
  ensureRows,
  putBytes,
} from '../../../columns/column-builder.ts';
import type { BytesColumn, Column } from '../../../columns/column.ts';
import { packedRowLayout, slotsOffset, viewOfBytes } from '../../../columns/packed-row.ts';
import { createRowReader, type PackedRowReader } from '../../../columns/packed-row-reader.ts';
import { putValue } from '../../../columns/put-value.ts';
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import type { Field, Value } from '../../../kernel/types/field-type.ts';
import { type DerivedNode, featureFields, type ViewNode } from '../../../plan/plan.ts';
import type { LoadedGroup } from './loaded-groups.ts';

/** Makes rows of a view from the loader's; what it returns is valid until the next call. */
export class GroupMerger {
  readonly #view: ViewNode;
  readonly #groups: readonly MergedGroup[];
  readonly #fields: readonly Field[];
  readonly #features: ColumnBuilder[];
  readonly #derive: readonly Projection[];
  #eventTimeMs = new Float64Array(0);
  #seq = new Float64Array(0);

  constructor(view: ViewNode, groups: readonly LoadedGroup[]) {
    this.#view = view;
    this.#fields = featureFields(view);
    const { length } = view.features;
    this.#features = this.#fields.slice(0, length).map((field) => columnForField(field));
    this.#groups = groups.map((group) => new MergedGroup(group));
    this.#derive = view.derived.map(({ value }, i) =>
      compileProjection({
        fields: this.#fields.slice(0, length + i),
        predicates: [],
        outputs: [value],
      }),
    );
  }

  /** `seqBase` is added to the numbers of rows. */
  merge(batch: VectorBatch, seqBase: number): VectorBatch {
    const { rowCount } = batch;
    if (this.#eventTimeMs.length < rowCount) {
      this.#eventTimeMs = new Float64Array(rowCount * 2);
      this.#seq = new Float64Array(rowCount * 2);
    }
    const eventTimeMs = this.#eventTimeMs;
    eventTimeMs.fill(Number.NEGATIVE_INFINITY, 0, rowCount);
    for (let row = 0; row < rowCount; row++) {
      this.#seq[row] = seqBase + (batch.seq[row] as number);
    }
    for (const [i, group] of this.#groups.entries()) {
      const packed = batch.columns[i] as BytesColumn;
      group.load({ packed, rowCount, columns: this.#features, eventTimeMs });
    }
    for (let row = 0; row < rowCount; row++) {
      // All groups have been removed.
      if (eventTimeMs[row] === Number.NEGATIVE_INFINITY) {
        eventTimeMs[row] = batch.asOfMs[row] as number;
      }
    }
    const columns = this.#withDerived(rowCount);
    return {
      ...batch,
      view: this.#view.name,
      eventTimeMs,
      seq: this.#seq,
      fields: this.#fields,
      columns,
    };
  }

  #withDerived(rowCount: number): readonly Column[] {
    const columns: Column[] = [...this.#features];
    for (const [i, derive] of this.#derive.entries()) {
      const { columns: made, failures } = derive({ columns, rowCount });
      const column = made[0] as Column;
      // Code for what is never null does not write nulls: those of failures before are there.
      const { value, nullable } = this.#view.derived[i] as DerivedNode;
      if (!nullable && value.kind !== 'column') column.nulls.fill(0, 0, rowCount);
      for (const { row } of failures) column.nulls[row] = 1;
      columns.push(column);
    }
    return columns;
  }
}

interface GroupRows {
  readonly packed: BytesColumn;
  readonly rowCount: number;
  readonly columns: readonly ColumnBuilder[];
  readonly eventTimeMs: Float64Array;
}

/** Where the packed rows of a batch begin; −1 where there is none. */
interface RowStarts {
  readonly data: Uint8Array;
  readonly view: DataView;
  readonly starts: Int32Array;
  readonly packed: BytesColumn;
}

class MergedGroup {
  readonly #group: LoadedGroup;
  readonly #reader: PackedRowReader;
  #starts = new Int32Array(0);

  constructor(group: LoadedGroup) {
    this.#group = group;
    this.#reader = createRowReader(group.features);
  }

  load({ packed, rowCount, columns, eventTimeMs }: GroupRows): void {
    const { features, positions } = this.#group;
    if (this.#starts.length < rowCount) this.#starts = new Int32Array(rowCount * 2);
    const { data } = packed;
    const view = viewOfBytes(data);
    const starts = this.#starts;
    for (let row = 0; row < rowCount; row++) {
      const start = packed.starts[row] as number;
      const isThere = packed.nulls[row] !== 1 && (packed.ends[row] as number) > start;
      starts[row] = isThere ? start : -1;
      if (!isThere) continue;
      const ms = view.getFloat64(start + packedRowLayout.eventTimeMs, true);
      if (ms > (eventTimeMs[row] as number)) eventTimeMs[row] = ms;
    }
    for (const [index, field] of features.entries()) {
      const column = columns[positions[index] as number] as ColumnBuilder;
      ensureRows(column, rowCount);
      this.#unpack({ data, view, starts, packed }, { column, field, index }, rowCount);
    }
  }

  #unpack(
    rows: RowStarts,
    { column, field, index }: { column: ColumnBuilder; field: Field; index: number },
    rowCount: number,
  ): void {
    const slot = slotsOffset(this.#group.features.length) + index * 8;
    const nullByte = packedRowLayout.nulls + (index >> 3);
    const nullBit = 1 << (index & 7);
    const empty = emptyOf(field);
    if (column.kind === 'bytes') column.dataLength = 0;
    for (let row = 0; row < rowCount; row++) {
      const start = rows.starts[row] as number;
      if (start < 0 || ((rows.data[start + nullByte] as number) & nullBit) !== 0) {
        putValue(column, field.type, row, empty);
        column.nulls[row] = field.nullable ? 1 : 0;
        continue;
      }
      column.nulls[row] = 0;
      switch (column.kind) {
        case 'float64':
          column.values[row] = rows.view.getFloat64(start + slot, true);
          break;
        case 'int32':
          column.values[row] = rows.view.getInt32(start + slot, true);
          break;
        case 'int64':
          column.values[row] = rows.view.getBigInt64(start + slot, true);
          break;
        case 'bool':
          column.values[row] = rows.data[start + slot] as number;
          break;
        case 'bytes':
          putText(column, row, rows, start + slot);
          break;
        case 'object': {
          const end = rows.packed.ends[row] as number;
          column.values[row] = this.#reader.value(rows.data.subarray(start, end), index);
        }
      }
    }
  }
}

function putText(
  column: BytesBuilder,
  row: number,
  { data, view, starts }: RowStarts,
  slot: number,
): void {
  const start = (starts[row] as number) + view.getUint32(slot, true);
  const end = start + view.getUint32(slot + 4, true);
  putBytes(column, row, { bytes: data, start, end });
}

/** The value of a feature without records. */
function emptyOf({ type, nullable }: Field): Value {
  if (nullable) return null;
  switch (type.kind) {
    case 'list':
      return [];
    case 'map':
      return {};
    default:
      return null;
  }
}
