// Whether two values of a feature are the same. Floats that were computed in another order differ in
// their last digits, so they are compared with a relative tolerance; everything else is exact.
import type { Value } from '../../kernel/types/field-type.ts';

/** `tolerance` 0: floats must have the same bits, except that NaN equals NaN. */
export function isSameValue(left: Value, right: Value, tolerance: number): boolean {
  if (left === right) return true;
  if (typeof left === 'number' && typeof right === 'number') {
    return isSameNumber(left, right, tolerance);
  }
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (left instanceof Uint8Array || right instanceof Uint8Array) {
    return (
      left instanceof Uint8Array && right instanceof Uint8Array && Buffer.compare(left, right) === 0
    );
  }
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  const [a, b] = [left, right] as Readonly<Record<string, Value>>[];
  return names.every(
    (name) =>
      b !== undefined &&
      Object.hasOwn(b, name) &&
      isSameValue(a?.[name] ?? null, b[name] ?? null, tolerance),
  );
}

function isSameNumber(left: number, right: number, tolerance: number): boolean {
  if (Number.isNaN(left) || Number.isNaN(right)) return Number.isNaN(left) && Number.isNaN(right);
  const scale = Math.max(Math.abs(left), Math.abs(right));
  return scale < Number.POSITIVE_INFINITY && Math.abs(left - right) <= tolerance * scale;
}
