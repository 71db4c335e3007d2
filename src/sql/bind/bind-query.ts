// A SELECT as a plan of one view: rows as they are, windows over rows, windows that end, or groups that
// change. A query over results of another one has a plan of its own, behind the other's.
import type { Expression } from '../../plan/expression.ts';
import type { WindowNode } from '../../plan/window.ts';
import { refusal } from '../syntax/sql-error.ts';
import type { SelectSyntax, SqlExpression } from '../syntax/syntax-tree.ts';
import { QueryFeatures } from './aggregates.ts';
import { bindCondition } from './expressions/bind-expression.ts';
import { bindGrouped, bindWindowed } from './bind-groups.ts';
import { bindOverRows } from './bind-over.ts';
import { type BoundQuery, hidden, type OutputColumn, type OutputValue } from './bound-query.ts';
import { resultRelation, withoutUnused } from './derived-relation.ts';
import { hasAggregate, hasOver } from './expressions/find-calls.ts';
import { withWindowFunction } from './group-windows.ts';
import { queryPlan } from './query-plan.ts';
import {
  bindProjection,
  bindRelation,
  type BoundRelation,
  type Catalog,
  type RelationCatalog,
  rowScope,
  withViews,
} from './relation.ts';
import { sqlTypes } from './sql-type.ts';
import { windowedRelation, windowPartOf } from './window-relation.ts';

/** What the queries of a SELECT compute: one, or those that UNION ALL puts together. */
export function bindQueries(written: SelectSyntax, catalog: Catalog): readonly BoundQuery[] {
  const first = bindQuery({ ...written, unions: [], limit: null }, catalog);
  checkLimit(written, first);
  const others = written.unions.map((query) => bindQuery(query, catalog));
  for (const [i, { columns }] of others.entries()) {
    if (columns.length === first.columns.length) continue;
    const at = written.unions[i]?.at ?? written.at;
    const count = `${columns.length} columns beside ${first.columns.length}`;
    throw refusal(at, `UNION ALL puts equal columns together, and there are ${count}`, 'name them');
  }
  return [first, ...others];
}

/** The first rows are known where rows come in the order of arrival. */
function checkLimit({ limit, unions }: SelectSyntax, { kind, upstream }: BoundQuery): void {
  if (limit === null || (kind === 'rows' && upstream === null && unions.length === 0)) return;
  const what = 'LIMIT of results is no node of the plan: which come first is not said';
  throw refusal(limit.at, what, 'take LIMIT away');
}

/** What a query computes. */
export function bindQuery(written: SelectSyntax, catalog: Catalog): BoundQuery {
  return bindIn(written, {
    open: [],
    ...catalog,
    results: (query, within) => resultRelation(query, bindIn(query, within)),
    windowed: windowedRelation,
  });
}

function bindIn(written: SelectSyntax, catalog: RelationCatalog): BoundQuery {
  if (written.limit !== null) {
    throw refusal(written.limit.at, 'LIMIT stands outermost', 'take LIMIT away');
  }
  const query = withWindowFunction(written);
  const known = withViews(catalog, query);
  const expressions = query.items.map(({ expression }) => expression);
  const isAggregated = query.groupBy !== null || expressions.some(hasAggregate);
  const isOver = expressions.some(hasOver);
  if (query.isDistinct && (isAggregated || isOver)) {
    const fix = 'group by all its columns in a query around it';
    throw refusal(query.at, 'SELECT DISTINCT of results is no node of the plan', fix);
  }
  const isGrouped = isAggregated || query.isDistinct || query.having !== null;
  if (!isGrouped && !isOver) return bindRows(query, known);
  const relation = filtered(bindRelation(query.from, known), query);
  refuseChanging(relation, query.from.at);
  if (!isGrouped) return bindOverRows(query, relation);
  const groups = query.isDistinct ? distinctKeys(query, relation) : (query.groupBy ?? []);
  const parts = new Set(groups.map((group) => windowPartOf(group, relation)));
  if (relation.attached === null || (relation.upstream !== null && !parts.has('end'))) {
    return bindGrouped(query, relation, groups);
  }
  if (parts.has('start') && parts.has('end')) {
    return bindWindowed(query, relation, { groups, attached: relation.attached });
  }
  const fix = 'GROUP BY …, window_start, window_end';
  throw refusal(query.at, 'a query over windows groups by window_start and window_end', fix);
}

/** The relation with the query's WHERE on it. */
function filtered(relation: BoundRelation, { where }: SelectSyntax): BoundRelation {
  if (where === null) return relation;
  const predicate = bindCondition(where, rowScope(relation));
  return { ...relation, predicates: [...relation.predicates, predicate] };
}

function refuseChanging({ upstream }: BoundRelation, at: number): void {
  if (upstream?.isChanging !== true) return;
  const what =
    'aggregates over rows that change need to take rows back, which is no node of the plan';
  throw refusal(at, what, 'group by a window inside, or run this statement on Flink');
}

/** SELECT DISTINCT is a group of all its columns. */
function distinctKeys(query: SelectSyntax, { columns }: BoundRelation): readonly SqlExpression[] {
  return query.items.flatMap(({ expression, at }): readonly SqlExpression[] =>
    expression.kind === 'star'
      ? columns.map(({ name }) => ({ kind: 'name', at, parts: [name] }))
      : [expression],
  );
}

/** Rows as they are: a view that nobody runs stands for the stream. */
function bindRows(query: SelectSyntax, catalog: RelationCatalog): BoundQuery {
  const relation = bindProjection(query, catalog);
  const passed: Expression[] = [];
  const columns = relation.columns.map(({ name, bound, windowPart }): OutputColumn => {
    if (bound === null) {
      if (windowPart !== undefined) throw overlapping(query.at);
      throw refusal(query.at, `${name} is processing time`, 'name the columns that are wanted');
    }
    const value: OutputValue = { kind: 'passed', index: passed.push(bound.node) - 1 };
    return { name, type: bound.type ?? sqlTypes.string, value };
  });
  const { table, predicates, scalars } = relation;
  const window: WindowNode = { kind: 'lifetime' };
  const features = new QueryFeatures(window, rowScope(relation));
  features.add('count', null, null, { name: hidden.count });
  const plan = queryPlan({
    ...{ table, keys: [], predicates, derived: [], emit: 'arrival' },
    features: features.features,
    scalars: scalars.columns,
  });
  const bound: BoundQuery = {
    ...{ kind: 'rows', table, plan, columns, passed, predicates },
    ...{ computed: [], outputScalars: [], having: null },
    upstream: relation.upstream,
    scalars: scalars.columns,
    window: relation.attached?.window ?? null,
    isChanging: relation.upstream?.isChanging ?? false,
  };
  return withoutUnused(bound);
}

function overlapping(at: number): Error {
  const what = 'windows that overlap or grow give each record several times';
  return refusal(at, what, 'GROUP BY …, window_start, window_end, or use TUMBLE');
}
