// `INTERVAL '5' MINUTE`: one unit, as milliseconds.
import { refusal, syntaxProblem } from './sql-error.ts';
import type { TokenReader } from './token-reader.ts';
import type { IntervalExpression } from './syntax-tree.ts';

const unitMs: Readonly<Record<string, number>> = {
  SECOND: 1000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
  WEEK: 604_800_000,
};

/** Behind the word INTERVAL. */
export function parseInterval(reader: TokenReader, at: number): IntervalExpression {
  const sign = reader.takeSign('-') ? -1 : 1;
  const textAt = reader.at;
  const text = reader.expectText("a length in quotes, as in INTERVAL '5' MINUTE");
  const unitAt = reader.at;
  const unit = reader.expectName('a unit of time').toUpperCase().replace(/S$/, '');
  const oneMs = unitMs[unit];
  if (oneMs === undefined) {
    throw ['MONTH', 'YEAR', 'QUARTER'].includes(unit)
      ? refusal(unitAt, `windows of ${unit.toLowerCase()}s have no fixed length`, 'use days')
      : syntaxProblem(unitAt, `${unit} is no unit of time`, 'use SECOND, MINUTE, HOUR or DAY');
  }
  if (reader.takeSign('(')) {
    reader.list(() => reader.expectWhole('a precision'));
    reader.expectSign(')');
  }
  if (reader.isWords('TO')) {
    throw refusal(reader.at, 'intervals of several units are not read', 'use the smallest unit');
  }
  if (!/^-?\d+(\.\d+)?$/.test(text.trim())) {
    throw syntaxProblem(textAt, `'${text}' is no number of ${unit.toLowerCase()}s`);
  }
  const ms = sign * Number(text) * oneMs;
  if (!Number.isSafeInteger(ms)) {
    throw refusal(textAt, 'an interval is a whole number of milliseconds', "write '0.001' SECOND");
  }
  return { kind: 'interval', at, ms };
}
