// Stable order of numbers by value without comparing: sixteen bits a pass, least significant first.

/** Row numbers `0 … count − 1` by ascending value (whole numbers); ties in order. */
export function orderByValue(values: Float64Array, count: number): Uint32Array {
  const rows = new Uint32Array(count);
  for (let i = 0; i < count; i++) rows[i] = i;
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  let isSorted = true;
  for (let i = 0; i < count; i++) {
    const value = values[i] as number;
    if (value < greatest) isSorted = false;
    if (value > greatest) greatest = value;
    if (value < least) least = value;
  }
  return isSorted ? rows : radixSorted(rows, values, { least, greatest });
}

function radixSorted(
  rows: Uint32Array,
  values: Float64Array,
  { least, greatest }: { readonly least: number; readonly greatest: number },
): Uint32Array {
  let from = rows;
  let to: Uint32Array = new Uint32Array(rows.length);
  const digits = new Uint16Array(rows.length);
  const starts = new Uint32Array(65_537);
  for (let unit = 1; unit <= greatest - least; unit *= 65_536) {
    starts.fill(0);
    for (let i = 0; i < from.length; i++) {
      const distance = (values[from[i] as number] as number) - least;
      const digit = Math.floor(distance / unit) % 65_536;
      digits[i] = digit;
      starts[digit + 1] = (starts[digit + 1] as number) + 1;
    }
    for (let i = 1; i < starts.length; i++) {
      starts[i] = (starts[i] as number) + (starts[i - 1] as number);
    }
    for (let i = 0; i < from.length; i++) {
      const digit = digits[i] as number;
      const at = starts[digit] as number;
      to[at] = from[i] as number;
      starts[digit] = at + 1;
    }
    [from, to] = [to, from];
  }
  return from;
}
