// Instants by patterns of Java (`yyyy-MM-dd HH:mm:ss`): the letters of them that people use.
import { instantOf } from './java-text.ts';
import { RowError } from './row-function.ts';

const tokenPattern = /'((?:[^']|'')*)'|([a-zA-Z])\2*|[^a-zA-Z']+/g;

type Token = { readonly letter: string; readonly length: number } | { readonly text: string };

const known = 'yuMdHhmsSaEDQ';

function tokensOf(pattern: string): readonly Token[] {
  return Array.from(pattern.matchAll(tokenPattern), ([all, quoted, letter]): Token => {
    if (quoted !== undefined) return { text: quoted === '' ? "'" : quoted.replaceAll("''", "'") };
    if (letter === undefined) return { text: all };
    if (!known.includes(letter)) throw new RowError(`pattern letter ${letter} is not read here`);
    return { letter, length: all.length };
  });
}

function named(date: Date, options: Intl.DateTimeFormatOptions): string {
  return date.toLocaleDateString('en-US', { ...options, timeZone: 'UTC' });
}

const dayMs = 86_400_000;

const shown: Readonly<Record<string, (date: Date, length: number) => string | number>> = {
  y: (date, length) =>
    length === 2 ? String(date.getUTCFullYear() % 100).padStart(2, '0') : date.getUTCFullYear(),
  u: (date) => date.getUTCFullYear(),
  M: (date, length) =>
    length >= 3 ? named(date, { month: length === 3 ? 'short' : 'long' }) : date.getUTCMonth() + 1,
  d: (date) => date.getUTCDate(),
  H: (date) => date.getUTCHours(),
  h: (date) => date.getUTCHours() % 12 || 12,
  m: (date) => date.getUTCMinutes(),
  s: (date) => date.getUTCSeconds(),
  S: (date, length) =>
    String(date.getUTCMilliseconds()).padStart(3, '0').padEnd(length, '0').slice(0, length),
  a: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  E: (date, length) => named(date, { weekday: length <= 3 ? 'short' : 'long' }),
  D: (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / dayMs) + 1,
  Q: (date) => Math.floor(date.getUTCMonth() / 3) + 1,
};

export function formatInstant(ms: number, pattern: string): string {
  const date = new Date(ms);
  return tokensOf(pattern)
    .map((token) => {
      if ('text' in token) return token.text;
      const part = shown[token.letter]?.(date, token.length) ?? '';
      return typeof part === 'number' ? String(part).padStart(token.length, '0') : part;
    })
    .join('');
}

/** Null when the text is not of the pattern. */
export function parseInstantBy(text: string, pattern: string): number | null {
  const letters: string[] = [];
  const source = tokensOf(pattern).map((token) => {
    if ('text' in token) return token.text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    letters.push(token.letter);
    if (token.letter === 'a') return '(AM|PM)';
    return token.length === 1 ? String.raw`(\d{1,2})` : String.raw`(\d{${token.length}})`;
  });
  const found = new RegExp(`^${source.join('')}$`).exec(text);
  if (found === null) return null;
  const parts = new Map(letters.map((letter, i) => [letter, found[i + 1] ?? '']));
  const number = (letter: string, otherwise: number): number =>
    parts.has(letter) ? Number(parts.get(letter)) : otherwise;
  const year = number('y', number('u', 1970));
  const half = parts.get('a') === 'PM' ? 12 : 0;
  const hour = parts.has('h') ? (number('h', 0) % 12) + half : number('H', 0);
  const millis = Number((parts.get('S') ?? '0').padEnd(3, '0').slice(0, 3));
  const time = [hour, number('m', 0), number('s', 0), millis] as const;
  return instantOf([year, number('M', 1), number('d', 1)], time);
}
