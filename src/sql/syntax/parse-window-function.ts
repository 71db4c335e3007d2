// Window table functions: `TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' MINUTE)`, with arguments in Flink's
// order, or named in any.
import { parseExpression } from './parse-expression.ts';
import { parseInterval } from './parse-interval.ts';
import { refusal, syntaxProblem } from './sql-error.ts';
import type {
  IntervalExpression,
  NameExpression,
  Relation,
  SqlExpression,
  WindowFunctionName,
  WindowRelation,
} from './syntax-tree.ts';
import type { TokenReader } from './token-reader.ts';

/** Lengths of each function, in the order of Flink. */
const lengthNames: Readonly<Record<WindowFunctionName, readonly string[]>> = {
  TUMBLE: ['SIZE', 'OFFSET'],
  HOP: ['SLIDE', 'SIZE', 'OFFSET'],
  CUMULATE: ['STEP', 'SIZE', 'OFFSET'],
  SESSION: ['GAP'],
};

export function isWindowFunction(name: string): name is WindowFunctionName {
  return Object.hasOwn(lengthNames, name);
}

interface Parts {
  input: Relation | null;
  partitionBy: readonly SqlExpression[];
  timeColumn: NameExpression | null;
  readonly lengths: Map<string, IntervalExpression>;
}

/** At the name of the function. `parseSource`: what stands behind TABLE. */
export function parseWindowFunction(
  reader: TokenReader,
  parseSource: (reader: TokenReader) => Relation,
): WindowRelation {
  const { at, text, raw } = reader.next();
  if (!isWindowFunction(text)) {
    const fix = 'use TUMBLE, HOP, CUMULATE or SESSION';
    throw refusal(at, `${raw} is no window function of the plan`, fix);
  }
  const names = ['DATA', 'TIMECOL', ...lengthNames[text]];
  const parts: Parts = { input: null, partitionBy: [], timeColumn: null, lengths: new Map() };
  reader.expectSign('(');
  let place = 0;
  do {
    const name = takeArgumentName(reader, names) ?? names[place];
    if (name === undefined) throw syntaxProblem(reader.at, `${text} has too many arguments`);
    parseArgument(reader, name, parts, parseSource);
    place++;
  } while (reader.takeSign(','));
  reader.expectSign(')');
  const { input, timeColumn, partitionBy, lengths: given } = parts;
  if (input === null || timeColumn === null) {
    const fix = `${text}(TABLE t, DESCRIPTOR(ts), INTERVAL '5' MINUTE)`;
    throw syntaxProblem(at, `${text} takes a table and its event time`, fix);
  }
  const lengths = lengthNames[text].flatMap((name) => given.get(name) ?? []);
  return { kind: 'window', at, fn: text, input, partitionBy, timeColumn, lengths, alias: null };
}

function parseArgument(
  reader: TokenReader,
  name: string,
  parts: Parts,
  parseSource: (reader: TokenReader) => Relation,
): void {
  if (name === 'DATA') {
    if (!reader.takeWords('TABLE') && !reader.isSign('(')) throw reader.expected('TABLE');
    parts.input = parseSource(reader);
    if (reader.takeWords('PARTITION', 'BY')) parts.partitionBy = parsePartition(reader);
    return;
  }
  if (name === 'TIMECOL') {
    reader.expectWords('DESCRIPTOR');
    reader.expectSign('(');
    const { at } = reader;
    parts.timeColumn = { kind: 'name', at, parts: [reader.expectName('a time column')] };
    reader.expectSign(')');
    return;
  }
  const { at } = reader;
  if (parts.lengths.has(name)) throw syntaxProblem(at, `${name} is there twice`);
  reader.expectWords('INTERVAL');
  parts.lengths.set(name, parseInterval(reader, at));
}

/** `DATA =>` */
function takeArgumentName(reader: TokenReader, names: readonly string[]): string | null {
  if (reader.peek(1).text !== '=>') return null;
  const { at } = reader;
  const name = reader.expectName('the name of an argument').toUpperCase();
  reader.next();
  if (names.includes(name)) return name;
  throw syntaxProblem(at, `there is no argument ${name}`, `they are ${names.join(', ')}`);
}

function parsePartition(reader: TokenReader): readonly SqlExpression[] {
  if (!reader.takeSign('(')) return [parseExpression(reader), ...parseMoreKeys(reader)];
  const keys = reader.list(() => parseExpression(reader));
  reader.expectSign(')');
  return keys;
}

/** Further keys of a partition: what follows a comma and is not the DESCRIPTOR. */
function parseMoreKeys(reader: TokenReader): readonly SqlExpression[] {
  const keys: SqlExpression[] = [];
  while (
    reader.isSign(',') &&
    reader.peek(1).text !== 'DESCRIPTOR' &&
    reader.peek(2).text !== '=>'
  ) {
    reader.next();
    keys.push(parseExpression(reader));
  }
  return keys;
}
