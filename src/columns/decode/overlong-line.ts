// A line too long to hold: it is passed over piece by piece, keeping its first bytes and its length.

/** Bytes of an overlong record that its dead letter keeps. */
export const keptBytesMax = 16_384;

export interface PassedOver {
  /** The first bytes of the line. */
  readonly kept: Uint8Array;
  readonly byteCount: number;
  /** Position of the line in the stream. */
  readonly offset: number;
}

export interface LinePiece {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly last: boolean;
}

export class OverlongLine {
  #kept: Uint8Array = new Uint8Array(0);
  #byteCount = 0;
  #offset = 0;
  /** True between `begin` and the end of the line. */
  isOpen = false;

  /** The line starts at `start`, which is `offset` of the stream. */
  begin(bytes: Uint8Array, start: number, end: number, offset: number): void {
    this.#kept = bytes.slice(start, Math.min(end, start + keptBytesMax));
    this.#byteCount = 0;
    this.#offset = offset;
    this.isOpen = true;
  }

  /** Passes over more of the line; `line` is set when that was its end. */
  pass({ bytes, start, end, last }: LinePiece): {
    readonly consumed: number;
    readonly line: PassedOver | null;
  } {
    const newline = end > start ? bytes.subarray(start, end).indexOf(10) : -1;
    const consumed = newline < 0 ? end - start : newline + 1;
    this.#byteCount += newline < 0 ? consumed : newline;
    if (newline < 0 && !last) return { consumed, line: null };
    this.isOpen = false;
    const line = { kept: this.#kept, byteCount: this.#byteCount, offset: this.#offset };
    return { consumed, line };
  }
}
