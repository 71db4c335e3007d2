// One binary row per view and key: what online stores keep. Fixed header, null bitmap, an 8-byte
// slot per feature, then a variable area; little-endian throughout, so that a row written on one
// machine is read on any other. A row does not name its features: the reader brings the fields.
import type { Field } from '../kernel/types/field-type.ts';

export const packedRowVersion = 1;

/** Byte positions of the header. */
export const packedRowLayout = {
  version: 0,
  fieldCount: 2,
  length: 4,
  asOfMs: 8,
  seq: 16,
  eventTimeMs: 24,
  nulls: 32,
} as const;

/** Position of the first slot: after a bitmap of one bit per field, padded to 8 bytes. */
export function slotsOffset(fieldCount: number): number {
  return packedRowLayout.nulls + Math.ceil(fieldCount / 64) * 8;
}

/** The version of a row: rows of a key are ordered by `asOfMs`, then `seq`. */
export interface RowVersion {
  readonly asOfMs: number;
  readonly seq: number;
}

/** How a value lies in its slot. `variable`: u32 offset from the row's start, u32 length. */
export type SlotKind = 'float64' | 'int32' | 'int64' | 'bool' | 'variable';

export function slotKindOf(field: Field): SlotKind {
  switch (field.type.kind) {
    case 'float64':
    case 'float32':
    case 'timestamp':
    case 'count':
      return 'float64';
    case 'int32':
    case 'date':
      return 'int32';
    case 'int64':
      return 'int64';
    case 'bool':
      return 'bool';
    case 'decimal':
      return field.type.precision <= 18 ? 'int64' : 'variable';
    default:
      return 'variable';
  }
}

export function viewOfBytes(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether bytes are a whole row of these fields' count, of a version that this code reads. */
export function isPackedRow(bytes: Uint8Array, fieldCount: number): boolean {
  return isPackedRowAt(viewOfBytes(bytes), fieldCount);
}

/** The same of the bytes that a view is over. */
export function isPackedRowAt(view: DataView, fieldCount: number): boolean {
  return (
    view.byteLength >= slotsOffset(fieldCount) + fieldCount * 8 &&
    view.getUint8(packedRowLayout.version) === packedRowVersion &&
    view.getUint16(packedRowLayout.fieldCount, true) === fieldCount &&
    view.getUint32(packedRowLayout.length, true) === view.byteLength
  );
}

export function asOfMsOf(row: Uint8Array): number {
  return viewOfBytes(row).getFloat64(packedRowLayout.asOfMs, true);
}

export function seqOf(row: Uint8Array): number {
  return viewOfBytes(row).getFloat64(packedRowLayout.seq, true);
}

export function eventTimeMsOf(row: Uint8Array): number {
  return viewOfBytes(row).getFloat64(packedRowLayout.eventTimeMs, true);
}

/** Whether a version is greater than that of a stored row: only then may it replace the row. */
export function isNewerThan(version: RowVersion, stored: Uint8Array): boolean {
  const asOfMs = asOfMsOf(stored);
  if (version.asOfMs !== asOfMs) return version.asOfMs > asOfMs;
  return version.seq > seqOf(stored);
}

export function versionOf(row: Uint8Array): RowVersion {
  return { asOfMs: asOfMsOf(row), seq: seqOf(row) };
}

/** A copy of the row with another version. */
export function withVersion(row: Uint8Array, { asOfMs, seq }: RowVersion): Uint8Array {
  // Not `slice`: that of a Buffer copies nothing.
  const copied = new Uint8Array(row);
  const view = viewOfBytes(copied);
  view.setFloat64(packedRowLayout.asOfMs, asOfMs, true);
  view.setFloat64(packedRowLayout.seq, seq, true);
  return copied;
}
