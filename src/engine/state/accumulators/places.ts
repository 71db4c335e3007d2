// Places of records and values with their places as bytes, and roughly what they cost in memory.
import type { Value } from '../../../kernel/types/field-type.ts';
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import type { RecordPlace } from './accumulator.ts';

/** A value and the place of its record. */
export interface Placed {
  readonly value: Value;
  readonly place: RecordPlace;
}

export function writePlace({ ts, id, order }: RecordPlace, to: StateWriter): void {
  to.f64(ts);
  to.value(id);
  to.varint(order);
}

export function readPlace(from: StateReader): RecordPlace {
  return { ts: from.f64(), id: from.value() ?? null, order: from.varint() };
}

export function writePlaced(items: readonly Placed[], to: StateWriter): void {
  to.varint(items.length);
  for (const { value, place } of items) {
    to.value(value);
    writePlace(place, to);
  }
}

export function readPlaced(from: StateReader): Placed[] {
  return Array.from({ length: from.count() }, () => ({
    value: from.value() ?? null,
    place: readPlace(from),
  }));
}

/** Bytes of an object with its place in whatever holds it. */
export const boxBytes = 64;

/** About what a value costs beside the box that holds it. */
export function valueBytes(value: Value | undefined): number {
  if (typeof value === 'string') return 24 + value.length * 2;
  if (typeof value === 'bigint') return 24;
  if (value instanceof Uint8Array) return 96 + value.length;
  if (Array.isArray(value)) {
    return (value as readonly Value[]).reduce<number>(
      (sum, item) => sum + 8 + valueBytes(item),
      32,
    );
  }
  if (typeof value !== 'object' || value === null) return typeof value === 'number' ? 12 : 0;
  return Object.values(value).reduce<number>((sum, item) => sum + 16 + valueBytes(item), 56);
}
