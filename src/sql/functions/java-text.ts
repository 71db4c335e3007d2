// Values as text and back, as Java and Flink write them: casts to STRING and from it.
import { RowError } from './row-function.ts';

/** Double.toString: plain from 10^-3 up to 10^7, else `1.5E10`. */
export function javaDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) {
    const text = plain(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
}

/** Float.toString: the shortest digits that are the same float. */
export function javaFloat(value: number): string {
  for (let digits = 1; digits < 10; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return javaDouble(short);
  }
  return javaDouble(value);
}

function plain(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/0+$/, '') : text;
}

/** BigDecimal.toString: far behind the point it has an exponent, as in `1.5E-9`. */
export function javaDecimal(text: string): string {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  const exponent = digits.length - 1 - fraction.length;
  if (exponent >= -6) return text;
  const mantissa = digits.length === 1 ? digits : `${digits.slice(0, 1)}.${digits.slice(1)}`;
  return `${text.startsWith('-') ? '-' : ''}${mantissa}E${exponent}`;
}

/** The same without zeros at its end, as Flink's formats write decimals: 120.00 is `1.2E+2`. */
export function strippedDecimal(text: string): string {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const all = (whole + fraction).replace(/^0+/, '');
  const digits = all.replace(/0+$/, '');
  if (digits === '') return '0';
  const scale = fraction.length - (all.length - digits.length);
  const sign = text.startsWith('-') ? '-' : '';
  const exponent = digits.length - 1 - scale;
  if (scale < 0 || exponent < -6) {
    const mantissa = digits.length === 1 ? digits : `${digits.slice(0, 1)}.${digits.slice(1)}`;
    return `${sign}${mantissa}E${exponent > 0 ? '+' : ''}${exponent}`;
  }
  const padded = digits.padStart(scale + 1, '0');
  return scale === 0 ? sign + digits : `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** `2026-01-31 10:00:00.500`: with the three digits of the type. */
export function timestampText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23).replace('T', ' ');
}

const dayMs = 86_400_000;
const timePattern =
  /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?)?(Z)?\s*$/;

/** The instant of a text; null when it is none. A day alone is its midnight. */
export function readTimestamp(text: string): number | null {
  const found = timePattern.exec(text);
  if (found === null) return null;
  const [year, month, day, hour, minute, second] = found
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const millis = Number((found[7] ?? '0').padEnd(3, '0').slice(0, 3));
  return instantOf(
    [year ?? 0, month ?? 0, day ?? 0],
    [hour ?? 0, minute ?? 0, second ?? 0, millis],
  );
}

/** Null when there is no such day or time. */
export function instantOf(
  [year, month, day]: readonly [number, number, number],
  [hour, minute, second, millis]: readonly [number, number, number, number],
): number | null {
  if (hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isDay ? date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + millis : null;
}

/** `YYYY-MM-DD` of an instant. */
export function dateOf(ms: number): string {
  return new Date(Math.floor(ms / dayMs) * dayMs).toISOString().slice(0, 10);
}

/** Midnight of a date. */
export function midnightOf(date: string): number {
  const ms = readTimestamp(date);
  if (ms === null) throw new RowError(`'${date}' is no date`);
  return ms;
}
