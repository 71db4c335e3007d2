// Calls: `SUM(DISTINCT x) FILTER (WHERE …) OVER (…)`, and functions whose arguments are separated by
// words. The parser of expressions is a parameter, so that the two need not import each other.
import { refusal } from './sql-error.ts';
import type { CallExpression, FrameSyntax, OverSyntax, SqlExpression } from './syntax-tree.ts';
import type { TokenReader } from './token-reader.ts';

/** Reads an expression; `power`: operators must bind tighter. */
export type ParseExpression = (reader: TokenReader, power?: number) => SqlExpression;

type Call = Pick<CallExpression, 'name' | 'args'>;

/** Between the name and `FILTER`. */
const comparePower = 4;

/** At the name of a function. */
export function parseCall(reader: TokenReader, parse: ParseExpression): CallExpression {
  const { at, text } = reader.next();
  reader.expectSign('(');
  const isDistinct = reader.takeWords('DISTINCT');
  const { name, args } = parseArguments(reader, text, parse);
  reader.expectSign(')');
  const filter = reader.isWords('FILTER') ? parseFilter(reader, parse) : null;
  const over = reader.takeWords('OVER') ? parseOver(reader, parse) : null;
  return { kind: 'call', at, name, args, isDistinct, filter, over };
}

function parseArguments(reader: TokenReader, name: string, parse: ParseExpression): Call {
  if (reader.isSign(')')) return { name, args: [] };
  if (name === 'EXTRACT') {
    const part = reader.expectName('a part of a time').toUpperCase();
    reader.expectWords('FROM');
    return { name: `EXTRACT ${part}`, args: [parse(reader)] };
  }
  if (name === 'TRIM') return parseTrim(reader, parse);
  if (name === 'TIMESTAMPADD' || name === 'TIMESTAMPDIFF') return parseUnits(reader, name, parse);
  const first = parse(reader, name === 'POSITION' ? comparePower : 0);
  if (name === 'POSITION' && reader.takeWords('IN')) return { name, args: [first, parse(reader)] };
  if (name.startsWith('SUBSTR') && reader.takeWords('FROM')) {
    const args = [first, parse(reader)];
    if (reader.takeWords('FOR')) args.push(parse(reader));
    return { name, args };
  }
  if ((name === 'FLOOR' || name === 'CEIL') && reader.takeWords('TO')) {
    return { name: `${name} TO ${unitName(reader)}`, args: [first] };
  }
  const args = [first];
  while (reader.takeSign(',')) args.push(parse(reader));
  return { name, args };
}

function unitName(reader: TokenReader): string {
  return reader.expectName('a unit of time').toUpperCase().replace(/S$/, '');
}

/** `TIMESTAMPDIFF(DAY, a, b)` is the function `TIMESTAMPDIFF DAY`. */
function parseUnits(reader: TokenReader, name: string, parse: ParseExpression): Call {
  const unit = unitName(reader).replace(/^SQL_TSI_/, '');
  reader.expectSign(',');
  return { name: `${name} ${unit}`, args: reader.list(() => parse(reader)) };
}

const sides: Readonly<Record<string, string>> = {
  BOTH: 'BTRIM',
  LEADING: 'LTRIM',
  TRAILING: 'RTRIM',
};

/** `TRIM(LEADING 'x' FROM a)` is `LTRIM(a, 'x')`. */
function parseTrim(reader: TokenReader, parse: ParseExpression): Call {
  const side = Object.keys(sides).find((word) => reader.takeWords(word));
  const name = sides[side ?? ''] ?? 'TRIM';
  if (side !== undefined && reader.takeWords('FROM')) return { name, args: [parse(reader)] };
  const first = parse(reader);
  if (reader.takeWords('FROM')) return { name, args: [parse(reader), first] };
  return { name, args: [first, ...(reader.takeSign(',') ? [parse(reader)] : [])] };
}

function parseFilter(reader: TokenReader, parse: ParseExpression): SqlExpression {
  reader.expectWords('FILTER');
  reader.expectSign('(');
  reader.expectWords('WHERE');
  const filter = parse(reader);
  reader.expectSign(')');
  return filter;
}

/** Behind OVER: the name of a window, or one in parentheses. */
export function parseOver(reader: TokenReader, parse: ParseExpression): OverSyntax | string {
  return reader.isSign('(') ? parseWindow(reader, parse) : reader.expectName('a window');
}

/** `(PARTITION BY … ORDER BY … RANGE BETWEEN … PRECEDING AND CURRENT ROW)`. */
export function parseWindow(reader: TokenReader, parse: ParseExpression): OverSyntax {
  const { at } = reader;
  reader.expectSign('(');
  const partitionBy = reader.takeWords('PARTITION', 'BY') ? reader.list(() => parse(reader)) : [];
  const orderBy = reader.takeWords('ORDER', 'BY')
    ? reader.list(() => {
        const by = parse(reader);
        const isDescending = reader.takeWords('DESC');
        reader.takeWords('ASC');
        return { by, isDescending };
      })
    : [];
  const frame = parseFrame(reader, parse);
  reader.expectSign(')');
  return { at, partitionBy, orderBy, frame };
}

function parseFrame(reader: TokenReader, parse: ParseExpression): FrameSyntax | null {
  const { at } = reader;
  const unit = reader.takeWords('ROWS') ? 'ROWS' : reader.takeWords('RANGE') ? 'RANGE' : null;
  if (unit === null) return null;
  const isBetween = reader.takeWords('BETWEEN');
  const isUnbounded = reader.takeWords('UNBOUNDED');
  const preceding = isUnbounded ? null : parse(reader, comparePower);
  reader.expectWords('PRECEDING');
  if (isBetween) {
    reader.expectWords('AND');
    const endAt = reader.at;
    if (!reader.takeWords('CURRENT', 'ROW')) {
      throw refusal(endAt, 'a window ends at the current row', 'write AND CURRENT ROW');
    }
  }
  return { at, unit, preceding };
}
