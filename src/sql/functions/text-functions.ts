// Functions of text, counted in characters as Flink does.
import { sqlTypes } from '../bind/sql-type.ts';
import { type FunctionSpec, type FunctionTable, numberOf, textOf } from './function-spec.ts';
import { RowError, type RowFunction } from './row-function.ts';

const { string, int, boolean } = sqlTypes;

function ofTexts(count: number, run: (...texts: readonly string[]) => string | null): FunctionSpec {
  return {
    args: Array.from({ length: count }, () => 'text' as const),
    type: string,
    run: (args) => run(...args.map(textOf)),
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** A pattern of Java as one of JavaScript; what only Java has is an error of the record. */
export function regexOf(pattern: string, flags = 'u'): RegExp {
  try {
    return new RegExp(pattern, flags);
  } catch {
    throw new RowError(`'${pattern}' is no pattern that is read here`);
  }
}

/** A pattern of LIKE: % and _, with a character before them that takes their meaning away. */
export function likePattern(pattern: string, escape: string | null): RegExp {
  let text = '';
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string;
    if (character === escape && i + 1 < characters.length) text += escaped(characters[++i] ?? '');
    else if (character === '%') text += '.*';
    else text += character === '_' ? '.' : escaped(character);
  }
  return new RegExp(`^${text}$`, 'su');
}

type Side = 'BOTH' | 'LEADING' | 'TRAILING';

/** Takes characters of a set away from the ends. */
function trimmed(text: string, characters: string, side: Side): string {
  const set = new Set(characters);
  const all = [...text];
  let [from, to] = [0, all.length];
  if (side !== 'TRAILING') while (from < to && set.has(all[from] as string)) from++;
  if (side !== 'LEADING') while (to > from && set.has(all[to - 1] as string)) to--;
  return all.slice(from, to).join('');
}

function trim(side: Side): FunctionSpec {
  return {
    args: ['text', 'text'],
    least: 1,
    type: string,
    run: ([text, characters = ' ']) => trimmed(textOf(text), textOf(characters), side),
  };
}

/** From 1; from the end when the start is negative. */
const substring: RowFunction = ([text, start, length]) => {
  const all = [...textOf(text)];
  const from = numberOf(start);
  const begin = from > 0 ? from - 1 : from < 0 ? all.length + from : 0;
  const count = length === undefined ? all.length : numberOf(length);
  if (count < 0 || begin < 0) return '';
  return all.slice(begin, begin + count).join('');
};

function padded(isLeft: boolean): RowFunction {
  return ([text, length, pad]) => {
    const all = [...textOf(text)];
    const wanted = numberOf(length);
    const filler = [...textOf(pad)];
    if (wanted < 0 || filler.length === 0) return null;
    if (all.length >= wanted) return all.slice(0, wanted).join('');
    const more = Array.from({ length: wanted - all.length }, (_, i) => filler[i % filler.length]);
    return (isLeft ? [...more, ...all] : [...all, ...more]).join('');
  };
}

const end: RowFunction = ([text, count]) => {
  const wanted = Math.max(0, numberOf(count));
  return wanted === 0 ? '' : [...textOf(text)].slice(-wanted).join('');
};

/** Where a text stands in another one, from 1; 0 when it does not. */
function placeOf(part: string, text: string, from = 1): number {
  const all = [...text];
  const rest = all.slice(Math.max(0, from - 1)).join('');
  const at = rest.indexOf(part);
  return at < 0 ? 0 : [...rest.slice(0, at)].length + Math.max(1, from);
}

const extract: RowFunction = ([text, pattern, group = 0]) => {
  const found = regexOf(textOf(pattern)).exec(textOf(text));
  return found?.[numberOf(group)] ?? null;
};

const split: RowFunction = ([text, separator, index]) => {
  const at = numberOf(index);
  const between = textOf(separator);
  if (at < 0 || between === '') return null;
  return textOf(text).split(between)[at] ?? null;
};

function initials(text: string): string {
  return text.replaceAll(
    /[\p{L}\p{N}]+/gu,
    (word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase(),
  );
}

/** `$.a.b[0]` of a JSON text; null when there is nothing, or no single value. */
function jsonValue(text: string, path: string): string | null {
  const steps = path.replace(/^(lax|strict)\s+/, '');
  if (!/^\$(\.[\w-]+|\[\d+\]|\['[^']*'\])*$/.test(steps)) {
    throw new RowError(`'${path}' is no path that is read here`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  for (const [, name, index, quoted] of steps.matchAll(/\.([\w-]+)|\[(\d+)\]|\['([^']*)'\]/g)) {
    const key = name ?? index ?? quoted ?? '';
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value === null || typeof value === 'object' ? null : String(value);
}

export const textFunctions: FunctionTable = {
  TRIM: trim('BOTH'),
  BTRIM: trim('BOTH'),
  LTRIM: trim('LEADING'),
  RTRIM: trim('TRAILING'),
  REPLACE: ofTexts(3, (text = '', part = '', by = '') =>
    part === '' ? text : text.replaceAll(part, () => by),
  ),
  REVERSE: ofTexts(1, (text = '') => [...text].reverse().join('')),
  INITCAP: ofTexts(1, (text = '') => initials(text)),
  REGEXP_REPLACE: ofTexts(3, (text = '', pattern = '', by = '') =>
    text.replaceAll(regexOf(pattern, 'gu'), by.replaceAll(/\$(\d)/g, '$$$1')),
  ),
  JSON_VALUE: ofTexts(2, (text = '', path = '') => jsonValue(text, path)),
  SUBSTRING: { args: ['text', 'whole', 'whole'], least: 2, type: string, run: substring },
  LPAD: { args: ['text', 'whole', 'text'], type: string, run: padded(true) },
  RPAD: { args: ['text', 'whole', 'text'], type: string, run: padded(false) },
  LEFT: {
    args: ['text', 'whole'],
    type: string,
    run: ([text, count]) => [...textOf(text)].slice(0, Math.max(0, numberOf(count))).join(''),
  },
  RIGHT: { args: ['text', 'whole'], type: string, run: end },
  REPEAT: {
    args: ['text', 'whole'],
    type: string,
    run: ([text, count]) => textOf(text).repeat(Math.max(0, numberOf(count))),
  },
  POSITION: {
    args: ['text', 'text'],
    type: int,
    run: ([part, text]) => placeOf(textOf(part), textOf(text)),
  },
  LOCATE: {
    args: ['text', 'text', 'whole'],
    least: 2,
    type: int,
    run: ([part, text, from = 1]) => placeOf(textOf(part), textOf(text), numberOf(from)),
  },
  INSTR: {
    args: ['text', 'text'],
    type: int,
    run: ([text, part]) => placeOf(textOf(part), textOf(text)),
  },
  REGEXP: {
    args: ['text', 'text'],
    type: boolean,
    run: ([text, pattern]) => regexOf(textOf(pattern)).test(textOf(text)),
  },
  REGEXP_EXTRACT: { args: ['text', 'text', 'whole'], least: 2, type: string, run: extract },
  SPLIT_INDEX: { args: ['text', 'text', 'whole'], type: string, run: split },
  ASCII: {
    args: ['text'],
    type: int,
    run: ([text]) => (textOf(text).codePointAt(0) ?? 0) % 256,
  },
  LIKE: {
    args: ['text', 'text', 'text'],
    least: 2,
    type: boolean,
    run: ([text, pattern, escape]) =>
      likePattern(textOf(pattern), escape === undefined ? null : textOf(escape)).test(textOf(text)),
  },
  CONCAT_WS: {
    args: ['text', 'text'],
    isOpen: true,
    type: string,
    takesNull: true,
    run: ([between, ...texts]) =>
      between === null ? null : texts.filter((text) => text !== null).join(textOf(between)),
  },
};
