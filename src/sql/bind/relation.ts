// What a query reads: a table, seen through views and subqueries that only choose, rename, compute and
// filter columns. Those are put into the query that reads them, so that one stream lies below it.
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { Expression } from '../../plan/expression.ts';
import type { WindowNode } from '../../plan/window.ts';
import type { RowFunction } from '../functions/row-function.ts';
import { nameProblem, refusal, typeProblem } from '../syntax/sql-error.ts';
import type {
  CallExpression,
  NameExpression,
  Relation,
  SelectSyntax,
  TableRelation,
  WindowRelation,
  SqlExpression,
} from '../syntax/syntax-tree.ts';
import { bindCondition, bindExpression } from './expressions/bind-expression.ts';
import { bindField } from './expressions/bind-item.ts';
import type { Bound } from './expressions/bound.ts';
import type { BoundQuery, WindowPart } from './bound-query.ts';
import type { ExpressionScope } from './expressions/expression-scope.ts';
import { aggregateFunctions, holdsAggregate } from './expressions/find-calls.ts';
import { ScalarColumns } from './expressions/scalar-columns.ts';
import { bindScalar } from './expressions/scalar-functions.ts';
import { metadataFields, physicalFields, type SqlTable, type TableColumn } from './sql-table.ts';
import { sqlTypes } from './sql-type.ts';

export interface RelationColumn {
  readonly name: string;
  /** Null: processing time, which has no value that a replay would have again. */
  readonly bound: Bound | null;
  readonly isRowtime: boolean;
  /** A boundary of the window that the row is of. */
  readonly windowPart?: WindowPart;
}

/** Windows that rows are of, and can be grouped by. */
export interface AttachedWindow {
  /** Whose boundaries they are. */
  readonly window: WindowNode;
  /** What groups by them: rows that are results stand at the end of their window. */
  readonly grouping: WindowNode;
  /** Of sessions. */
  readonly relation: WindowRelation | null;
}

export interface BoundRelation {
  readonly table: SqlTable;
  readonly columns: readonly RelationColumn[];
  readonly predicates: readonly Expression[];
  readonly alias: string;
  /** Functions of its records that the plan does not have. */
  readonly scalars: ScalarColumns;
  /** The query whose results these are. */
  readonly upstream: BoundQuery | null;
  readonly attached: AttachedWindow | null;
}

/** Tables and views by name. */
export interface Catalog {
  readonly tables: ReadonlyMap<string, SqlTable>;
  readonly views: ReadonlyMap<string, ViewDefinition>;
}

/** Where names are looked up, and how queries with results of their own are bound. */
export interface RelationCatalog extends Catalog {
  /** Views that are being looked into: a view that reads itself has no end. */
  readonly open: readonly string[];
  /** A query with groups or windows, as a relation of its rows. */
  results(query: SelectSyntax, catalog: RelationCatalog): BoundRelation;
  /** Rows with the windows that they are of. */
  windowed(relation: WindowRelation, catalog: RelationCatalog): BoundRelation;
}

export interface ViewDefinition {
  readonly query: SelectSyntax;
  readonly columns: readonly string[] | null;
}

export function bindRelation(relation: Relation, catalog: RelationCatalog): BoundRelation {
  switch (relation.kind) {
    case 'table':
      return bindName(relation.name, relation, catalog);
    case 'query': {
      const bound = bindProjection(relation.query, catalog);
      return { ...bound, alias: relation.alias ?? bound.alias };
    }
    case 'window':
      return catalog.windowed(relation, catalog);
  }
}

function bindName(
  name: string,
  { at, alias, options }: TableRelation,
  catalog: RelationCatalog,
): BoundRelation {
  const view = catalog.views.get(name);
  if (view !== undefined && !catalog.open.includes(name)) {
    const bound = bindProjection(view.query, { ...catalog, open: [...catalog.open, name] });
    const { columns: names } = view;
    if (names !== null && names.length !== bound.columns.length) {
      throw typeProblem(
        at,
        `view ${name} names ${names.length} of ${bound.columns.length} columns`,
      );
    }
    const columns = bound.columns.map((column, i) => ({
      ...column,
      name: names?.[i] ?? column.name,
    }));
    return { ...bound, columns, alias: alias ?? name };
  }
  const table = catalog.tables.get(name);
  if (table === undefined) {
    const names = [...catalog.tables.keys(), ...catalog.views.keys()];
    throw nameProblem(at, `there is no table ${name}`, suggestName(name, names));
  }
  for (const column of table.columns) checkDigits(column);
  return tableRelation(withOptions(table, options), alias ?? name, null);
}

/** Decimals of records lie in 64 bits. */
const digitsMax = 18;

function checkDigits({ type, source, at }: TableColumn): void {
  if (source.kind !== 'physical' || type?.name !== 'DECIMAL' || type.precision <= digitsMax) return;
  const fix = `use DECIMAL(${digitsMax}, ${type.scale})`;
  throw refusal(at, `decimals have at most ${digitsMax} digits in records`, fix);
}

/** The table with options of a hint. */
export function withOptions(table: SqlTable, options: SqlTable['options']): SqlTable {
  return options.size === 0
    ? table
    : { ...table, options: new Map([...table.options, ...options]) };
}

/** The rows of a table, or of results that look like one. */
export function tableRelation(
  table: SqlTable,
  alias: string,
  upstream: BoundQuery | null,
): BoundRelation {
  const columns: RelationColumn[] = [];
  const physical = physicalFields(table);
  const scalars = new ScalarColumns('own_s');
  for (const column of table.columns) {
    columns.push({
      name: column.name,
      bound: tableColumn(column, { table, columns, physical, scalars }),
      isRowtime: table.rowtime?.column === column.name,
    });
  }
  return { table, columns, predicates: [], alias, scalars, upstream, attached: null };
}

interface TableScope {
  readonly table: SqlTable;
  readonly columns: readonly RelationColumn[];
  readonly physical: readonly Field[];
  readonly scalars: ScalarColumns;
}

function tableColumn(column: TableColumn, of: TableScope): Bound | null {
  const { table, columns, physical, scalars } = of;
  const { name, source, type } = column;
  if (source.kind === 'proctime') return null;
  if (source.kind === 'computed' && table.rowtime?.column !== name) {
    // Columns that records hold may be written below the one that is computed from them.
    const later = table.columns.filter(
      ({ source: from }) => from.kind === 'physical' || from.kind === 'metadata',
    );
    const all = [
      ...columns,
      ...later.map((other) => ({
        name: other.name,
        bound: tableColumn(other, { ...of, columns: [] }),
        isRowtime: false,
      })),
    ];
    return bindExpression(
      source.expression,
      rowScope({
        ...{ table, columns: all, predicates: [], alias: table.name, scalars },
        ...{ upstream: null, attached: null },
      }),
    );
  }
  if (type === null) return null;
  const field = [...physical, ...metadataFields(table)].find((other) => other.name === name);
  const isRowtime = table.rowtime?.column === name;
  const nullable = field?.nullable ?? !isRowtime;
  return { node: { kind: 'column', name, type: type.field, nullable }, type };
}

/** A query that only chooses, computes and filters is put into what it reads; others have results. */
export function bindProjection(query: SelectSyntax, catalog: RelationCatalog): BoundRelation {
  const { groupBy, having, windows, at, unions, isDistinct, limit } = query;
  if (limit !== null) throw refusal(limit.at, 'LIMIT stands outermost', 'take LIMIT away');
  if (unions.length > 0) {
    throw refusal(at, 'UNION ALL stands outermost', 'INSERT each query into the same table');
  }
  const isComputed = query.items.some(({ expression }) => holdsAggregate(expression));
  const hasGroups = groupBy !== null || having !== null || windows.size > 0;
  if (hasGroups || isComputed || isDistinct) return catalog.results(query, catalog);
  const inner = bindRelation(query.from, withViews(catalog, query));
  const scope = rowScope(inner);
  const predicates =
    query.where === null
      ? inner.predicates
      : [...inner.predicates, bindCondition(query.where, scope)];
  const wanted = rowScope({ ...inner, predicates });
  return { ...inner, columns: projectedColumns(query, inner, wanted), predicates };
}

export function withViews<T extends Catalog>(catalog: T, { views }: SelectSyntax): T {
  if (views.size === 0) return catalog;
  const own = [...views].map(([name, query]) => [name, { query, columns: null }] as const);
  return { ...catalog, views: new Map([...catalog.views, ...own]) };
}

function projectedColumns(
  query: SelectSyntax,
  inner: BoundRelation,
  scope: ExpressionScope,
): readonly RelationColumn[] {
  const columns: RelationColumn[] = [];
  for (const [i, { expression, alias }] of query.items.entries()) {
    if (expression.kind === 'star') {
      columns.push(...inner.columns);
      continue;
    }
    const name = alias ?? nameOf(expression) ?? `EXPR$${i}`;
    const found = expression.kind === 'name' ? columnAt(inner, expression) : null;
    const same = found === null || found.fields.length > 0 ? null : found.column;
    columns.push(
      same === null
        ? { name, bound: bindExpression(expression, scope), isRowtime: false }
        : { ...same, name },
    );
  }
  return columns;
}

/** The name that an expression gives its column. */
export function nameOf(expression: SqlExpression): string | null {
  return expression.kind === 'name' ? (expression.parts.at(-1) ?? null) : null;
}

/** The column of a name; what follows in `parts` are fields of it. */
function columnAt(
  { columns, alias }: BoundRelation,
  { parts }: NameExpression,
): { readonly column: RelationColumn; readonly fields: readonly string[] } | null {
  const [first = '', second] = parts;
  const named = (name: string): RelationColumn | undefined =>
    columns.find((candidate) => candidate.name === name);
  const own = second !== undefined && first === alias ? named(second) : undefined;
  if (own !== undefined) return { column: own, fields: parts.slice(2) };
  const plain = named(first);
  return plain === undefined ? null : { column: plain, fields: parts.slice(1) };
}

/** The column that a name means, with no field of it. */
export function columnNamed(relation: BoundRelation, expression: NameExpression): RelationColumn {
  const found = columnAt(relation, expression);
  if (found !== null && found.fields.length === 0) return found.column;
  throw noColumn(relation, expression);
}

function noColumn({ columns, alias }: BoundRelation, { parts, at }: NameExpression): Error {
  const [first = '', second] = parts;
  const names = columns.map((candidate) => candidate.name);
  const fix = suggestName(second !== undefined && first === alias ? second : first, names);
  const isOther = second !== undefined && first !== alias;
  return nameProblem(
    at,
    `there is no column ${parts.join('.')}`,
    isOther ? `columns are of ${alias}` : fix,
  );
}

/** Expressions over the columns of a row. */
export function rowScope(relation: BoundRelation): ExpressionScope {
  return {
    scalars: relation.scalars,
    guards: relation.predicates,
    name: (expression) => {
      const found = columnAt(relation, expression);
      if (found === null) throw noColumn(relation, expression);
      const { bound, name, windowPart } = found.column;
      if (bound === null && windowPart !== undefined) throw notGrouped(name, expression.at);
      if (bound === null) {
        throw refusal(
          expression.at,
          `${name} is processing time, which no replay would have again`,
          'use an event time',
        );
      }
      const scope = rowScope(relation);
      return found.fields.reduce((of, field) => bindField(of, field, expression.at, scope), bound);
    },
    call: (call, scope) => {
      refuseAggregate(call);
      if (call.name === 'CURRENT_WATERMARK') return watermarkOf(call, relation);
      return bindScalar(call, scope);
    },
  };
}

function notGrouped(name: string, at: number): Error {
  const what = `${name} of windows that overlap or grow is one for several rows`;
  return refusal(at, what, 'GROUP BY …, window_start, window_end');
}

/** Before the record, as where Flink computes the expression; null when there is none yet. */
function watermarkOf({ args, at }: CallExpression, relation: BoundRelation): Bound {
  const [of, more] = args;
  const column = of?.kind === 'name' && more === undefined ? columnNamed(relation, of) : null;
  if (column?.isRowtime !== true || relation.upstream !== null) {
    throw typeProblem(at, 'CURRENT_WATERMARK takes the event time of the table');
  }
  const run: RowFunction = (_, { watermarkMs }) =>
    Number.isFinite(watermarkMs) ? watermarkMs : null;
  const type = column.bound?.type ?? sqlTypes.timestamp;
  return relation.scalars.add({ fn: 'watermark', args: [], type, run }, relation.predicates);
}

function refuseAggregate({ name, at, over }: CallExpression): void {
  if (!aggregateFunctions.includes(name)) return;
  const where = over === null ? 'without a group or a window' : 'where a row is wanted';
  throw typeProblem(
    at,
    `${name} is an aggregate, and stands here ${where}`,
    'GROUP BY, or OVER (…)',
  );
}
