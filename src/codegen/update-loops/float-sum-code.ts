// Code of a running sum that rows enter and leave. Four numbers: sum and error (two-sum), the sum
// of magnitudes and the greatest magnitude since it was last computed afresh. When what is left is
// tiny beside what has passed through, or a value was not finite, the sum is recomputed from rows.

export const sumStateSize = 4;

/** Below this share of the greatest magnitude that passed through, digits may be lost. */
export const freshShare: number = 2 ** -20;

/** Statements that add `x` (or take it away) at state index `at` of `S`. */
export function sumUpdate(at: string, x: string, isRemoval: boolean): string {
  const signed = isRemoval ? `-${x}` : x;
  const peak = isRemoval ? '' : `if (a > S[${at} + 3]) S[${at} + 3] = a;`;
  const special = isRemoval ? '' : `else S[${at} + 3] = Infinity;`;
  return `
    if (${x} - ${x} === 0) {
      const s = S[${at}], y = ${signed}, t = s + y, z = t - s, a = ${x} < 0 ? -${x} : ${x};
      S[${at} + 1] += (s - (t - z)) + (y - z);
      S[${at}] = t;
      S[${at} + 2] ${isRemoval ? '-=' : '+='} a;
      ${peak}
    } ${special}`;
}

export function sumReset(at: string): string {
  return `S[${at}] = 0; S[${at} + 1] = 0; S[${at} + 2] = 0; S[${at} + 3] = 0;`;
}
