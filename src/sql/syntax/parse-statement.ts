// Statements of a script, separated by semicolons.
import { parseHint } from './parse-options.ts';
import { parseSelect } from './parse-select.ts';
import { parseTable } from './parse-table.ts';
import { refusal } from './sql-error.ts';
import type {
  CreateMode,
  CreateTableStatement,
  CreateViewStatement,
  InsertStatement,
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
  const { at, raw, text } = reader.current;
  if (text === 'SELECT' || text === 'WITH' || text === '(') {
    return { kind: 'select', at, query: parseSelect(reader) };
  }
  const parse = Object.hasOwn(statements, text) ? statements[text] : undefined;
  if (parse === undefined || reader.current.kind !== 'word') {
    throw refusal(at, `${raw} is no statement that is run here`, `what is read: ${known}`);
  }
  reader.next();
  return parse(reader, at);
}

const statements: Readonly<Record<string, (reader: TokenReader, at: number) => Statement>> = {
  SET: parseSet,
  INSERT: parseInsert,
  CREATE: parseCreate,
  EXECUTE: (reader, at) => {
    if (reader.takeWords('INSERT')) return parseInsert(reader, at);
    if (reader.isWords('SELECT')) return { kind: 'select', at, query: parseSelect(reader) };
    reader.expectWords('STATEMENT', 'SET', 'BEGIN');
    return parseInserts(reader, at);
  },
  BEGIN: (reader, at) => {
    reader.expectWords('STATEMENT', 'SET');
    reader.expectSign(';');
    return parseInserts(reader, at);
  },
  DROP: (reader, at) => {
    reader.takeWords('TEMPORARY');
    if (!reader.takeWords('TABLE') && !reader.takeWords('VIEW')) {
      throw refusal(
        reader.at,
        `DROP ${reader.current.raw} is not run here`,
        'tables and views are',
      );
    }
    const isUnlessThere = reader.takeWords('IF', 'EXISTS');
    const name = reader.restOfPath(reader.expectName('a table'));
    return { kind: 'drop', at, name, isUnlessThere };
  },
  SHOW: (reader, at) => {
    if (reader.takeWords('TABLES')) return { kind: 'show', at, what: 'TABLES' };
    if (reader.takeWords('VIEWS')) return { kind: 'show', at, what: 'VIEWS' };
    throw refusal(reader.at, `SHOW ${reader.current.raw} is not run here`, 'SHOW TABLES');
  },
  DESCRIBE: parseDescribe,
  DESC: parseDescribe,
  EXPLAIN: (reader, at) => {
    reader.takeWords('PLAN', 'FOR');
    if (reader.takeWords('INSERT')) {
      return { kind: 'explain', at, query: parseInsert(reader, at).query };
    }
    return { kind: 'explain', at, query: parseSelect(reader) };
  },
};

function parseDescribe(reader: TokenReader, at: number): Statement {
  return { kind: 'describe', at, name: reader.restOfPath(reader.expectName('a table')) };
}

/** `SET 'a' = 'b'`, and without quotes as older scripts have it. */
function parseSet(reader: TokenReader, at: number): SetStatement {
  if (reader.current.kind === 'string') {
    const name = reader.expectText('an option in quotes');
    reader.expectSign('=');
    return { kind: 'set', at, name, value: reader.expectText('a value in quotes') };
  }
  const name = reader.rawUntil('=', "an option, as in SET 'a' = 'b'");
  reader.expectSign('=');
  return { kind: 'set', at, name, value: reader.rawUntil(';', 'a value') };
}

function parseInsert(reader: TokenReader, at: number): InsertStatement {
  if (reader.isWords('OVERWRITE')) {
    throw refusal(reader.at, 'a stream overwrites nothing', 'use INSERT INTO');
  }
  reader.expectWords('INTO');
  const table = reader.restOfPath(reader.expectName('a table'));
  const options = parseHint(reader);
  if (reader.isWords('PARTITION')) {
    throw refusal(reader.at, 'tables by partition are not written', 'name a folder in its path');
  }
  let columns: readonly string[] | null = null;
  const isColumns = reader.isSign('(') && !['SELECT', 'WITH', '('].includes(reader.peek(1).text);
  if (isColumns && reader.takeSign('(')) {
    columns = reader.list(() => reader.expectName('a column'));
    reader.expectSign(')');
  }
  return { kind: 'insert', at, table, options, columns, query: parseSelect(reader) };
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
  const isReplaced = reader.takeWords('OR', 'REPLACE');
  reader.takeWords('TEMPORARY');
  const kind = reader.takeWords('TABLE') ? 'table' : reader.takeWords('VIEW') ? 'view' : null;
  if (kind === null) {
    const what = `CREATE ${reader.current.raw} is not run here`;
    throw refusal(reader.at, what, `what is read: ${known}`);
  }
  const isUnless = reader.takeWords('IF', 'NOT', 'EXISTS');
  const mode: CreateMode = isUnless ? 'unless-there' : isReplaced ? 'replace' : 'new';
  return kind === 'table' ? parseTable(reader, at, mode) : parseView(reader, at, mode);
}

function parseView(reader: TokenReader, at: number, mode: CreateMode): CreateViewStatement {
  const name = reader.restOfPath(reader.expectName('the name of a view'));
  let columns: readonly string[] | null = null;
  if (reader.takeSign('(')) {
    columns = reader.list(() => reader.expectName('a column'));
    reader.expectSign(')');
  }
  if (reader.takeWords('COMMENT')) reader.expectText('a comment');
  reader.expectWords('AS');
  return { kind: 'createView', at, name, mode, columns, query: parseSelect(reader) };
}
