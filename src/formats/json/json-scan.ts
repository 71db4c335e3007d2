// Scanners over JSON text in bytes. A line feed must stand at or after the end of what is scanned:
// every loop stops there, so that none checks bounds. Positions are returned; negative is a problem,
// which `scanProblem` then describes. Nothing here makes a string.
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import { utf8SequenceLength } from '../../columns/decode/utf8.ts';

/** What a scanner stumbled over. */
export const scanProblem: { code: ErrorCode; message: string; position: number } = {
  code: 'MR_DATA_MALFORMED',
  message: '',
  position: 0,
};

/** 0 for bytes that stand for themselves inside a JSON string. */
const stringClass = new Uint8Array(256).fill(1);
stringClass.fill(0, 0x20, 0x80);
stringClass[0x22] = 1;
stringClass[0x5c] = 1;

/** 1 for the bytes that may follow a backslash, besides `u`. */
const simpleEscape = new Uint8Array(256);
for (const letter of '"\\/bfnrt') simpleEscape[letter.charCodeAt(0)] = 1;

const depthMax = 1000;

export function malformed(message: string, position: number): -1 {
  scanProblem.code = 'MR_DATA_MALFORMED';
  scanProblem.message = message;
  scanProblem.position = position;
  return -1;
}

/**
 * Position of the closing quote of a string without escapes whose first byte is at `p`; else -1. Four
 * bytes at a time: the lowest bit that is set in `marks` is that of the first byte that does not stand
 * for itself (below 0x20, a quote, a backslash, above 0x7f). `words` is a view of `bytes`.
 */
export function scanString(bytes: Uint8Array, words: DataView, start: number): number {
  const lastWord = bytes.length - 4;
  let p = start;
  for (;;) {
    while (p <= lastWord) {
      const word = words.getInt32(p, true);
      const quotes = word ^ 0x22222222;
      const escapes = word ^ 0x5c5c5c5c;
      const marks =
        (word |
          ((word - 0x20202020) & ~word) |
          ((quotes - 0x01010101) & ~quotes) |
          ((escapes - 0x01010101) & ~escapes)) &
        0x80808080;
      if (marks !== 0) {
        p += (31 - Math.clz32(marks & -marks)) >> 3;
        break;
      }
      p += 4;
    }
    while (stringClass[bytes[p] as number] === 0) p++;
    const c = bytes[p] as number;
    if (c === 0x22) return p;
    if (c < 0x80) return -1;
    const length = utf8SequenceLength(bytes, p);
    if (length === 0) return -1;
    p += length;
  }
}

/** The same for any string; says what is wrong when it returns -1. */
export function scanAnyString(bytes: Uint8Array, start: number): number {
  let p = start;
  for (;;) {
    while (stringClass[bytes[p] as number] === 0) p++;
    const c = bytes[p] as number;
    if (c === 0x22) return p;
    if (c === 0x5c) {
      const length = escapeLength(bytes, p);
      if (length === 0) return malformed('has an escape that is not JSON', p);
      p += length;
    } else if (c < 0x20) {
      return malformed(
        c === 10 ? 'ends inside a string' : 'has a raw control character inside a string',
        p,
      );
    } else {
      const length = utf8SequenceLength(bytes, p);
      if (length === 0) {
        malformed('has bytes that are not UTF-8', p);
        scanProblem.code = 'MR_DATA_UTF8';
        return -1;
      }
      p += length;
    }
  }
}

function escapeLength(bytes: Uint8Array, p: number): number {
  const c = bytes[p + 1] as number;
  if (simpleEscape[c] === 1) return 2;
  return c === 0x75 && hexValue(bytes, p + 2) >= 0 ? 6 : 0;
}

/** The value of four hexadecimal digits, or -1. */
export function hexValue(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let p = start; p < start + 4; p++) {
    const c = bytes[p] as number;
    const lower = c | 0x20;
    if (c >= 48 && c <= 57) value = value * 16 + c - 48;
    else if (lower >= 97 && lower <= 102) value = value * 16 + lower - 87;
    else return -1;
  }
  return value;
}

/** First position that is no space, tab or carriage return: a line feed ends a record. */
export function skipSpace(bytes: Uint8Array, start: number): number {
  let p = start;
  for (;;) {
    const c = bytes[p];
    if (c !== 0x20 && c !== 0x09 && c !== 0x0d) return p;
    p++;
  }
}

/** Position after the number at `p`, which is checked against the grammar; -1 when it is none. */
export function skipNumber(bytes: Uint8Array, start: number): number {
  let p = start;
  if (bytes[p] === 0x2d) p++;
  if (bytes[p] === 0x30) p++;
  else {
    const digits = skipDigits(bytes, p);
    if (digits === p) return malformed('has a value that is not JSON', start);
    p = digits;
  }
  if (bytes[p] === 0x2e) {
    const digits = skipDigits(bytes, p + 1);
    if (digits === p + 1) return malformed('has a number without digits after its point', start);
    p = digits;
  }
  if (((bytes[p] as number) | 0x20) === 0x65) {
    p++;
    if (bytes[p] === 0x2b || bytes[p] === 0x2d) p++;
    const digits = skipDigits(bytes, p);
    if (digits === p) return malformed('has a number without digits in its exponent', start);
    p = digits;
  }
  return p;
}

function skipDigits(bytes: Uint8Array, start: number): number {
  let p = start;
  while ((bytes[p] as number) >= 48 && (bytes[p] as number) <= 57) p++;
  return p;
}

/** Position after any JSON value at `p`, checked as JSON.parse would; -1 when it is malformed. */
export function skipValue(bytes: Uint8Array, p: number, depth = 0): number {
  const c = bytes[p] as number;
  switch (c) {
    case 0x22: {
      const end = scanAnyString(bytes, p + 1);
      return end < 0 ? -1 : end + 1;
    }
    case 0x7b:
    case 0x5b:
      if (depth >= depthMax) return malformed(`is nested deeper than ${depthMax} levels`, p);
      return c === 0x7b ? skipObject(bytes, p + 1, depth + 1) : skipList(bytes, p + 1, depth + 1);
    case 0x74:
      return isWord(bytes, p, trueBytes) ? p + 4 : malformed('has a value that is not JSON', p);
    case 0x66:
      return isWord(bytes, p, falseBytes) ? p + 5 : malformed('has a value that is not JSON', p);
    case 0x6e:
      return isWord(bytes, p, nullBytes) ? p + 4 : malformed('has a value that is not JSON', p);
    case 10:
      return malformed('ends before its value', p);
    default:
      return skipNumber(bytes, p);
  }
}

const trueBytes = [0x74, 0x72, 0x75, 0x65];
const falseBytes = [0x66, 0x61, 0x6c, 0x73, 0x65];
const nullBytes = [0x6e, 0x75, 0x6c, 0x6c];

function isWord(bytes: Uint8Array, p: number, word: readonly number[]): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[p + i] !== word[i]) return false;
  return true;
}

export function isNull(bytes: Uint8Array, p: number): boolean {
  return isWord(bytes, p, nullBytes);
}

function skipObject(bytes: Uint8Array, start: number, depth: number): number {
  let p = skipSpace(bytes, start);
  if (bytes[p] === 0x7d) return p + 1;
  for (;;) {
    if (bytes[p] !== 0x22) return expected('a name in quotes', bytes, p);
    p = scanAnyString(bytes, p + 1);
    if (p < 0) return -1;
    p = skipSpace(bytes, p + 1);
    if (bytes[p] !== 0x3a) return expected('":"', bytes, p);
    p = skipValue(bytes, skipSpace(bytes, p + 1), depth);
    if (p < 0) return -1;
    p = skipSpace(bytes, p);
    if (bytes[p] === 0x7d) return p + 1;
    if (bytes[p] !== 0x2c) return expected('"," or "}"', bytes, p);
    p = skipSpace(bytes, p + 1);
  }
}

function skipList(bytes: Uint8Array, start: number, depth: number): number {
  let p = skipSpace(bytes, start);
  if (bytes[p] === 0x5d) return p + 1;
  for (;;) {
    p = skipValue(bytes, p, depth);
    if (p < 0) return -1;
    p = skipSpace(bytes, p);
    if (bytes[p] === 0x5d) return p + 1;
    if (bytes[p] !== 0x2c) return expected('"," or "]"', bytes, p);
    p = skipSpace(bytes, p + 1);
  }
}

/** Says that something else should stand at `p`. */
export function expected(what: string, bytes: Uint8Array, p: number): -1 {
  const end = bytes[p] === 10;
  return malformed(end ? `ends where ${what} should stand` : `has something else than ${what}`, p);
}
