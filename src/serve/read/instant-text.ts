// Event times as RFC 3339 with 0, 3 or 6 fraction digits, as few as hold the value.
import type { JsonBuffer } from '../../columns/json-buffer.ts';
import { formatInstant } from '../../kernel/instant.ts';

/** Like `formatInstant`; a fraction of a millisecond comes out as microseconds. */
export function formatInstantExact(ms: number): string {
  if (Number.isInteger(ms)) return formatInstant(ms);
  const seconds = Math.floor(ms / 1000);
  const micros = Math.round((ms - seconds * 1000) * 1000);
  if (micros % 1000 === 0) return formatInstant(seconds * 1000 + micros / 1000);
  const text = new Date(seconds * 1000).toISOString();
  return `${text.slice(0, -5)}.${String(micros).padStart(6, '0')}Z`;
}

const dayMs = 86_400_000;
/** Years 1 to 9999: four digits. */
const plainLeast = -62_135_596_800_000;
const plainMost = 253_402_300_800_000;
/** The day that was written last, as text: times of rows are close to each other. */
let day = Number.NaN;
let dayText = '';

/** Writes `formatInstantExact` as a JSON string. */
export function writeInstantExact(target: JsonBuffer, ms: number): void {
  target.byte(34);
  if (Number.isInteger(ms) && ms >= plainLeast && ms < plainMost) writePlain(target, ms);
  else target.ascii(formatInstantExact(ms));
  target.byte(34);
}

function writePlain(target: JsonBuffer, ms: number): void {
  const today = Math.floor(ms / dayMs);
  if (today !== day) {
    day = today;
    dayText = new Date(today * dayMs).toISOString().slice(0, 11);
  }
  target.ascii(dayText);
  const inDay = ms - today * dayMs;
  const seconds = Math.floor(inDay / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  writeTwo(target, hours);
  target.byte(58);
  writeTwo(target, minutes - hours * 60);
  target.byte(58);
  writeTwo(target, seconds - minutes * 60);
  const rest = inDay - seconds * 1000;
  if (rest > 0) {
    target.byte(46);
    const hundreds = Math.floor(rest / 100);
    target.byte(48 + hundreds);
    writeTwo(target, rest - hundreds * 100);
  }
  target.byte(90);
}

function writeTwo(target: JsonBuffer, value: number): void {
  const tens = Math.floor(value / 10);
  target.byte(48 + tens);
  target.byte(48 + value - tens * 10);
}
