// Statements of a script, separated by semicolons.
import { parseExpression } from './parse-expression.ts';
import { parseSelect } from './parse-select.ts';
import { parseType } from './parse-type.ts';
import { nameProblem, refusal } from './sql-error.ts';
import type {
  ColumnSyntax,
  CreateTableStatement,
  CreateViewStatement,
  InsertStatement,
  OptionSyntax,
  SetStatement,
  Statement,
  StatementSetStatement,
} from './syntax-tree.ts';
import { TokenReader } from './token-reader.ts';
import { tokenize } from './tokenize.ts';

const known = 'CREATE TABLE, CREATE VIEW, INSERT INTO, EXECUTE STATEMENT SET, SET and SELECT';

/** The statements of a script, in their order. */
export function parseScript(text: string): readonly Statement[] {
  const reader = new TokenReader(tokenize(text));
  const statements: Statement[] = [];
  for (;;) {
    while (reader.takeSign(';'));
    if (reader.isEnd) return statements;
    statements.push(parseStatement(reader));
    if (!reader.isEnd && !reader.isSign(';')) throw reader.expected('";"');
  }
}

function parseStatement(reader: TokenReader): Statement {
  const { at, raw } = reader.current;
  if (reader.isWords('SELECT') || reader.isWords('WITH')) {
    return { kind: 'select', at, query: parseSelect(reader) };
  }
  if (reader.takeWords('SET')) return parseSet(reader, at);
  if (reader.takeWords('INSERT')) return parseInsert(reader, at);
  if (reader.takeWords('EXECUTE')) {
    if (reader.takeWords('INSERT')) return parseInsert(reader, at);
    reader.expectWords('STATEMENT', 'SET');
    return parseStatementSet(reader, at);
  }
  if (reader.takeWords('BEGIN')) {
    reader.expectWords('STATEMENT', 'SET');
    reader.expectSign(';');
    return parseInserts(reader, at);
  }
  if (reader.takeWords('CREATE')) return parseCreate(reader, at);
  throw refusal(at, `${raw} is no statement that is run here`, `what is read: ${known}`);
}

function parseSet(reader: TokenReader, at: number): SetStatement {
  const name = reader.expectText("an option in quotes, as in SET 'a' = 'b'");
  reader.expectSign('=');
  return { kind: 'set', at, name, value: reader.expectText('a value in quotes') };
}

function parseInsert(reader: TokenReader, at: number): InsertStatement {
  if (reader.isWords('OVERWRITE')) {
    throw refusal(reader.at, 'a stream overwrites nothing', 'use INSERT INTO');
  }
  reader.expectWords('INTO');
  const table = reader.expectName('a table');
  let columns: readonly string[] | null = null;
  if (reader.takeSign('(')) {
    columns = reader.list(() => reader.expectName('a column'));
    reader.expectSign(')');
  }
  return { kind: 'insert', at, table, columns, query: parseSelect(reader) };
}

function parseStatementSet(reader: TokenReader, at: number): StatementSetStatement {
  reader.expectWords('BEGIN');
  return parseInserts(reader, at);
}

function parseInserts(reader: TokenReader, at: number): StatementSetStatement {
  const inserts: InsertStatement[] = [];
  while (!reader.takeWords('END')) {
    const insertAt = reader.at;
    reader.expectWords('INSERT');
    inserts.push(parseInsert(reader, insertAt));
    if (!reader.isWords('END')) reader.expectSign(';');
  }
  return { kind: 'statementSet', at, inserts };
}

function parseCreate(reader: TokenReader, at: number): CreateTableStatement | CreateViewStatement {
  reader.takeWords('OR', 'REPLACE');
  reader.takeWords('TEMPORARY');
  if (reader.takeWords('TABLE')) {
    reader.takeWords('IF', 'NOT', 'EXISTS');
    return parseTable(reader, at);
  }
  if (reader.takeWords('VIEW')) {
    reader.takeWords('IF', 'NOT', 'EXISTS');
    return parseView(reader, at);
  }
  throw refusal(
    reader.at,
    `CREATE ${reader.current.raw} is not run here`,
    `what is read: ${known}`,
  );
}

function parseView(reader: TokenReader, at: number): CreateViewStatement {
  const name = reader.expectName('the name of a view');
  let columns: readonly string[] | null = null;
  if (reader.takeSign('(')) {
    columns = reader.list(() => reader.expectName('a column'));
    reader.expectSign(')');
  }
  if (reader.takeWords('COMMENT')) reader.expectText('a comment');
  reader.expectWords('AS');
  return { kind: 'createView', at, name, columns, query: parseSelect(reader) };
}

type TableParts = {
  -readonly [K in 'columns' | 'watermark' | 'primaryKey']: CreateTableStatement[K];
};

function parseTable(reader: TokenReader, at: number): CreateTableStatement {
  const name = reader.expectName('the name of a table');
  const columns: ColumnSyntax[] = [];
  const parts: TableParts = { columns, watermark: null, primaryKey: null };
  reader.expectSign('(');
  reader.list(() => parseTableLine(reader, parts, columns));
  reader.expectSign(')');
  if (reader.takeWords('COMMENT')) reader.expectText('a comment');
  if (reader.isWords('PARTITIONED') || reader.isWords('DISTRIBUTED')) {
    throw refusal(reader.at, 'tables by partition are not read', 'name a folder of one partition');
  }
  const options = parseOptions(reader);
  if (reader.isWords('LIKE') || reader.isWords('AS')) {
    const fix = 'write its columns and options out';
    throw refusal(reader.at, 'a table is not made from another one', fix);
  }
  return { kind: 'createTable', at, name, ...parts, options };
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
    return { at, name, type: null, computed, isMetadata: false };
  }
  const type = parseType(reader);
  const isMetadata = reader.takeWords('METADATA');
  if (isMetadata) {
    if (reader.takeWords('FROM')) reader.expectText('the name of metadata');
    reader.takeWords('VIRTUAL');
  }
  if (reader.takeWords('PRIMARY', 'KEY')) {
    reader.expectWords('NOT', 'ENFORCED');
    parts.primaryKey = { at, columns: [name] };
  }
  if (reader.takeWords('COMMENT')) reader.expectText('a comment');
  return { at, name, type, computed: null, isMetadata };
}

function parseOptions(reader: TokenReader): ReadonlyMap<string, OptionSyntax> {
  const options = new Map<string, OptionSyntax>();
  if (!reader.takeWords('WITH')) return options;
  reader.expectSign('(');
  reader.list(() => {
    const { at } = reader;
    const name = reader.expectText('an option in quotes');
    reader.expectSign('=');
    const valueAt = reader.at;
    const value = reader.expectText('a value in quotes');
    if (options.has(name)) throw nameProblem(at, `option '${name}' is there twice`);
    options.set(name, { at: valueAt, value });
  });
  reader.expectSign(')');
  return options;
}
