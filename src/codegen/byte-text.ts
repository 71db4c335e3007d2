// UTF-8 text as ranges of bytes: what generated code calls. Ranges hold whole code points.
/* oxlint-disable max-params -- a range is three arguments: an object per row would cost more than the work */

const utf8 = new TextEncoder();
const decoder = new TextDecoder('utf-8');

export function sameBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let i = aStart, j = bStart; i < aEnd; i++, j++) if (a[i] !== b[j]) return false;
  return true;
}

/** Negative, zero or positive, byte by byte; the shorter of two with a common start comes first. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const common = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < common; i++) {
    const difference = (a[aStart + i] as number) - (b[bStart + i] as number);
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}

export function startsWith(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  const length = bEnd - bStart;
  return aEnd - aStart >= length && sameBytes(a, aStart, aStart + length, b, bStart, bEnd);
}

export function endsWith(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  const length = bEnd - bStart;
  return aEnd - aStart >= length && sameBytes(a, aEnd - length, aEnd, b, bStart, bEnd);
}

export function containsBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  const length = bEnd - bStart;
  for (let i = aStart; i + length <= aEnd; i++) {
    if (sameBytes(a, i, i + length, b, bStart, bEnd)) return true;
  }
  return false;
}

/** Code points of a range: bytes that do not continue one. */
export function countCodePoints(data: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if (((data[i] as number) & 0xc0) !== 0x80) count++;
  return count;
}

/** Where made text is written: valid until `reset`, which comes with each row. */
export class TextBuffer {
  /** The text that the last call made: `data[start .. end)`. */
  data: Uint8Array = new Uint8Array(1024);
  start = 0;
  end = 0;
  #own: Uint8Array = this.data;
  #used = 0;

  reset(): void {
    this.#used = 0;
  }

  lower(data: Uint8Array, start: number, end: number): void {
    if (!this.#mapAscii(data, start, end, 65)) this.#put(textOf(data, start, end).toLowerCase());
  }

  upper(data: Uint8Array, start: number, end: number): void {
    if (!this.#mapAscii(data, start, end, 97)) this.#put(textOf(data, start, end).toUpperCase());
  }

  /** White space is what `String.prototype.trim` takes away. */
  trim(data: Uint8Array, start: number, end: number): void {
    let from = start;
    let to = end;
    while (from < to && isAsciiSpace(data[from] as number)) from++;
    while (from < to && isAsciiSpace(data[to - 1] as number)) to--;
    if (from < to && ((data[from] as number) > 127 || (data[to - 1] as number) > 127)) {
      this.#put(textOf(data, from, to).trim());
      return;
    }
    this.#point(data, from, to);
  }

  /** Code points `from` to `from + length - 1`, the first being 1; what is outside is left out. */
  substring(data: Uint8Array, start: number, end: number, from: number, length: number): void {
    const last = from + Math.max(0, length);
    let position = 0;
    let first = end;
    let past = end;
    for (let i = start; i < end; i++) {
      if (((data[i] as number) & 0xc0) === 0x80) continue;
      position++;
      if (position >= last) {
        past = i;
        break;
      }
      if (position >= from && first === end) first = i;
    }
    this.#point(data, Math.min(first, past), past);
  }

  /** An empty text, to be appended to. */
  begin(): void {
    this.#point(this.#own, this.#used, this.#used);
  }

  append(data: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#ensure(length);
    for (let i = start, j = this.#used; i < end; i++, j++) this.#own[j] = data[i] as number;
    this.#used += length;
    this.data = this.#own;
    this.end = this.#used;
  }

  /** Turns letters from `first` to `first + 25` over; false when there is a byte that is not ASCII. */
  #mapAscii(data: Uint8Array, start: number, end: number, first: number): boolean {
    this.#ensure(end - start);
    const own = this.#own;
    let j = this.#used;
    for (let i = start; i < end; i++) {
      const byte = data[i] as number;
      if (byte > 127) return false;
      own[j++] = byte >= first && byte < first + 26 ? byte ^ 32 : byte;
    }
    this.#point(own, this.#used, j);
    this.#used = j;
    return true;
  }

  #put(text: string): void {
    this.#ensure(text.length * 3);
    const { written } = utf8.encodeInto(text, this.#own.subarray(this.#used));
    this.#point(this.#own, this.#used, this.#used + written);
    this.#used += written;
  }

  #point(data: Uint8Array, start: number, end: number): void {
    this.data = data;
    this.start = start;
    this.end = end;
  }

  /** Text made before stays where it is: it is held by its own reference. */
  #ensure(length: number): void {
    if (this.#used + length <= this.#own.length) return;
    const larger = new Uint8Array(Math.max(this.#own.length * 2, this.#used + length));
    larger.set(this.#own.subarray(0, this.#used));
    this.#own = larger;
  }
}

function textOf(data: Uint8Array, start: number, end: number): string {
  return decoder.decode(data.subarray(start, end));
}

function isAsciiSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
