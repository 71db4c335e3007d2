// A script as what is to be done: queries whose rows go to tables, and queries whose rows are shown.
// Tables and views are known from where they are created on.
import { suggestName } from '../../kernel/nearest-name.ts';
import { printPlan } from '../../plan/print-plan.ts';
import { castFunction } from '../functions/casts.ts';
import type { RowFunction } from '../functions/row-function.ts';
import { parseScript } from '../syntax/parse-statement.ts';
import { nameProblem, typeProblem, withPlaces } from '../syntax/sql-error.ts';
import type {
  CreateMode,
  CreateTableStatement,
  InsertStatement,
  SelectSyntax,
  SetStatement,
  Statement,
  TableRelation as TableSyntax,
} from '../syntax/syntax-tree.ts';
import { bindQueries } from './bind-query.ts';
import type { BoundQuery, OutputColumn } from './bound-query.ts';
import { bindTable, tableLike } from './bind-table.ts';
import { chainOf } from './query-plan.ts';
import { type ViewDefinition, withOptions } from './relation.ts';
import { checkSetting, resolveSettings, type SettingSyntax, type SqlSettings } from './settings.ts';
import type { SqlTable } from './sql-table.ts';
import { formatSqlType, isNumber, type SqlType } from './sql-type.ts';

/** A query, and where its rows go; null: they are shown. */
export interface SqlTask {
  readonly query: BoundQuery;
  readonly target: SqlTarget | null;
  readonly at: number;
  /** So many rows, and no more. */
  readonly limit: number | null;
}

export interface SqlTarget {
  readonly table: SqlTable;
  /** The query's columns by the names and types of the table, in its order; null: nothing is said of it. */
  readonly columns: readonly {
    readonly name: string;
    readonly type: SqlType;
    readonly from: number | null;
    readonly isNullable: boolean;
    /** From the type of the query's column; null: as it is. */
    readonly cast: RowFunction | null;
  }[];
}

export interface BoundScript {
  readonly tasks: readonly SqlTask[];
  /** What people should know: options that nothing follows from. */
  readonly notices: readonly string[];
  /** What SHOW, DESCRIBE and EXPLAIN say. */
  readonly lines: readonly string[];
  readonly settings: SqlSettings;
}

interface ScriptState {
  readonly tables: Map<string, SqlTable>;
  readonly views: Map<string, ViewDefinition>;
  /** As they were written, for tables that are like them. */
  readonly written: Map<string, CreateTableStatement>;
  readonly tasks: SqlTask[];
  readonly notices: string[];
  readonly lines: string[];
  readonly settings: Map<string, SettingSyntax>;
}

/**
 * Reads a script. Pure: nothing is opened. Errors: MR_SQL_SYNTAX, MR_SQL_NAME, MR_SQL_TYPE and
 * MR_SQL_REFUSED, each with line, column and a caret under the place.
 */
export function bindScript(text: string): BoundScript {
  const state: ScriptState = {
    ...{ tables: new Map(), views: new Map(), written: new Map(), settings: new Map() },
    ...{ tasks: [], notices: [], lines: [] },
  };
  return withPlaces(text, () => {
    for (const statement of parseScript(text)) bindStatement(statement, state);
    const { tasks, notices, lines } = state;
    return { tasks, notices, lines, settings: resolveSettings(state.settings) };
  });
}

type Binder = {
  readonly [K in Statement['kind']]: (
    statement: Extract<Statement, { kind: K }>,
    state: ScriptState,
  ) => void;
};

const binder: Binder = {
  createTable: bindCreateTable,
  createView: ({ name, at, mode, query, columns }, state) => {
    if (isThere(name, at, mode, state)) return;
    state.tables.delete(name);
    state.views.set(name, { query, columns });
  },
  drop: ({ name, at, isUnlessThere }, { tables, views }) => {
    const wasThere = [tables.delete(name), views.delete(name)].includes(true);
    if (wasThere || isUnlessThere) return;
    throw nameProblem(at, `there is no table ${name}`, suggestName(name, [...tables.keys()]));
  },
  insert: (statement, state) => void state.tasks.push(...bindInsert(statement, state)),
  statementSet: ({ inserts }, state) => {
    for (const insert of inserts) state.tasks.push(...bindInsert(insert, state));
  },
  select: ({ query: syntax, at }, state) => {
    for (const query of bindQueries(syntax, state))
      state.tasks.push({ query, target: null, at, limit: syntax.limit?.count ?? null });
  },
  set: bindSet,
  show: ({ what }, { tables, views, lines }) => {
    const names = what === 'VIEWS' ? [...views.keys()] : [...tables.keys(), ...views.keys()];
    lines.push(...names.sort());
  },
  describe: ({ name, at }, state) => {
    const table: TableSyntax = { kind: 'table', at, name, alias: null, options: new Map() };
    const star = { at, alias: null, expression: { kind: 'star', at } } as const;
    const known = state.tables.get(name);
    if (known !== undefined) {
      state.lines.push(...tableLines(known));
      return;
    }
    const [query] = bindQueries(selectOf([star], table), state);
    for (const column of query?.columns ?? []) {
      state.lines.push(`${column.name} ${formatSqlType(column.type)}`);
    }
  },
  explain: ({ query }, { lines, ...state }) => {
    for (const bound of bindQueries(query, state)) {
      for (const { plan } of chainOf(bound)) lines.push(printPlan(plan));
    }
  },
};

function bindStatement(statement: Statement, state: ScriptState): void {
  const bind = binder[statement.kind] as (statement: Statement, state: ScriptState) => void;
  bind(statement, state);
}

/** `SELECT items FROM table` */
function selectOf(items: SelectSyntax['items'], from: TableSyntax): SelectSyntax {
  return {
    ...{ at: from.at, items, from, isDistinct: false, where: null, groupBy: null, having: null },
    ...{ windows: new Map(), views: new Map(), unions: [], limit: null },
  };
}

function tableLines({ columns, rowtime, primaryKey }: SqlTable): readonly string[] {
  return columns.map(({ name, type, isNullable, source }) => {
    const parts = [
      ...[name, type === null ? '(computed)' : formatSqlType(type)],
      ...(isNullable && !primaryKey.includes(name) ? [] : ['NOT NULL']),
      ...(source.kind === 'proctime' ? ['PROCTIME'] : []),
      ...(rowtime?.column === name ? [`ROWTIME, ${rowtime.delayMs} ms behind`] : []),
      ...(primaryKey.includes(name) ? ['PRIMARY KEY'] : []),
    ];
    return parts.join(' ');
  });
}

function bindCreateTable(written: CreateTableStatement, state: ScriptState): void {
  const { name, at, mode, like, query } = written;
  if (isThere(name, at, mode, state)) return;
  const base = like === null ? null : state.written.get(like.table);
  if (like !== null && base == null) {
    const fix = suggestName(like.table, [...state.written.keys()]);
    throw nameProblem(like.at, `there is no table ${like.table}`, fix);
  }
  const statement = base == null ? written : tableLike(written, base);
  const table = bindTable(statement);
  const queries = query === null ? [] : bindQueries(query, state);
  const [first] = queries;
  const columns = first?.columns.map((column) => ({
    ...{ name: column.name, type: column.type, isNullable: true, at },
    source: { kind: 'physical' } as const,
  }));
  state.views.delete(name);
  state.written.set(name, statement);
  const created = columns === undefined ? table : { ...table, columns };
  state.tables.set(name, created);
  for (const own of queries) {
    const target = own.columns.map((column, from) => {
      return { name: column.name, type: column.type, from, isNullable: true, cast: null };
    });
    state.tasks.push({ query: own, target: { table: created, columns: target }, at, limit: null });
  }
}

/** Whether a statement has nothing to do. */
function isThere(
  name: string,
  at: number,
  mode: CreateMode,
  { tables, views }: ScriptState,
): boolean {
  if (!tables.has(name) && !views.has(name)) return false;
  if (mode === 'new') throw nameProblem(at, `there is a table ${name} already`);
  return mode === 'unless-there';
}

function bindSet({ name, value, at }: SetStatement, { settings, notices }: ScriptState): void {
  const notice = checkSetting(name, { value, at });
  settings.set(name, { value, at });
  if (notice !== null) notices.push(notice);
}

function bindInsert(statement: InsertStatement, state: ScriptState): readonly SqlTask[] {
  const { table: name, at, query: syntax } = statement;
  const known = state.tables.get(name);
  if (known === undefined) {
    throw nameProblem(at, `there is no table ${name}`, suggestName(name, [...state.tables.keys()]));
  }
  const table = withOptions(known, statement.options);
  return bindQueries(syntax, state).map((query) => {
    const target = { table, columns: targetColumns(statement, table, query.columns) };
    return { query, target, at, limit: syntax.limit?.count ?? null };
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
  return physical.map(({ name, type, isNullable: isOpen }) => {
    const isNullable = isOpen && !table.primaryKey.includes(name);
    const at = wanted.indexOf(name);
    const from = at < 0 ? null : at;
    const target = type as SqlType;
    const column = from === null ? undefined : given[from];
    if (column !== undefined && !fits(column.type, target)) {
      const what = `column ${name} of ${table.name} is ${formatSqlType(target)}`;
      throw typeProblem(query.at, `${what}, and the query gives ${formatSqlType(column.type)}`);
    }
    const isSame = column === undefined || formatSqlType(column.type) === formatSqlType(target);
    const cast = isSame ? null : castFunction(column.type, target);
    return { name, type: target, from, isNullable, cast };
  });
}

const widths = ['INT', 'BIGINT', 'DECIMAL', 'FLOAT', 'DOUBLE'];

/** What Flink casts by itself. */
function fits(from: SqlType, to: SqlType): boolean {
  if (from.name === to.name) return true;
  if (from.field.kind === 'timestamp' && to.field.kind === 'timestamp') return true;
  return isNumber(from) && isNumber(to) && widths.indexOf(from.name) < widths.indexOf(to.name);
}
