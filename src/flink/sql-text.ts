// Pieces of Flink SQL: names, texts, lengths of time. Every name is quoted, so that no definition can
// collide with a reserved word; names of ours hold two underscores, which definitions cannot.

/** A name as an identifier. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** Text as a literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Text behind `--`: one line, whatever it was. */
export function commentText(text: string): string {
  return `-- ${text.replaceAll(/\s+/g, ' ').trim()}`;
}

const units = [
  ['DAY', 86_400_000],
  ['HOUR', 3_600_000],
  ['MINUTE', 60_000],
] as const;
const secondMs = 1000;

/** A length of time as an interval literal, in the greatest unit of which it is a whole number. */
export function intervalSql(ms: number): string {
  for (const [unit, unitMs] of units) {
    if (ms !== 0 && ms % unitMs === 0) return wholeInterval(ms / unitMs, unit);
  }
  if (ms % secondMs === 0) return wholeInterval(ms / secondMs, 'SECOND');
  const sign = ms < 0 ? '-' : '';
  const whole = Math.floor(Math.abs(ms) / secondMs);
  const fraction = String(Math.abs(ms) % secondMs).padStart(3, '0');
  return `INTERVAL '${sign}${whole}.${fraction}' SECOND(${digitsOf(whole)}, 3)`;
}

/** Two digits need no precision; more are refused without it. */
function wholeInterval(amount: number, unit: string): string {
  const digits = digitsOf(Math.abs(amount));
  return `INTERVAL '${amount}' ${unit}${digits > 2 ? `(${digits})` : ''}`;
}

function digitsOf(whole: number): number {
  return String(whole).length;
}

/** `'name' = 'value'` for each option, as in `WITH (…)`. */
export function optionsSql(options: Readonly<Record<string, string>>): string {
  const lines = Object.entries(options).map(
    ([name, value]) => `  ${quoteText(name)} = ${quoteText(value)}`,
  );
  return `WITH (\n${lines.join(',\n')}\n)`;
}
