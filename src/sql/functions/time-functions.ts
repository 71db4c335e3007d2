// Functions of instants, in UTC. Steps of months and years keep the day, or take the last of the month.
import { sqlTypes } from '../bind/sql-type.ts';
import { formatInstant, parseInstantBy } from './date-pattern.ts';
import { type FunctionSpec, type FunctionTable, numberOf, textOf } from './function-spec.ts';
import { dateOf, readTimestamp } from './java-text.ts';
import { RowError } from './row-function.ts';

const { string, bigint, timestamp, timestampLtz, date } = sqlTypes;

/** Units of a fixed length. */
export const unitMs: Readonly<Record<string, number>> = {
  MILLISECOND: 1,
  SECOND: 1000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
  WEEK: 604_800_000,
};

/** Units of the calendar, in months. */
export const unitMonths: Readonly<Record<string, number>> = { MONTH: 1, QUARTER: 3, YEAR: 12 };

export function isUnit(unit: string): boolean {
  return unit in unitMs || unit in unitMonths;
}

const dayMs = 86_400_000;

export function addMonths(ms: number, months: number): number {
  const from = new Date(ms);
  const first = new Date(0);
  first.setUTCFullYear(from.getUTCFullYear(), from.getUTCMonth() + months, 1);
  const [year, month] = [first.getUTCFullYear(), first.getUTCMonth()];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(from.getUTCDate(), last));
  return first.getTime() + (ms - Math.floor(ms / dayMs) * dayMs);
}

export function addUnits(ms: number, unit: string, count: number): number {
  const months = unitMonths[unit];
  return months === undefined ? ms + count * (unitMs[unit] ?? 0) : addMonths(ms, months * count);
}

/** Whole units between two instants, toward zero. */
export function unitsBetween(fromMs: number, toMs: number, unit: string): number {
  const fixedMs = unitMs[unit];
  if (fixedMs !== undefined) return Math.trunc((toMs - fromMs) / fixedMs);
  if (toMs < fromMs) return -unitsBetween(toMs, fromMs, unit) || 0;
  const [from, to] = [new Date(fromMs), new Date(toMs)];
  const years = to.getUTCFullYear() - from.getUTCFullYear();
  let months = years * 12 + to.getUTCMonth() - from.getUTCMonth();
  if (addMonths(fromMs, months) > toMs) months--;
  return Math.trunc(months / (unitMonths[unit] ?? 1));
}

/** FLOOR(ts TO unit); weeks begin on Sunday, as in Flink. */
export function floorTo(ms: number, unit: string): number {
  const months = unitMonths[unit];
  if (months !== undefined) {
    const day = new Date(ms);
    const month = Math.floor(day.getUTCMonth() / months) * months;
    const first = new Date(0);
    first.setUTCFullYear(day.getUTCFullYear(), month, 1);
    return first.getTime();
  }
  const step = unitMs[unit] ?? 1;
  // The epoch was a Thursday.
  const shift = unit === 'WEEK' ? 4 * dayMs : 0;
  return Math.floor((ms + shift) / step) * step - shift;
}

export function ceilTo(ms: number, unit: string): number {
  const floor = floorTo(ms, unit);
  return floor === ms ? ms : addUnits(floor, unit, 1);
}

function weekOfYear(ms: number): number {
  const day = new Date(Math.floor(ms / dayMs) * dayMs);
  const weekday = day.getUTCDay() || 7;
  day.setUTCDate(day.getUTCDate() + 4 - weekday);
  return Math.ceil(((day.getTime() - Date.UTC(day.getUTCFullYear(), 0, 1)) / dayMs + 1) / 7);
}

function part(run: (date: Date, ms: number) => number): FunctionSpec {
  return {
    args: ['time'],
    type: bigint,
    run: ([ms]) => BigInt(run(new Date(numberOf(ms)), numberOf(ms))),
  };
}

const isoDay = (day: Date): number => day.getUTCDay() || 7;

/** Parts that the plan has not, and all of them of dates. */
const parts: Readonly<Record<string, FunctionSpec>> = {
  YEAR: part((day) => day.getUTCFullYear()),
  QUARTER: part((day) => Math.floor(day.getUTCMonth() / 3) + 1),
  MONTH: part((day) => day.getUTCMonth() + 1),
  WEEK: part((_, ms) => weekOfYear(ms)),
  DOY: part((day, ms) => Math.floor((ms - Date.UTC(day.getUTCFullYear(), 0, 1)) / dayMs) + 1),
  DOW: part((day) => day.getUTCDay() + 1),
  ISODOW: part(isoDay),
  DAY: part((day) => day.getUTCDate()),
  HOUR: part((day) => day.getUTCHours()),
  MINUTE: part((day) => day.getUTCMinutes()),
  SECOND: part((day) => day.getUTCSeconds()),
  MILLISECOND: part((day) => day.getUTCMilliseconds()),
  EPOCH: part((_, ms) => Math.floor(ms / 1000)),
};

const shortForms: Readonly<Record<string, string>> = {
  ...{ YEAR: 'YEAR', QUARTER: 'QUARTER', MONTH: 'MONTH', WEEK: 'WEEK', HOUR: 'HOUR' },
  ...{ DAYOFYEAR: 'DOY', DAYOFMONTH: 'DAY', DAYOFWEEK: 'DOW', MINUTE: 'MINUTE', SECOND: 'SECOND' },
};

const defaultPattern = 'yyyy-MM-dd HH:mm:ss';

function instantBy(text: string, pattern: string | null): number | null {
  return pattern === null ? readTimestamp(text) : parseInstantBy(text, pattern);
}

function patternOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** TO_TIMESTAMP_LTZ(number, 0 for seconds or 3 for milliseconds). */
function fromNumber(value: number, precision: number): number {
  if (precision === 3) return value;
  if (precision === 0) return value * 1000;
  throw new RowError(`TO_TIMESTAMP_LTZ takes 0 or 3, not ${precision}`);
}

export const timeFunctions: FunctionTable = {
  ...Object.fromEntries(Object.entries(parts).map(([name, spec]) => [`EXTRACT ${name}`, spec])),
  ...Object.fromEntries(
    Object.entries(shortForms).map(([name, of]) => [name, parts[of] as FunctionSpec]),
  ),
  DATE_FORMAT: {
    args: ['time', 'text'],
    type: string,
    run: ([ms, pattern]) => formatInstant(numberOf(ms), textOf(pattern)),
  },
  'DATE_FORMAT TEXT': {
    args: ['text', 'text'],
    type: string,
    run: ([text, pattern]) => {
      const ms = readTimestamp(textOf(text));
      return ms === null ? null : formatInstant(ms, textOf(pattern));
    },
  },
  TO_TIMESTAMP: {
    args: ['text', 'text'],
    least: 1,
    type: timestamp,
    run: ([text, pattern]) => instantBy(textOf(text), patternOf(pattern)),
  },
  TO_TIMESTAMP_LTZ: {
    args: ['number', 'whole'],
    least: 1,
    type: timestampLtz,
    run: ([value, precision = 3]) => fromNumber(numberOf(value), numberOf(precision)),
  },
  'TO_TIMESTAMP_LTZ TEXT': {
    args: ['text', 'text'],
    least: 1,
    type: timestampLtz,
    run: ([text, pattern]) => instantBy(textOf(text), patternOf(pattern)),
  },
  TO_DATE: {
    args: ['text', 'text'],
    least: 1,
    type: date,
    run: ([text, pattern]) => {
      const ms = instantBy(textOf(text), patternOf(pattern));
      return ms === null ? null : dateOf(ms);
    },
  },
  FROM_UNIXTIME: {
    args: ['whole', 'text'],
    least: 1,
    type: string,
    run: ([seconds, pattern]) =>
      formatInstant(numberOf(seconds) * 1000, patternOf(pattern) ?? defaultPattern),
  },
  UNIX_TIMESTAMP: {
    args: ['text', 'text'],
    least: 1,
    type: bigint,
    run: ([text, pattern]) => {
      const ms = instantBy(textOf(text), patternOf(pattern) ?? defaultPattern);
      return ms === null ? -9_223_372_036_854_775_808n : BigInt(Math.floor(ms / 1000));
    },
  },
};
