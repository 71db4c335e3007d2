// Instants are epoch milliseconds in UTC, as plain numbers; names say which clock they belong to.

/** The watermark before any record. */
export const minWatermark = Number.NEGATIVE_INFINITY;
/** The watermark at the end of bounded input: everything fires. */
export const maxWatermark = Number.POSITIVE_INFINITY;

/** RFC 3339 in UTC with as few fraction digits as hold the value: none or three. */
export function formatInstant(ms: number): string {
  const text = new Date(ms).toISOString();
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text;
}

/** `a` modulo `n`, never negative. */
export function floorMod(a: number, n: number): number {
  const r = a % n;
  return r < 0 ? r + n : r;
}
