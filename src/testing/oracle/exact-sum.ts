// Sums of doubles without rounding on the way: partial sums that do not overlap (Shewchuk 1997,
// "Adaptive precision floating-point arithmetic", grow-expansion), rounded once at the end.
// NaN and infinities follow the rule of a feature's value: any NaN, or both infinities, is NaN.

/** The sum of the numbers, within half a unit in the last place of the exact one. */
export function exactSum(numbers: readonly number[]): number {
  if (numbers.some((x) => !Number.isFinite(x))) {
    return numbers.reduce((sum, x) => (Number.isFinite(x) ? sum : sum + x), 0);
  }
  let partials: number[] = [];
  for (const number of numbers) {
    const next: number[] = [];
    let x = number;
    for (const partial of partials) {
      const [small, large] = Math.abs(x) < Math.abs(partial) ? [x, partial] : [partial, x];
      const high = large + small;
      const low = small - (high - large);
      if (low !== 0) next.push(low);
      x = high;
    }
    next.push(x);
    partials = next;
  }
  return partials.reduce((sum, x) => sum + x, 0);
}
