// Instants as JSON text, as `formatInstant` writes them, without a Date for each: the day is looked up
// once, and rows of a batch are mostly of one day.
import type { JsonBuffer } from '../../../columns/json-buffer.ts';

const dayMs = 86_400_000;

export class InstantBytes {
  #day = Number.NaN;
  /** `"2026-01-31T` */
  #prefix = '';

  /** Writes an instant in quotes; null when it is none. */
  write(target: JsonBuffer, ms: number): void {
    if (!Number.isFinite(ms)) {
      target.ascii('null');
      return;
    }
    const whole = Math.floor(ms);
    const day = Math.floor(whole / dayMs);
    if (day !== this.#day) {
      const text = new Date(day * dayMs).toISOString();
      this.#prefix = `"${text.slice(0, text.indexOf('T') + 1)}`;
      this.#day = day;
    }
    target.ascii(this.#prefix);
    let rest = whole - day * dayMs;
    const millis = rest % 1000;
    rest = (rest - millis) / 1000;
    const seconds = rest % 60;
    rest = (rest - seconds) / 60;
    const minutes = rest % 60;
    digits(target, (rest - minutes) / 60, 2);
    target.byte(58);
    digits(target, minutes, 2);
    target.byte(58);
    digits(target, seconds, 2);
    if (millis > 0) {
      target.byte(46);
      digits(target, millis, 3);
    }
    target.ascii('Z"');
  }
}

function digits(target: JsonBuffer, value: number, count: 2 | 3): void {
  if (count === 3) target.byte(48 + Math.floor(value / 100));
  target.byte(48 + (Math.floor(value / 10) % 10));
  target.byte(48 + (value % 10));
}
