// The five bytes in front of records that name their schema: 0, then the id, big-endian.
import type { MessageInput } from '../../ports/format.ts';

export const prefixBytes = 5;

/** The schema id of a message, or what it is instead. */
export function schemaIdOf({ bytes, bounds }: MessageInput, message: number): number {
  const start = bounds[2 * message] as number;
  const end = bounds[2 * message + 1] as number;
  if (start < 0) return noValue;
  if (end - start < prefixBytes || bytes[start] !== 0) return noPrefix;
  const at = (i: number): number => bytes[start + i] as number;
  return ((at(1) << 24) | (at(2) << 16) | (at(3) << 8) | at(4)) >>> 0;
}

export const noValue = -1;
export const noPrefix = -2;

export function prefixOf(id: number): Uint8Array {
  return new Uint8Array([0, id >>> 24, (id >>> 16) & 0xff, (id >>> 8) & 0xff, id & 0xff]);
}
