// JSON text written straight into bytes. It writes only what it is told: commas and brackets are
// the caller's. Text is always valid JSON: strings are escaped, NaN and infinities are refused.
import { Buffer } from 'node:buffer';
import { doubleBytesMax, writeDouble } from './write-double.ts';

const hex = '0123456789abcdef';
const base64Digits = Buffer.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  'latin1',
);
const quote = 0x22;
const backslash = 0x5c;
const pairs = new Uint8Array(200);
for (let i = 0; i < 100; i++) {
  pairs[i * 2] = 48 + Math.floor(i / 10);
  pairs[i * 2 + 1] = 48 + (i % 10);
}

/** A growing buffer with writers for JSON's pieces. Read `bytes[0 .. length)` when done. */
export class JsonBuffer {
  bytes: Buffer;
  length = 0;

  constructor(byteCapacity = 1024) {
    this.bytes = Buffer.allocUnsafeSlow(byteCapacity);
  }

  /** Makes room for `size` more bytes. */
  ensure(size: number): void {
    const needed = this.length + size;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  /** One ASCII character by its code. */
  byte(code: number): void {
    if (this.length === this.bytes.length) this.ensure(1);
    this.bytes[this.length++] = code;
  }

  /** ASCII text as it is. */
  ascii(text: string): void {
    this.ensure(text.length);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** Bytes that are JSON already. */
  raw(source: Uint8Array, start: number, end: number): void {
    this.ensure(end - start);
    const { bytes } = this;
    if (end - start > 48) {
      bytes.set(source.subarray(start, end), this.length);
      this.length += end - start;
      return;
    }
    let at = this.length;
    for (let i = start; i < end; i++) bytes[at++] = source[i] as number;
    this.length = at;
  }

  /** Repeats what was written between two positions of this buffer. */
  repeat(start: number, end: number): void {
    this.ensure(end - start);
    this.bytes.copyWithin(this.length, start, end);
    this.length += end - start;
  }

  /** A JavaScript string as a JSON string. */
  string(text: string): void {
    const json = JSON.stringify(text.isWellFormed() ? text : text.toWellFormed());
    this.ensure(json.length * 3);
    this.length += this.bytes.write(json, this.length, 'utf8');
  }

  /** Valid UTF-8 as a JSON string. */
  utf8(source: Uint8Array, start: number, end: number): void {
    this.ensure((end - start) * 6 + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = quote;
    for (let i = start; i < end; i++) {
      const code = source[i] as number;
      if (code >= 0x20 && code !== quote && code !== backslash) bytes[at++] = code;
      else at = writeEscape(bytes, at, code);
    }
    bytes[at++] = quote;
    this.length = at;
  }

  /** Base64 (standard alphabet, padded) as a JSON string. */
  base64(source: Uint8Array, start: number, end: number): void {
    this.ensure(Math.ceil((end - start) / 3) * 4 + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = quote;
    for (let i = start; i < end; i += 3) {
      const left = end - i;
      const word =
        ((source[i] as number) << 16) |
        ((left > 1 ? (source[i + 1] as number) : 0) << 8) |
        (left > 2 ? (source[i + 2] as number) : 0);
      bytes[at++] = base64Digits[word >> 18] as number;
      bytes[at++] = base64Digits[(word >> 12) & 63] as number;
      bytes[at++] = left > 1 ? (base64Digits[(word >> 6) & 63] as number) : 61;
      bytes[at++] = left > 2 ? (base64Digits[word & 63] as number) : 61;
    }
    bytes[at++] = quote;
    this.length = at;
  }

  /** A whole number (a safe integer). */
  integer(value: number): void {
    this.ensure(20);
    if (value < 0) this.bytes[this.length++] = 45;
    this.length = writeDigits(this.bytes, this.length, Math.abs(value));
  }

  /** A signed 64-bit integer as two words, without rounding. */
  int64(low: number, high: number): void {
    const value = high * 4294967296 + (low >>> 0);
    if (Number.isSafeInteger(value)) this.integer(value);
    else this.ascii(((BigInt(high) << 32n) | BigInt(low >>> 0)).toString());
  }

  /** A finite double, always with a fraction or an exponent: `1.0`, `-0.5`, `1e+21`. */
  float64(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < 1e15) {
      if (value === 0 && 1 / value < 0) this.byte(45);
      this.integer(value);
      this.byte(46);
      this.byte(48);
      return;
    }
    this.ensure(doubleBytesMax);
    const end = writeDouble(this.bytes, this.length, value);
    if (end >= 0) {
      this.length = end;
      return;
    }
    const text = String(value);
    this.ascii(text);
    if (Number.isInteger(value) && !text.includes('e')) this.ascii('.0');
  }
}

function writeEscape(bytes: Uint8Array, at: number, code: number): number {
  let p = at;
  bytes[p++] = backslash;
  const short = '\b\t\n\f\r"\\'.indexOf(String.fromCharCode(code));
  if (short >= 0) {
    bytes[p++] = 'btnfr"\\'.charCodeAt(short);
    return p;
  }
  for (const digit of [117, 48, 48]) bytes[p++] = digit;
  bytes[p++] = hex.charCodeAt(code >> 4);
  bytes[p++] = hex.charCodeAt(code & 15);
  return p;
}

/** Decimal digits of a whole number ≥ 0; returns the position after them. */
function writeDigits(bytes: Uint8Array, at: number, value: number): number {
  let length = 1;
  for (let bound = 10; value >= bound; bound *= 10) length++;
  let p = at + length;
  let rest = value;
  while (rest >= 100) {
    const next = Math.floor(rest / 100);
    const pair = (rest - next * 100) * 2;
    bytes[--p] = pairs[pair + 1] as number;
    bytes[--p] = pairs[pair] as number;
    rest = next;
  }
  if (rest >= 10) bytes[--p] = pairs[rest * 2 + 1] as number;
  bytes[--p] = rest >= 10 ? (pairs[rest * 2] as number) : 48 + rest;
  return at + length;
}
