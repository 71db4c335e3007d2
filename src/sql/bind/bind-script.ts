// A script as what is to be done: queries whose rows go to tables, and queries whose rows are shown.
// Tables and views are known from where they are created on.
import { suggestName } from '../../kernel/nearest-name.ts';
import { parseScript } from '../syntax/parse-statement.ts';
import { nameProblem, refusal, typeProblem, withPlaces } from '../syntax/sql-error.ts';
import type { InsertStatement, SetStatement, Statement } from '../syntax/syntax-tree.ts';
import { bindQueries } from './bind-query.ts';
import type { BoundQuery, OutputColumn } from './bound-query.ts';
import type { ViewDefinition } from './relation.ts';
import { bindTable, type SqlTable } from './sql-table.ts';
import { formatSqlType, isNumber, type SqlType } from './sql-type.ts';

/** A query, and where its rows go; null: they are shown. */
export interface SqlTask {
  readonly query: BoundQuery;
  readonly target: SqlTarget | null;
  readonly at: number;
}

export interface SqlTarget {
  readonly table: SqlTable;
  /** The query's columns by the names and types of the table, in its order; null: nothing is said of it. */
  readonly columns: readonly {
    readonly name: string;
    readonly type: SqlType;
    readonly from: number | null;
  }[];
}

export interface BoundScript {
  readonly tasks: readonly SqlTask[];
  /** What people should know: options that nothing follows from. */
  readonly notices: readonly string[];
}

interface ScriptState {
  readonly tables: Map<string, SqlTable>;
  readonly views: Map<string, ViewDefinition>;
  readonly tasks: SqlTask[];
  readonly notices: string[];
}

/**
 * Reads a script. Pure: nothing is opened. Errors: MR_SQL_SYNTAX, MR_SQL_NAME, MR_SQL_TYPE and
 * MR_SQL_REFUSED, each with line, column and a caret under the place.
 */
export function bindScript(text: string): BoundScript {
  const state: ScriptState = { tables: new Map(), views: new Map(), tasks: [], notices: [] };
  withPlaces(text, () => {
    for (const statement of parseScript(text)) bindStatement(statement, state);
  });
  return { tasks: state.tasks, notices: state.notices };
}

function bindStatement(statement: Statement, state: ScriptState): void {
  switch (statement.kind) {
    case 'createTable':
      checkNew(statement.name, statement.at, state);
      state.tables.set(statement.name, bindTable(statement));
      break;
    case 'createView': {
      checkNew(statement.name, statement.at, state);
      const { query, columns } = statement;
      state.views.set(statement.name, { query, columns });
      break;
    }
    case 'insert':
      state.tasks.push(...bindInsert(statement, state));
      break;
    case 'statementSet':
      for (const insert of statement.inserts) state.tasks.push(...bindInsert(insert, state));
      break;
    case 'select':
      for (const query of bindQueries(statement.query, state)) {
        state.tasks.push({ query, target: null, at: statement.at });
      }
      break;
    case 'set':
      bindSet(statement, state);
      break;
  }
}

function checkNew(name: string, at: number, { tables, views }: ScriptState): void {
  if (tables.has(name) || views.has(name))
    throw nameProblem(at, `there is a table ${name} already`);
}

/** Settings that change what a query means are followed or refused; others are passed over, and said. */
function bindSet({ name, value, at }: SetStatement, { notices }: ScriptState): void {
  const wanted = meaningful[name];
  if (wanted === undefined) notices.push(`'${name}' is passed over: nothing follows from it here`);
  else if (!wanted.includes(value)) {
    throw refusal(
      at,
      `'${name}' is ${wanted.map((v) => `'${v}'`).join(' or ')} here`,
      'correct it',
    );
  }
}

const meaningful: Readonly<Record<string, readonly string[]>> = {
  'execution.runtime-mode': ['streaming', 'STREAMING'],
  'table.local-time-zone': ['UTC', 'Etc/UTC', 'GMT', 'Z'],
  'table.exec.state.ttl': ['0', '0 ms', '0 s'],
  'table.exec.mini-batch.enabled': ['false'],
  'table.optimizer.reuse-source-enabled': ['true', 'false'],
  'parallelism.default': ['1', '2', '3', '4', '5', '6', '7', '8'],
  'sql-client.execution.result-mode': ['changelog', 'CHANGELOG', 'tableau', 'TABLEAU'],
};

function bindInsert(statement: InsertStatement, state: ScriptState): readonly SqlTask[] {
  const { table: name, at, query: syntax } = statement;
  const table = state.tables.get(name);
  if (table === undefined) {
    throw nameProblem(at, `there is no table ${name}`, suggestName(name, [...state.tables.keys()]));
  }
  return bindQueries(syntax, state).map((query) => {
    const target = { table, columns: targetColumns(statement, table, query.columns) };
    return { query, target, at };
  });
}

function targetColumns(
  { columns: names, query }: InsertStatement,
  table: SqlTable,
  given: readonly OutputColumn[],
): SqlTarget['columns'] {
  const physical = table.columns.filter(({ source }) => source.kind === 'physical');
  const wanted = names ?? physical.map(({ name }) => name);
  if (wanted.length !== given.length) {
    const count = `${wanted.length} columns, and the query has ${given.length}`;
    throw typeProblem(query.at, `table ${table.name} takes ${count}`);
  }
  const unknown = wanted.find((name) => !physical.some((column) => column.name === name));
  if (unknown !== undefined)
    throw nameProblem(query.at, `table ${table.name} has no column ${unknown}`);
  return physical.map(({ name, type }) => {
    const at = wanted.indexOf(name);
    const from = at < 0 ? null : at;
    const target = type as SqlType;
    const column = from === null ? undefined : given[from];
    if (column !== undefined && !fits(column.type, target)) {
      const what = `column ${name} of ${table.name} is ${formatSqlType(target)}`;
      throw typeProblem(query.at, `${what}, and the query gives ${formatSqlType(column.type)}`);
    }
    return { name, type: target, from };
  });
}

const widths = ['INT', 'BIGINT', 'DECIMAL', 'FLOAT', 'DOUBLE'];

/** What Flink casts by itself. */
function fits(from: SqlType, to: SqlType): boolean {
  if (from.name === to.name) return true;
  if (from.field.kind === 'timestamp' && to.field.kind === 'timestamp') return true;
  return isNumber(from) && isNumber(to) && widths.indexOf(from.name) < widths.indexOf(to.name);
}
