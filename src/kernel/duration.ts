// Durations as people write them ('5m', '1h30m', '250ms') to and from milliseconds.

/** A length of time as text: a number and a unit, `'250ms' '30s' '5m' '1h' '8d' '1w'`, or several: `'1h30m'`. */
export type Duration = string;

/** A duration, or one of these words, which editors then offer. */
export type DurationOr<Word extends string> = Word | (string & Record<never, never>);

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds, or null when the text is not a duration of whole milliseconds. `'0'` and `'0s'` are zero. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(trimmed)) return null;
  let total = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
    total += Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN);
  }
  const rounded = Math.round(total);
  return Math.abs(rounded - total) < 1e-6 && Number.isSafeInteger(rounded) ? rounded : null;
}

/** The shortest exact text: 5400000 is `1h30m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = Math.abs(ms);
  let text = ms < 0 ? '-' : '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const size = unitMs[unit] ?? 1;
    const amount = Math.floor(rest / size);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * size;
  }
  return text;
}
