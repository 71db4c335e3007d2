// Queries. What is SQL of Flink but no node of the plan is refused where it stands, so that a person
// sees what to change instead of a riddle.
import { parseWindow } from './parse-call.ts';
import { parseExpression } from './parse-expression.ts';
import { parseHint } from './parse-options.ts';
import { isWindowFunction, parseWindowFunction } from './parse-window-function.ts';
import { refusal, syntaxProblem } from './sql-error.ts';
import type {
  OverSyntax,
  Relation,
  SelectItem,
  SelectSyntax,
  SqlExpression,
} from './syntax-tree.ts';
import type { TokenReader } from './token-reader.ts';

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
  const first = parseOne(reader, views);
  const unions: SelectSyntax[] = [];
  while (reader.takeWords('UNION', 'ALL')) unions.push(parseOne(reader, views));
  const limit = parseLimit(reader);
  refuseRest(reader);
  return { ...first, unions, limit };
}

function parseLimit(reader: TokenReader): SelectSyntax['limit'] {
  const { at } = reader;
  if (!reader.takeWords('LIMIT')) return null;
  return { at, count: reader.expectWhole('a number of rows') };
}

/** One SELECT of those that UNION ALL puts together. */
function parseOne(reader: TokenReader, views: SelectSyntax['views']): SelectSyntax {
  const { at } = reader;
  if (reader.takeSign('(')) {
    const inner = parseSelect(reader);
    reader.expectSign(')');
    return inner;
  }
  if (reader.isWords('VALUES')) throw refusal(at, 'VALUES is no source of events', 'read a table');
  reader.expectWords('SELECT');
  refuseHint(reader);
  const isDistinct = reader.takeWords('DISTINCT');
  reader.takeWords('ALL');
  const items = reader.list(() => parseItem(reader));
  if (reader.isEnd || reader.isSign(';')) {
    throw refusal(at, 'a query without FROM reads no events', 'FROM a table');
  }
  reader.expectWords('FROM');
  const from = parseRelation(reader);
  refuseJoin(reader);
  const where = reader.takeWords('WHERE') ? parseExpression(reader) : null;
  const groupBy = reader.takeWords('GROUP', 'BY') ? parseGroupBy(reader) : null;
  const having = reader.takeWords('HAVING') ? parseExpression(reader) : null;
  const windows = reader.takeWords('WINDOW') ? parseWindows(reader) : new Map();
  const unions: readonly SelectSyntax[] = [];
  return {
    at,
    items,
    isDistinct,
    from,
    where,
    groupBy,
    having,
    windows,
    views,
    unions,
    limit: null,
  };
}

function refuseHint(reader: TokenReader): void {
  if (!reader.isSign('/*+')) return;
  throw refusal(reader.at, 'hints of queries are not followed here', 'leave the hint out');
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
  return reader.list(() => {
    const isSet =
      reader.isWords('GROUPING', 'SETS') ||
      ['ROLLUP', 'CUBE'].some((word) => reader.isWords(word) && reader.peek(1).text === '(');
    if (!isSet) return parseExpression(reader);
    const fix = 'write one query for each set';
    throw refusal(reader.at, 'grouping sets are no node of the plan', fix);
  });
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
  const alias = parseAlias(reader);
  if (alias !== null && reader.isSign('(')) {
    throw refusal(reader.at, 'columns are not renamed behind an alias', 'AS … in the SELECT');
  }
  return { ...relation, alias: alias ?? relation.alias };
}

function parseSource(reader: TokenReader): Relation {
  const { at, text } = reader.current;
  if (reader.takeSign('(')) {
    const isTable =
      reader.takeWords('TABLE') || !['SELECT', 'WITH', '('].includes(reader.current.text);
    const inner = isTable ? parseRelation(reader) : null;
    const query = inner === null ? parseSelect(reader) : null;
    reader.expectSign(')');
    return inner ?? { kind: 'query', at, query: query as SelectSyntax, alias: null };
  }
  if (reader.isWords('TABLE') && reader.peek(1).text === '(') {
    reader.next();
    reader.expectSign('(');
    const window = parseWindowFunction(reader, parseSource);
    reader.expectSign(')');
    return window;
  }
  if (isWindowFunction(text) && reader.peek(1).text === '(') {
    return parseWindowFunction(reader, parseSource);
  }
  if (['LATERAL', 'UNNEST'].some((word) => reader.isWords(word))) {
    throw refusal(at, `${text} is no node of the plan`, onFlink);
  }
  const name = reader.expectName('a table');
  if (reader.isSign('(')) throw refusal(at, `${name} is no table function of the plan`, onFlink);
  return {
    ...{ kind: 'table', at, alias: null },
    name: reader.restOfPath(name),
    options: parseHint(reader),
  };
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
