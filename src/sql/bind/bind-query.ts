// A SELECT as a plan of one view: rows as they are, windows over rows, windows that end, or groups that
// change. What needs another node (joins, top-N, results of results) is refused where it stands.
import type { Expression } from '../../plan/expression.ts';
import type { WindowNode } from '../../plan/window.ts';
import { nameProblem, refusal, typeProblem } from '../syntax/sql-error.ts';
import type {
  NameExpression,
  SelectSyntax,
  SqlExpression,
  WindowRelation,
} from '../syntax/syntax-tree.ts';
import { QueryFeatures } from './aggregates.ts';
import { bindCondition, bindExpression, type ExpressionScope } from './bind-expression.ts';
import { type BoundQuery, hidden, type OutputColumn, type OutputValue } from './bound-query.ts';
import { nodeText } from './expression-nodes.ts';
import { hasAggregate, hasOver, overCalls } from './find-calls.ts';
import { checkKey, keyName, passedName, queryPlan, rowtimeField } from './query-plan.ts';
import { withWindowFunction } from './group-windows.ts';
import { QueryOutputs } from './query-outputs.ts';
import {
  bindProjection,
  bindRelation,
  type BoundRelation,
  type Catalog,
  rowScope,
  withViews,
} from './relation.ts';
import { type SqlType, sqlTypes } from './sql-type.ts';
import { bindOver, type BoundOver, bindWindow } from './windows.ts';

/** What a query computes. */
export function bindQuery(written: SelectSyntax, catalog: Catalog): BoundQuery {
  const query = withWindowFunction(written);
  const known = withViews(catalog, query);
  if (query.from.kind === 'window') return bindWindowed(query, query.from, known);
  const expressions = query.items.map(({ expression }) => expression);
  const isGrouped = query.groupBy !== null || expressions.some((e) => hasAggregate(e));
  if (!isGrouped && !expressions.some(hasOver)) return bindRows(query, catalog);
  const relation = filtered(bindRelation(query.from, known), query);
  return isGrouped ? bindGrouped(query, relation) : bindOverRows(query, relation);
}

/** The relation with the query's WHERE on it. */
function filtered(relation: BoundRelation, { where }: SelectSyntax): BoundRelation {
  if (where === null) return relation;
  const predicate = bindCondition(where, rowScope(relation));
  return { ...relation, predicates: [...relation.predicates, predicate] };
}

/** Rows as they are: a view that nobody runs stands for the stream. */
function bindRows(query: SelectSyntax, catalog: Catalog): BoundQuery {
  const relation = bindProjection(query, catalog, []);
  const passed: Expression[] = [];
  const columns = relation.columns.map(({ name, bound }): OutputColumn => {
    if (bound === null) {
      throw refusal(query.at, `${name} is processing time`, 'name the columns that are wanted');
    }
    const value: OutputValue = { kind: 'passed', index: passed.push(bound.node) - 1 };
    return { name, type: bound.type ?? sqlTypes.string, value };
  });
  const { table, predicates } = relation;
  const window: WindowNode = { kind: 'lifetime' };
  const features = new QueryFeatures(window, rowScope(relation));
  features.add('count', null, null, { name: hidden.count });
  const plan = queryPlan({
    table,
    keys: [],
    predicates,
    features: features.features,
    derived: [],
    emit: 'arrival',
  });
  return {
    kind: 'rows',
    table,
    plan,
    columns,
    passed,
    computed: [],
    predicates,
    window: null,
    hasHaving: false,
  };
}

function bindOverRows(query: SelectSyntax, relation: BoundRelation): BoundQuery {
  if (query.having !== null) throw typeProblem(query.having.at, 'HAVING needs GROUP BY');
  const over = oneWindow(query, relation);
  const scope = rowScope(relation);
  const passed: Expression[] = [];
  const outputs = new QueryOutputs(new QueryFeatures(over.window, scope), true, (name) => {
    const { node, type } = bindExpression(name, scope);
    const column = passedName(passed.push(node) - 1);
    return { node: { kind: 'column', name: column, type: node.type, nullable: true }, type };
  });
  const columns: OutputColumn[] = [];
  for (const [i, { expression, alias }] of query.items.entries()) {
    if (expression.kind === 'star') {
      for (const { name, bound } of relation.columns) {
        if (bound?.type == null)
          throw refusal(expression.at, `${name} is processing time`, 'name columns');
        const value: OutputValue = { kind: 'passed', index: passed.push(bound.node) - 1 };
        columns.push({ name, type: bound.type, value });
      }
    } else if (hasOver(expression)) columns.push(outputs.column(expression, alias, i));
    else {
      const { node, type } = bindExpression(expression, scope);
      const value: OutputValue = { kind: 'passed', index: passed.push(node) - 1 };
      columns.push(named({ type: type ?? sqlTypes.string, value }, expression, alias, i));
    }
  }
  return finished(query, relation, {
    kind: 'over',
    keys: over.keys,
    window: over.window,
    columns,
    passed,
    outputs,
  });
}

/** All OVER windows of a query are one: Flink takes no others either. */
function oneWindow(query: SelectSyntax, relation: BoundRelation): BoundOver {
  let first: BoundOver | null = null;
  for (const call of query.items.flatMap(({ expression }) => overCalls(expression))) {
    const over =
      typeof call.over === 'string' ? query.windows.get(call.over.toUpperCase()) : call.over;
    if (over == null) {
      throw nameProblem(call.at, `there is no window ${String(call.over)}`, 'WINDOW w AS (…)');
    }
    for (const key of over.partitionBy)
      checkKey(bindExpression(key, rowScope(relation)).node, key.at);
    const bound = bindOver(over, relation);
    first ??= bound;
    if (nodeText(bound) !== nodeText(first)) {
      const fix = 'INSERT each into a table of its own';
      throw refusal(call.at, 'a query has one OVER window, here as in Flink', fix);
    }
  }
  if (first === null) throw typeProblem(query.at, 'there is no window');
  return first;
}

interface GroupKey {
  readonly node: Expression;
  readonly type: SqlType;
}

function bindKeys(
  expressions: readonly SqlExpression[],
  scope: ExpressionScope,
): readonly GroupKey[] {
  return expressions.map((expression) => {
    const { node, type } = bindExpression(expression, scope);
    if (type === null) throw typeProblem(expression.at, 'NULL is no group');
    checkKey(node, expression.at);
    return { node, type };
  });
}

/** A group for each key, that changes with every record: its changelog. */
function bindGrouped(query: SelectSyntax, relation: BoundRelation): BoundQuery {
  const keys = bindKeys(query.groupBy ?? [], rowScope(relation));
  return bindGroups(query, relation, { kind: 'group', keys, window: { kind: 'lifetime' } });
}

const windowParts: Readonly<Record<string, 'start' | 'end' | 'time'>> = {
  window_start: 'start',
  window_end: 'end',
  window_time: 'time',
};

function windowPartOf(expression: SqlExpression): 'start' | 'end' | 'time' | null {
  if (expression.kind !== 'name') return null;
  return windowParts[(expression.parts.at(-1) ?? '').toLowerCase()] ?? null;
}

/** A row for each key and window that is over. */
function bindWindowed(query: SelectSyntax, from: WindowRelation, catalog: Catalog): BoundQuery {
  const inner = bindRelation(from.input, catalog);
  const relation = filtered({ ...inner, alias: from.alias ?? inner.alias }, query);
  const window = bindWindow(from, inner);
  const groups = query.groupBy ?? [];
  const parts = new Set(groups.map(windowPartOf));
  if (!parts.has('start') || !parts.has('end')) {
    const fix = 'GROUP BY …, window_start, window_end';
    throw refusal(query.at, 'a query over windows groups by window_start and window_end', fix);
  }
  const scope = rowScope(relation);
  const keys = bindKeys(
    groups.filter((group) => windowPartOf(group) === null),
    scope,
  );
  checkPartition(from, keys, scope);
  return bindGroups(query, relation, { kind: 'window', keys, window });
}

/** Sessions are of the keys that they are partitioned by, and groups of those and no others. */
function checkPartition(
  { fn, partitionBy, at }: WindowRelation,
  keys: readonly GroupKey[],
  scope: ExpressionScope,
): void {
  if (fn !== 'SESSION') return;
  const parts = bindKeys(partitionBy, scope);
  const texts = (list: readonly GroupKey[]): string =>
    JSON.stringify(list.map(({ node }) => nodeText(node)).sort());
  if (texts(parts) === texts(keys)) return;
  throw refusal(
    at,
    'a session is partitioned by the columns that it is grouped by',
    'PARTITION BY and GROUP BY the same',
  );
}

interface GroupParts {
  readonly kind: 'window' | 'group';
  readonly keys: readonly GroupKey[];
  readonly window: WindowNode;
}

function bindGroups(query: SelectSyntax, relation: BoundRelation, parts: GroupParts): BoundQuery {
  const { kind, keys, window } = parts;
  const scope = rowScope(relation);
  const features = new QueryFeatures(window, scope);
  const outputs = new QueryOutputs(features, false, (expression) => {
    const { node, type } = bindExpression(expression, scope);
    const value = keyValue(node, keys, expression);
    if (value.kind !== 'key') throw typeProblem(expression.at, 'this is not grouped by');
    return { node: { kind: 'column', name: value.name, type: node.type, nullable: true }, type };
  });
  const columns = query.items.map(({ expression, alias }, i): OutputColumn => {
    if (hasAggregate(expression)) return outputs.column(expression, alias, i);
    const part = kind === 'window' ? windowPartOf(expression) : null;
    if (part !== null) {
      const type = part === 'time' ? timeType(relation) : sqlTypes.timestamp;
      return named({ type, value: { kind: 'window', part } }, expression, alias, i);
    }
    const { node, type } = bindExpression(expression, scope);
    return named(
      { type: type ?? sqlTypes.string, value: keyValue(node, keys, expression) },
      expression,
      alias,
      i,
    );
  });
  if (kind === 'window') features.add('count', null, null, { name: hidden.count });
  if (window.kind === 'session') addSessionStart(features, relation);
  if (query.having !== null) outputs.addHaving(query.having);
  return finished(query, relation, {
    kind,
    keys: keys.map(({ node }) => node),
    window,
    columns,
    passed: [],
    outputs,
  });
}

/** `window_time` is of the type of the event time. */
function timeType({ table }: BoundRelation): SqlType {
  const column = table.columns.find(({ name }) => name === table.rowtime?.column);
  return column?.type ?? sqlTypes.timestamp;
}

function keyValue(node: Expression, keys: readonly GroupKey[], { at }: SqlExpression): OutputValue {
  if (node.kind === 'literal') return { kind: 'constant', value: node.value };
  const text = nodeText(node);
  const i = keys.findIndex((key) => nodeText(key.node) === text);
  if (i >= 0) return { kind: 'key', name: keyName(i) };
  throw typeProblem(
    at,
    'this is neither grouped by nor aggregated',
    'GROUP BY it, or aggregate it',
  );
}

function addSessionStart(features: QueryFeatures, { table }: BoundRelation): void {
  const name = rowtimeField(table);
  const time: Expression = { kind: 'column', name, type: { kind: 'timestamp' }, nullable: false };
  features.add('min', time, null, { name: hidden.start });
}

function named(
  column: Omit<OutputColumn, 'name'>,
  expression: SqlExpression,
  alias: string | null,
  i: number,
): OutputColumn {
  const own = expression.kind === 'name' ? (expression as NameExpression).parts.at(-1) : undefined;
  return { name: alias ?? own ?? `EXPR$${i}`, ...column };
}

interface FinishedParts {
  readonly kind: BoundQuery['kind'];
  readonly keys: readonly Expression[];
  readonly window: WindowNode;
  readonly columns: readonly OutputColumn[];
  readonly passed: readonly Expression[];
  readonly outputs: QueryOutputs;
}

function finished(query: SelectSyntax, relation: BoundRelation, parts: FinishedParts): BoundQuery {
  const { kind, keys, window, columns, passed, outputs } = parts;
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name))
      throw nameProblem(query.at, `there are two columns ${name}`, 'rename one: AS …');
    seen.add(name);
  }
  const { table, predicates } = relation;
  const { features } = outputs.features;
  const emit = kind === 'group' ? 'arrival' : 'watermark';
  const plan = queryPlan({ table, keys, predicates, features, derived: outputs.derived, emit });
  const hasHaving = query.having !== null;
  const { computed } = outputs;
  return { kind, table, plan, columns, passed, computed, predicates, window, hasHaving };
}
