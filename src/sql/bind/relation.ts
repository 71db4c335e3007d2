// What a query reads: a table, seen through views and subqueries that only choose, rename, compute and
// filter columns. Those are put into the query that reads them, so that one stream lies below it.
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { Expression } from '../../plan/expression.ts';
import { nameProblem, refusal, typeProblem } from '../syntax/sql-error.ts';
import type {
  CallExpression,
  NameExpression,
  Relation,
  SelectSyntax,
  SqlExpression,
} from '../syntax/syntax-tree.ts';
import { bindCondition, bindExpression, type ExpressionScope } from './bind-expression.ts';
import type { Bound } from './bound.ts';
import { aggregateFunctions, holdsAggregate } from './find-calls.ts';
import { bindScalar } from './scalar-functions.ts';
import { physicalFields, type SqlTable, type TableColumn } from './sql-table.ts';

export interface RelationColumn {
  readonly name: string;
  /** Null: processing time, which has no value that a replay would have again. */
  readonly bound: Bound | null;
  readonly isRowtime: boolean;
}

export interface BoundRelation {
  readonly table: SqlTable;
  readonly columns: readonly RelationColumn[];
  readonly predicates: readonly Expression[];
  readonly alias: string;
}

/** Tables and views by name. */
export interface Catalog {
  readonly tables: ReadonlyMap<string, SqlTable>;
  readonly views: ReadonlyMap<string, ViewDefinition>;
}

export interface ViewDefinition {
  readonly query: SelectSyntax;
  readonly columns: readonly string[] | null;
}

/** Names of views that are being looked into: a view that reads itself has no end. */
type Open = readonly string[];

export function bindRelation(relation: Relation, catalog: Catalog, open: Open = []): BoundRelation {
  switch (relation.kind) {
    case 'table':
      return bindName(relation.name, relation, catalog, open);
    case 'query': {
      const bound = bindProjection(relation.query, catalog, open);
      return { ...bound, alias: relation.alias ?? bound.alias };
    }
    case 'window':
      throw refusal(relation.at, 'a window stands in a query with GROUP BY', 'group by it at once');
  }
}

function bindName(
  name: string,
  { at, alias }: { readonly at: number; readonly alias: string | null },
  catalog: Catalog,
  open: Open,
): BoundRelation {
  const view = catalog.views.get(name);
  if (view !== undefined && !open.includes(name)) {
    const bound = bindProjection(view.query, catalog, [...open, name]);
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
  return tableRelation(table, alias ?? name);
}

function tableRelation(table: SqlTable, alias: string): BoundRelation {
  const columns: RelationColumn[] = [];
  const physical = physicalFields(table);
  for (const column of table.columns) {
    columns.push({
      name: column.name,
      bound: tableColumn(column, { table, columns, physical }),
      isRowtime: table.rowtime?.column === column.name,
    });
  }
  return { table, columns, predicates: [], alias };
}

interface TableScope {
  readonly table: SqlTable;
  readonly columns: readonly RelationColumn[];
  readonly physical: readonly Field[];
}

function tableColumn(column: TableColumn, { table, columns, physical }: TableScope): Bound | null {
  const { name, source, type } = column;
  if (source.kind === 'proctime') return null;
  if (source.kind === 'computed') {
    // Columns that records hold may be written below the one that is computed from them.
    const later = table.columns.filter((other) => other.source.kind === 'physical');
    const all = [
      ...columns,
      ...later.map((other) => ({
        name: other.name,
        bound: tableColumn(other, { table, columns: [], physical }),
        isRowtime: false,
      })),
    ];
    return bindExpression(
      source.expression,
      rowScope({ table, columns: all, predicates: [], alias: table.name }),
    );
  }
  if (type === null) return null;
  const field = physical.find((candidate) => candidate.name === name);
  const isRowtime = table.rowtime?.column === name;
  const nullable = field?.nullable ?? !isRowtime;
  return { node: { kind: 'column', name, type: type.field, nullable }, type };
}

/** A query without windows, groups and aggregates. */
export function bindProjection(query: SelectSyntax, catalog: Catalog, open: Open): BoundRelation {
  const { groupBy, having, windows, at } = query;
  const isComputed = query.items.some(({ expression }) => holdsAggregate(expression));
  if (groupBy !== null || having !== null || windows.size > 0 || isComputed) {
    throw refusal(
      at,
      'a query that reads the results of another one is no plan of one view',
      'INSERT the inner results into a table, and read that',
    );
  }
  const inner = bindRelation(query.from, withViews(catalog, query), open);
  const scope = rowScope(inner);
  const predicates =
    query.where === null
      ? inner.predicates
      : [...inner.predicates, bindCondition(query.where, scope)];
  return { ...inner, columns: projectedColumns(query, inner, scope), predicates };
}

export function withViews(catalog: Catalog, { views }: SelectSyntax): Catalog {
  if (views.size === 0) return catalog;
  const own = [...views].map(([name, query]) => [name, { query, columns: null }] as const);
  return { tables: catalog.tables, views: new Map([...catalog.views, ...own]) };
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
    const same = expression.kind === 'name' ? columnNamed(inner, expression) : null;
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

export function columnNamed(
  relation: BoundRelation,
  { parts, at }: NameExpression,
): RelationColumn {
  const [first = '', second] = parts;
  const name = second ?? first;
  if (parts.length > 2 || (second !== undefined && first !== relation.alias)) {
    throw nameProblem(
      at,
      `there is no column ${parts.join('.')}`,
      `columns are of ${relation.alias}`,
    );
  }
  const column = relation.columns.find((candidate) => candidate.name === name);
  if (column !== undefined) return column;
  const names = relation.columns.map((candidate) => candidate.name);
  throw nameProblem(at, `there is no column ${name}`, suggestName(name, names));
}

/** Expressions over the columns of a row. */
export function rowScope(relation: BoundRelation): ExpressionScope {
  return {
    name: (expression) => {
      const { bound, name } = columnNamed(relation, expression);
      if (bound !== null) return bound;
      throw refusal(
        expression.at,
        `${name} is processing time, which no replay would have again`,
        'use an event time',
      );
    },
    call: (call, bind) => {
      refuseAggregate(call);
      return bindScalar(call, bind);
    },
  };
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
