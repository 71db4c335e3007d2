// `INTERVAL '5' MINUTE`, `INTERVAL '1 10:30' DAY TO MINUTE`: as milliseconds, or as months.
import { refusal, syntaxProblem } from './sql-error.ts';
import type { TokenReader } from './token-reader.ts';
import type { IntervalExpression } from './syntax-tree.ts';

const unitMs: Readonly<Record<string, number>> = {
  WEEK: 604_800_000,
  DAY: 86_400_000,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
};

const unitMonths: Readonly<Record<string, number>> = { YEAR: 12, QUARTER: 3, MONTH: 1 };

/** Units that stand beside each other in `DAY TO SECOND`. */
const days = ['DAY', 'HOUR', 'MINUTE', 'SECOND'];

/** Behind the word INTERVAL. */
export function parseInterval(reader: TokenReader, at: number): IntervalExpression {
  const sign = reader.takeSign('-') ? -1 : 1;
  const textAt = reader.at;
  const text = reader.expectText("a length in quotes, as in INTERVAL '5' MINUTE").trim();
  const unitAt = reader.at;
  const unit = parseUnit(reader);
  if (reader.takeWords('TO')) {
    const last = parseUnit(reader);
    return { kind: 'interval', at, ms: sign * lengthOf(text, textAt, unit, last), months: 0 };
  }
  if (!/^-?\d+(\.\d+)?$/.test(text)) {
    throw syntaxProblem(textAt, `'${text}' is no number of ${unit.toLowerCase()}s`);
  }
  const months = unitMonths[unit];
  if (months !== undefined && !text.includes('.')) {
    return { kind: 'interval', at, ms: 0, months: sign * Number(text) * months };
  }
  const oneMs = unitMs[unit];
  if (oneMs === undefined) throw syntaxProblem(unitAt, `${unit} is no unit of time`, 'use DAY');
  const ms = Math.round(sign * Number(text) * oneMs * 1000) / 1000;
  if (!Number.isSafeInteger(ms)) {
    throw refusal(textAt, 'an interval is a whole number of milliseconds', "write '0.001' SECOND");
  }
  return { kind: 'interval', at, ms, months: 0 };
}

function parseUnit(reader: TokenReader): string {
  const { at } = reader;
  const unit = reader.expectName('a unit of time').toUpperCase().replace(/S$/, '');
  if (unitMs[unit] === undefined && unitMonths[unit] === undefined) {
    throw syntaxProblem(at, `${unit} is no unit of time`, 'use SECOND, MINUTE, HOUR or DAY');
  }
  if (reader.takeSign('(')) {
    reader.list(() => reader.expectWhole('a precision'));
    reader.expectSign(')');
  }
  return unit;
}

/** `'1 10:30:05.5'` from DAY to SECOND. */
function lengthOf(text: string, at: number, first: string, last: string): number {
  const units = days.slice(days.indexOf(first), days.indexOf(last) + 1);
  const parts = text.replace(/^-/, '').split(/[ :]/);
  const isRead = parts.every((part, i) => {
    const isLast = i === parts.length - 1;
    return isLast ? /^\d+(\.\d{1,3})?$/.test(part) : /^\d+$/.test(part);
  });
  if (!isRead || units.length < 2 || parts.length !== units.length) {
    const fix = "as in INTERVAL '1 10:30' DAY TO MINUTE";
    throw syntaxProblem(at, `'${text}' is no length from ${first} to ${last}`, fix);
  }
  const ms = parts.reduce((sum, part, i) => sum + Number(part) * (unitMs[units[i] ?? ''] ?? 0), 0);
  return Math.round(text.startsWith('-') ? -ms : ms);
}
