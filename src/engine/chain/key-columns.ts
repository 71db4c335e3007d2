// Encoded keys back into columns, without a value for each: the inverse of `operators/key-encoder.ts`.
import { type ColumnBuilder, ensureRows, putBytes } from '../../columns/column-builder.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { keyTagNull } from '../../kernel/key-encoding.ts';

/** Puts the key parts of some rows of a batch into builders, one for each part, from row `first`. */
export function decodeKeys(
  { keyData, keyStarts }: VectorBatch,
  rows: ArrayLike<number>,
  target: { readonly builders: readonly ColumnBuilder[]; readonly first: number },
): void {
  const { builders, first } = target;
  const view = new DataView(keyData.buffer, keyData.byteOffset, keyData.byteLength);
  for (const builder of builders) ensureRows(builder, first + rows.length);
  for (let i = 0; i < rows.length; i++) {
    let at = keyStarts[rows[i] as number] as number;
    for (let part = 0; part < builders.length; part++) {
      at = decodePart(builders[part] as ColumnBuilder, first + i, view, at);
    }
  }
}

/** One part; where the next begins. */
function decodePart(builder: ColumnBuilder, row: number, view: DataView, from: number): number {
  const at = from + 1;
  if (view.getUint8(from) === keyTagNull) {
    builder.nulls[row] = 1;
    if (builder.kind === 'bytes') putBytes(builder, row, emptyBytes);
    return at;
  }
  builder.nulls[row] = 0;
  switch (builder.kind) {
    case 'bytes': {
      const length = view.getUint32(at, true);
      const start = at + 4;
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      putBytes(builder, row, { bytes, start, end: start + length });
      return start + length;
    }
    case 'bool':
      builder.values[row] = view.getUint8(at);
      return at + 1;
    case 'int32':
      builder.values[row] = view.getInt32(at, true);
      return at + 4;
    case 'int64':
      builder.values[row] = view.getBigInt64(at, true);
      return at + 8;
    case 'float64':
      builder.values[row] = Number(view.getBigInt64(at, true));
      return at + 8;
    case 'object':
      throw new TypeError('a key has no parts of this type');
  }
}

const emptyBytes = { bytes: new Uint8Array(0), start: 0, end: 0 } as const;
