// Code of a running variance that rows enter and leave: a shift near the values, the sums of the
// differences from it and of their squares (both two-sum), and the greatest square since they were
// last computed afresh. When digits may be lost (the mean has moved far from the shift, or what is
// left is tiny beside what has passed through), they are recomputed from rows.

export const momentStateSize = 6;

/** Statements that add `x` (or take it away) at state index `at` of `S`. */
export function momentUpdate(at: string, x: string, isRemoval: boolean): string {
  const sign = isRemoval ? '-' : '';
  const shift = isRemoval ? '' : `if (S[${at}] !== S[${at}]) S[${at}] = ${x};`;
  const peak = isRemoval ? '' : `if (e > S[${at} + 5]) S[${at} + 5] = e;`;
  const special = isRemoval ? '' : `else S[${at} + 5] = Infinity;`;
  return `
    if (${x} - ${x} === 0) {
      ${shift}
      const d = ${x} - S[${at}], e = d * d;
      ${twoSum(`${at} + 1`, `${sign}d`)}
      ${twoSum(`${at} + 3`, `${sign}e`)}
      ${peak}
    } ${special}`;
}

function twoSum(at: string, y: string): string {
  return `{ const s = S[${at}], t = s + ${y}, z = t - s;
    S[${at} + 1] += (s - (t - z)) + (${y} - z); S[${at}] = t; }`;
}

export function momentReset(at: string): string {
  const zeros = [1, 2, 3, 4, 5].map((i) => `S[${at} + ${i}] = 0;`).join(' ');
  return `S[${at}] = NaN; ${zeros}`;
}
