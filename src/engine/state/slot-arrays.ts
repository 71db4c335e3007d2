// Growing the typed arrays that hold one number per slot.

/** A copy of at least `count` entries, at least twice as long as before; new entries hold `fill`. */
export function enlargeFloats(
  old: Float64Array,
  count: number,
  fill: number,
): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(count, old.length * 2, 64));
  larger.set(old);
  if (fill !== 0) larger.fill(fill, old.length);
  return larger;
}

export function enlargeInts(old: Int32Array, count: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(count, old.length * 2, 64));
  larger.set(old);
  return larger;
}
