// Queries. What is SQL of Flink but no node of the plan is refused where it stands, so that a person
// sees what to change instead of a riddle.
import { parseWindow } from './parse-call.ts';
import { parseExpression } from './parse-expression.ts';
import { parseInterval } from './parse-interval.ts';
import { refusal, syntaxProblem } from './sql-error.ts';
import type {
  IntervalExpression,
  NameExpression,
  OverSyntax,
  Relation,
  SelectItem,
  SelectSyntax,
  SqlExpression,
  WindowFunctionName,
  WindowRelation,
} from './syntax-tree.ts';
import type { TokenReader } from './token-reader.ts';

const windowFunctions: readonly string[] = ['TUMBLE', 'HOP', 'CUMULATE', 'SESSION'];
const onFlink = 'run this statement on Flink';

/** `[WITH …] SELECT …`. */
export function parseSelect(reader: TokenReader): SelectSyntax {
  const views = new Map<string, SelectSyntax>();
  if (reader.takeWords('WITH')) {
    reader.list(() => {
      const name = reader.expectName('the name of a query');
      reader.expectWords('AS');
      reader.expectSign('(');
      views.set(name, parseSelect(reader));
      reader.expectSign(')');
    });
  }
  const { at } = reader;
  if (reader.isWords('VALUES')) throw refusal(at, 'VALUES is no source of events', 'read a table');
  reader.expectWords('SELECT');
  if (reader.isWords('DISTINCT')) {
    throw refusal(reader.at, 'SELECT DISTINCT is no node of the plan', onFlink);
  }
  reader.takeWords('ALL');
  const items = reader.list(() => parseItem(reader));
  reader.expectWords('FROM');
  const from = parseRelation(reader);
  refuseJoin(reader);
  const where = reader.takeWords('WHERE') ? parseExpression(reader) : null;
  const groupBy = reader.takeWords('GROUP', 'BY') ? parseGroupBy(reader) : null;
  const having = reader.takeWords('HAVING') ? parseExpression(reader) : null;
  const windows = reader.takeWords('WINDOW') ? parseWindows(reader) : new Map();
  refuseRest(reader);
  return { at, items, from, where, groupBy, having, windows, views };
}

function parseItem(reader: TokenReader): SelectItem {
  const { at } = reader;
  const expression = parseExpression(reader);
  return { at, expression, alias: parseAlias(reader) };
}

/** Words that may follow an expression or a table, and are therefore no alias. */
const followers = new Set(
  (
    'FROM WHERE GROUP HAVING WINDOW ORDER LIMIT OFFSET FETCH UNION INTERSECT EXCEPT JOIN INNER LEFT ' +
    'RIGHT FULL CROSS NATURAL ON FOR MATCH_RECOGNIZE END TABLESAMPLE PARTITION PIVOT'
  ).split(' '),
);

function parseAlias(reader: TokenReader): string | null {
  if (reader.takeWords('AS')) return reader.expectName('a name');
  const { kind, text, raw } = reader.current;
  if (kind === 'quoted' || (kind === 'word' && !followers.has(text))) {
    reader.next();
    return raw;
  }
  return null;
}

function parseGroupBy(reader: TokenReader): readonly SqlExpression[] {
  const { at } = reader;
  if (['ROLLUP', 'CUBE', 'GROUPING'].some((word) => reader.isWords(word)) || reader.isSign('(')) {
    throw refusal(at, 'grouping sets are no node of the plan', 'write one query for each set');
  }
  return reader.list(() => parseExpression(reader));
}

function parseWindows(reader: TokenReader): ReadonlyMap<string, OverSyntax> {
  const windows = new Map<string, OverSyntax>();
  reader.list(() => {
    const name = reader.expectName('the name of a window');
    reader.expectWords('AS');
    windows.set(name.toUpperCase(), parseWindow(reader, parseExpression));
  });
  return windows;
}

function parseRelation(reader: TokenReader): Relation {
  const relation = parseSource(reader);
  if (reader.isWords('FOR', 'SYSTEM_TIME')) {
    throw refusal(reader.at, 'versioned tables are no node of the plan', onFlink);
  }
  if (reader.isWords('MATCH_RECOGNIZE')) {
    throw refusal(reader.at, 'MATCH_RECOGNIZE is no node of the plan', onFlink);
  }
  return { ...relation, alias: parseAlias(reader) };
}

function parseSource(reader: TokenReader): Relation {
  const { at, text } = reader.current;
  if (reader.takeSign('(')) {
    const query = parseSelect(reader);
    reader.expectSign(')');
    return { kind: 'query', at, query, alias: null };
  }
  if (reader.isWords('TABLE') && reader.peek(1).text === '(') {
    reader.next();
    reader.expectSign('(');
    const window = parseWindowFunction(reader);
    reader.expectSign(')');
    return window;
  }
  if (windowFunctions.includes(text) && reader.peek(1).text === '(') {
    return parseWindowFunction(reader);
  }
  if (['LATERAL', 'UNNEST'].some((word) => reader.isWords(word))) {
    throw refusal(at, `${text} is no node of the plan`, onFlink);
  }
  const name = reader.expectName('a table');
  if (reader.isSign('(')) throw refusal(at, `${name} is no table function of the plan`, onFlink);
  if (reader.isSign('.')) {
    throw refusal(reader.at, 'there are no catalogs and databases here', 'name the table alone');
  }
  return { kind: 'table', at, name, alias: null };
}

/** `TUMBLE(TABLE t [PARTITION BY k], DESCRIPTOR(c), INTERVAL …)`. */
function parseWindowFunction(reader: TokenReader): WindowRelation {
  const { at, text, raw } = reader.next();
  if (!windowFunctions.includes(text)) {
    throw refusal(
      at,
      `${raw} is no window function of the plan`,
      'use TUMBLE, HOP, CUMULATE or SESSION',
    );
  }
  reader.expectSign('(');
  takeArgumentName(reader);
  const input = parseInput(reader);
  const partitionBy = reader.takeWords('PARTITION', 'BY') ? parsePartition(reader) : [];
  reader.expectSign(',');
  takeArgumentName(reader);
  reader.expectWords('DESCRIPTOR');
  reader.expectSign('(');
  const nameAt = reader.at;
  const timeColumn: NameExpression = {
    kind: 'name',
    at: nameAt,
    parts: [reader.expectName('a time column')],
  };
  reader.expectSign(')');
  const lengths: IntervalExpression[] = [];
  while (reader.takeSign(',')) {
    takeArgumentName(reader);
    const { at: lengthAt } = reader;
    reader.expectWords('INTERVAL');
    lengths.push(parseInterval(reader, lengthAt));
  }
  reader.expectSign(')');
  const fn = text as WindowFunctionName;
  return { kind: 'window', at, fn, input, partitionBy, timeColumn, lengths, alias: null };
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

/** `DATA => TABLE t`: names of arguments are read in Flink's order only. */
function takeArgumentName(reader: TokenReader): void {
  if (reader.peek(1).text !== '=>') return;
  reader.next();
  reader.next();
}

function parseInput(reader: TokenReader): Relation {
  if (reader.isSign('(')) return parseSource(reader);
  reader.expectWords('TABLE');
  return parseSource(reader);
}

const joins = ['JOIN', 'INNER', 'LEFT', 'RIGHT', 'FULL', 'CROSS', 'NATURAL'];

function refuseJoin(reader: TokenReader): void {
  const isJoin = joins.some((word) => reader.isWords(word)) || reader.isSign(',');
  if (isJoin) throw refusal(reader.at, 'joins are no node of the plan yet', onFlink);
}

const rest: Readonly<Record<string, string>> = {
  UNION: 'UNION is no node of the plan',
  INTERSECT: 'INTERSECT is no node of the plan',
  EXCEPT: 'EXCEPT is no node of the plan',
  ORDER: 'sorting and top-N are no nodes of the plan yet',
  LIMIT: 'LIMIT of a stream is no node of the plan',
  OFFSET: 'OFFSET of a stream is no node of the plan',
  FETCH: 'FETCH of a stream is no node of the plan',
};

function refuseRest(reader: TokenReader): void {
  const { at, kind, text, raw } = reader.current;
  const why = kind === 'word' ? rest[text] : undefined;
  if (why !== undefined) throw refusal(at, why, onFlink);
  const isEnd = kind === 'end' || raw === ';' || raw === ')' || text === 'END';
  if (!isEnd) throw syntaxProblem(at, `"${raw}" cannot stand here: the query is over before it`);
}
