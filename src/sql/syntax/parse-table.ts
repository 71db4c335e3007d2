// CREATE TABLE: columns, watermark, key, options; or like another table, or as the results of a query.
import { parseExpression } from './parse-expression.ts';
import { parseOptions } from './parse-options.ts';
import { parseSelect } from './parse-select.ts';
import { parseType } from './parse-type.ts';
import { refusal, syntaxProblem } from './sql-error.ts';
import type { ColumnSyntax, CreateMode, CreateTableStatement, LikeSyntax } from './syntax-tree.ts';
import type { TokenReader } from './token-reader.ts';

type TableParts = {
  -readonly [K in 'columns' | 'watermark' | 'primaryKey']: CreateTableStatement[K];
};

/** Behind CREATE TABLE, at its name. */
export function parseTable(
  reader: TokenReader,
  at: number,
  mode: CreateMode,
): CreateTableStatement {
  const name = reader.restOfPath(reader.expectName('the name of a table'));
  const columns: ColumnSyntax[] = [];
  const parts: TableParts = { columns, watermark: null, primaryKey: null };
  if (reader.takeSign('(') && !reader.takeSign(')')) {
    reader.list(() => parseTableLine(reader, parts, columns));
    reader.expectSign(')');
  }
  if (reader.takeWords('COMMENT')) reader.expectText('a comment');
  if (reader.isWords('PARTITIONED') || reader.isWords('DISTRIBUTED')) {
    throw refusal(reader.at, 'tables by partition are not read', 'name a folder of one partition');
  }
  const options = reader.takeWords('WITH') ? parseOptions(reader) : new Map();
  const like = reader.isWords('LIKE') ? parseLike(reader) : null;
  const query = reader.takeWords('AS') ? parseSelect(reader) : null;
  if (columns.length === 0 && like === null && query === null) {
    throw syntaxProblem(at, `table ${name} has no columns`);
  }
  return { kind: 'createTable', at, name, mode, ...parts, options, like, query };
}

/** `LIKE t (INCLUDING ALL EXCLUDING OPTIONS)` */
function parseLike(reader: TokenReader): LikeSyntax {
  reader.expectWords('LIKE');
  const { at } = reader;
  const table = reader.restOfPath(reader.expectName('a table'));
  const excluded: string[] = [];
  if (!reader.takeSign('(')) return { at, table, excluded };
  while (!reader.takeSign(')')) {
    const isExcluded = reader.takeWords('EXCLUDING');
    if (!isExcluded && !reader.takeWords('INCLUDING') && !reader.takeWords('OVERWRITING')) {
      throw reader.expected('INCLUDING, EXCLUDING or OVERWRITING');
    }
    const what = reader.expectName('what of the table').toUpperCase();
    if (isExcluded) excluded.push(what);
  }
  return { at, table, excluded };
}

function parseTableLine(reader: TokenReader, parts: TableParts, columns: ColumnSyntax[]): void {
  const { at } = reader;
  if (reader.takeWords('WATERMARK', 'FOR')) {
    const column = reader.expectName('a column');
    reader.expectWords('AS');
    parts.watermark = { at, column, value: parseExpression(reader) };
    return;
  }
  if (reader.takeWords('CONSTRAINT')) reader.expectName('the name of a constraint');
  if (reader.takeWords('PRIMARY', 'KEY')) {
    reader.expectSign('(');
    const names = reader.list(() => reader.expectName('a column'));
    reader.expectSign(')');
    reader.expectWords('NOT', 'ENFORCED');
    parts.primaryKey = { at, columns: names };
    return;
  }
  columns.push(parseColumn(reader, parts));
}

function parseColumn(reader: TokenReader, parts: TableParts): ColumnSyntax {
  const { at } = reader;
  const name = reader.expectName('a column');
  if (reader.takeWords('AS')) {
    const computed = parseExpression(reader);
    if (reader.takeWords('COMMENT')) reader.expectText('a comment');
    return { at, name, type: null, computed, metadata: null };
  }
  const type = parseType(reader);
  let metadata: string | null = null;
  if (reader.takeWords('METADATA')) {
    metadata = reader.takeWords('FROM') ? reader.expectText('the name of metadata') : name;
    reader.takeWords('VIRTUAL');
  }
  if (reader.takeWords('PRIMARY', 'KEY')) {
    reader.expectWords('NOT', 'ENFORCED');
    parts.primaryKey = { at, columns: [name] };
  }
  if (reader.takeWords('COMMENT')) reader.expectText('a comment');
  return { at, name, type, computed: null, metadata };
}
