// Event times as RFC 3339 with 0, 3 or 6 fraction digits, as few as hold the value.
import { formatInstant } from '../../kernel/instant.ts';

/** Like `formatInstant`; a fraction of a millisecond comes out as microseconds. */
export function formatInstantExact(ms: number): string {
  if (Number.isInteger(ms)) return formatInstant(ms);
  const seconds = Math.floor(ms / 1000);
  const micros = Math.round((ms - seconds * 1000) * 1000);
  if (micros % 1000 === 0) return formatInstant(seconds * 1000 + micros / 1000);
  const text = new Date(seconds * 1000).toISOString();
  return `${text.slice(0, -5)}.${String(micros).padStart(6, '0')}Z`;
}
