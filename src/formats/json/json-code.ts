// Writes the decoder of one row type as JavaScript: one loop over lines or messages, a switch over fields. The
// next key is guessed from the order seen before and compared four bytes at a time; values of the usual
// shape are read in line, the rest goes to `slow`. Text from the schema enters the code only as
// numbers, so that no field name can become code.
import { scanFloat, scanInteger, scanned, putInt64 } from '../../columns/decode/scan-number.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { MessageInput } from '../../ports/format.ts';
import type { JsonOptions } from './json-options.ts';
import { isNull, scanString, skipSpace } from './json-scan.ts';
import type { JsonSlowPath } from './json-slow-path.ts';
import { allSeen, seenBit, seenWordCount } from './seen-fields.ts';

export interface DecodeRows {
  /** Decodes lines of `bytes[p .. limit)`, which ends with a line feed; returns the rows decoded. */
  (slow: JsonSlowPath, bytes: Uint8Array, p: number, limit: number): number;
}

export interface DecodeMessages {
  /** Decodes the messages of `input`; returns the rows decoded. */
  (slow: JsonSlowPath, input: MessageInput): number;
}

/** The function that decodes lines of these fields. */
export function compileDecoder(fields: readonly Field[], options: JsonOptions): DecodeRows {
  return compile(linesCode(fields, options));
}

/** The function that decodes messages of these fields, one record each. */
export function compileMessageDecoder(
  fields: readonly Field[],
  options: JsonOptions,
): DecodeMessages {
  return compile(messagesCode(fields, options));
}

function compile<F>(code: string): F {
  const factory = new Function('env', code) as (env: Readonly<Record<string, unknown>>) => F;
  return factory({ scanFloat, scanInteger, scanned, scanString, skipSpace, isNull, putInt64 });
}

function wordsOf(fields: readonly Field[]): readonly number[] {
  return Array.from({ length: seenWordCount(fields.length) }, (_, word) => word);
}

/** What both loops begin with. */
function prologue(fields: readonly Field[], options: JsonOptions): string {
  return `const next = slow.next, offsets = slow.offsets, builders = slow.builders;
  const bytesMax = ${options.recordBytesMax};
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lastKey = bytes.length - ${keyBytesMax(fields)};
  ${fields.map(columnLocals).join('\n  ')}
  let p = 0, row = 0, c = 0, e = 0, f = 0, from = 0;`;
}

/**
 * Each message ends with a line feed while it is decoded, put over the byte behind it. A message that
 * holds line feeds of its own is changed by `slow` and decoded again.
 */
function messagesCode(fields: readonly Field[], options: JsonOptions): string {
  const words = wordsOf(fields);
  return `'use strict';
const { scanFloat, scanInteger, scanned, scanString, skipSpace, isNull, putInt64 } = env;
return function decodeMessages(slow, input) {
  const { bytes, bounds, count } = input, places = input.offsets;
  ${prologue(fields, options)}
  for (let m = input.from; m < count; m++) {
    const begin = bounds[2 * m], end = bounds[2 * m + 1];
    if (begin < 0) { slow.noValue(places[m]); continue; }
    const behind = bytes[end];
    bytes[end] = 10;
    p = begin;
    c = bytes[p];
    if (c <= 32) {
      p = skipSpace(bytes, p);
      c = bytes[p];
    }
    ${words.map((word) => `let seen${word} = 0;`).join(' ')}
    record: {
      if (c !== 123) { slow.expect('an object', p); break record; }
      c = bytes[++p];
      if (c <= 32) { p = skipSpace(bytes, p); c = bytes[p]; }
      if (c === 125) p++;
      else for (from = 0;;) {
${fieldLoop(fields, options)}
      }
      if (p !== end && (p = skipSpace(bytes, p)) !== end) { slow.trailing(p); break record; }
${recordEnd(fields, words)}
      bytes[end] = behind;
      offsets[row++] = places[m];
      continue;
    }
    if (slow.failMessage(begin, end, places[m])) m--;
    bytes[end] = behind;
  }
  return row;
};`;
}

function linesCode(fields: readonly Field[], options: JsonOptions): string {
  const words = wordsOf(fields);
  return `'use strict';
const { scanFloat, scanInteger, scanned, scanString, skipSpace, isNull, putInt64 } = env;
return function decodeRows(slow, bytes, start, limit) {
  const base = slow.baseOffset, rowMax = slow.rowMax;
  ${prologue(fields, options)}
  p = start;
  while (row < rowMax && p < limit) {
    const begin = p;
    c = bytes[p];
    if (c <= 32) {
      p = skipSpace(bytes, p);
      c = bytes[p];
      if (c === 10) { p++; continue; }
    }
    ${words.map((word) => `let seen${word} = 0;`).join(' ')}
    record: {
      if (c !== 123) { slow.expect('an object', p); break record; }
      c = bytes[++p];
      if (c <= 32) { p = skipSpace(bytes, p); c = bytes[p]; }
      if (c === 125) p++;
      else for (from = 0;;) {
${fieldLoop(fields, options)}
      }
      c = bytes[p];
      if (c !== 10) {
        p = skipSpace(bytes, p);
        if (bytes[p] !== 10) { slow.trailing(p); break record; }
      }
${recordEnd(fields, words)}
      offsets[row++] = base + begin;
      p++;
      continue;
    }
    p = slow.fail(begin);
  }
  slow.position = p;
  return row;
};`;
}

/** One key and its value, then a comma or the end of the object. */
function fieldLoop(fields: readonly Field[], options: JsonOptions): string {
  return `        f = -1;
        switch (next[from]) {
${fields.map(keyCase).join('\n')}
        }
        if (f < 0) {
          f = slow.key(p);
          if (f < 0) break record;
          p = slow.position;
          if (f < ${fields.length}) next[from] = f;
        }
        if (bytes[p] !== 58) {
          p = skipSpace(bytes, p);
          if (bytes[p] !== 58) { slow.expect('":"', p); break record; }
        }
        c = bytes[++p];
        if (c <= 32) { p = skipSpace(bytes, p); c = bytes[p]; }
        switch (f) {
${fields.map((field, i) => valueCase(field, i, options)).join('\n')}
          default:
            p = slow.skip(p);
            if (p < 0) break record;
        }
        if (f < ${fields.length}) from = f + 1;
        c = bytes[p];
        if (c <= 32) { p = skipSpace(bytes, p); c = bytes[p]; }
        if (c === 44) {
          c = bytes[++p];
          if (c <= 32) p = skipSpace(bytes, p);
          continue;
        }
        if (c === 125) { p++; break; }
        slow.expect('"," or "}"', p);
        break record;`;
}

/** What must hold once nothing but the end comes. */
function recordEnd(fields: readonly Field[], words: readonly number[]): string {
  const incomplete = words.map((word) => `seen${word} !== ${allSeen(fields.length, word)}`);
  return `      if (p - begin > bytesMax) { slow.tooLong(p - begin); break record; }
      if (${incomplete.join(' || ')}) {
        ${words.map((word) => `slow.seen[${word}] = seen${word};`).join(' ')}
        if (!slow.missing(row)) break record;
      }
      if (slow.pendingCount !== 0) slow.finishRecord(row);`;
}

function columnLocals(field: Field, i: number): string {
  const nulls = field.nullable ? `const n${i} = builders[${i}].nulls;` : '';
  switch (valueKind(field)) {
    case 'range':
      return `${nulls}const s${i} = builders[${i}].starts, e${i} = builders[${i}].ends;`;
    case 'int64':
      return `${nulls}const v${i} = builders[${i}].words;`;
    case 'other':
      return nulls;
    default:
      return `${nulls}const v${i} = builders[${i}].values;`;
  }
}

function keyCase(field: Field, i: number): string {
  const key = [...new TextEncoder().encode(JSON.stringify(field.name))];
  const test = matchCode(key).join(' && ');
  return `          case ${i}: if (${test}) { p += ${key.length}; f = ${i}; } break;`;
}

/** Conditions that together say that `key` stands at `p`: four bytes at a time, the last ones twice. */
function matchCode(key: readonly number[]): string[] {
  const at = (j: number): string => (j === 0 ? 'p' : `p + ${j}`);
  if (key.length < 4) return key.map((byte, j) => `bytes[${at(j)}] === ${byte}`);
  const view = new DataView(Uint8Array.from(key).buffer);
  const tests = [`p <= lastKey`];
  for (let j = 0; j < key.length; j += 4) {
    const from = Math.min(j, key.length - 4);
    tests.push(`words.getInt32(${at(from)}, true) === ${view.getInt32(from, true)}`);
  }
  return tests;
}

/** Bytes of the longest key with its quotes. */
function keyBytesMax(fields: readonly Field[]): number {
  const lengths = fields.map(({ name }) => new TextEncoder().encode(JSON.stringify(name)).length);
  return Math.max(4, ...lengths);
}

type ValueKind = 'range' | 'float' | 'int32' | 'whole' | 'int64' | 'bool' | 'other';

function valueKind(field: Field): ValueKind {
  switch (field.type.kind) {
    case 'string':
      return 'range';
    case 'float64':
    case 'float32':
      return 'float';
    case 'int32':
    case 'int64':
    case 'bool':
      return field.type.kind;
    case 'timestamp':
    case 'count':
      return 'whole';
    default:
      return 'other';
  }
}

function valueCase(field: Field, i: number, options: JsonOptions): string {
  const { word, bit } = seenBit(i);
  const mark = field.nullable ? `n${i}[row] = 0; ` : '';
  const fast = fastPath(field, i, options);
  const nulled = valueKind(field) === 'range' ? `s${i}[row] = 0; e${i}[row] = 0; ` : '';
  const orNull = field.nullable
    ? `if (c === 110 && isNull(bytes, p)) { n${i}[row] = 1; ${nulled}p += 4; break; }\n            `
    : '';
  return `          case ${i}:
            seen${word} |= ${bit};
            ${fast === null ? '' : `${fast.test} { ${fast.store}; ${mark}break; }`}
            ${orNull}p = slow.value(${i}, p, row);
            if (p < 0) break record;
            break;`;
}

interface FastPath {
  /** Statements that end in an `if (…)`. */
  readonly test: string;
  readonly store: string;
}

function fastPath(field: Field, i: number, options: JsonOptions): FastPath | null {
  const isFloat32 = field.type.kind === 'float32';
  switch (valueKind(field)) {
    case 'range':
      return {
        test: `if (c === 34 && (e = scanString(bytes, words, p + 1)) >= 0)`,
        store: `s${i}[row] = p + 1; e${i}[row] = e; p = e + 1`,
      };
    case 'float':
      return {
        test: `if ((e = scanFloat(bytes, p)) >= 0)`,
        store: `v${i}[row] = ${isFloat32 ? 'Math.fround(scanned[0])' : 'scanned[0]'}; p = e`,
      };
    case 'int32':
      return {
        test: `if ((e = scanInteger(bytes, p)) >= 0 && (scanned[0] | 0) === scanned[0])`,
        store: `v${i}[row] = scanned[0]; p = e`,
      };
    case 'int64':
      return {
        test: `if ((e = scanInteger(bytes, p)) >= 0)`,
        store: `putInt64(v${i}, row, scanned[0]); p = e`,
      };
    case 'whole':
      return wholePath(field, i, options);
    case 'bool':
      return {
        test: `if (c === 116 && bytes[p + 1] === 114 && bytes[p + 2] === 117 && bytes[p + 3] === 101)`,
        store: `v${i}[row] = 1; p += 4`,
      };
    case 'other':
      return null;
  }
}

function wholePath(field: Field, i: number, options: JsonOptions): FastPath | null {
  const unit = field.type.kind === 'timestamp' ? options.timestamp : 'ms';
  if (unit === 'iso') return null;
  const value = { ms: 'scanned[0]', s: 'scanned[0] * 1000', us: 'Math.floor(scanned[0] / 1000)' };
  const inRange = unit === 's' ? ' && Math.abs(scanned[0]) <= 8.64e12' : '';
  return {
    test: `if ((e = scanInteger(bytes, p)) >= 0${inRange})`,
    store: `v${i}[row] = ${value[unit]}; p = e`,
  };
}
