// Queries with GROUP BY: a row for each key and window that is over, or one for each key, that changes.
import type { Expression } from '../../plan/expression.ts';
import type { WindowNode } from '../../plan/window.ts';
import { refusal, SqlProblem, typeProblem } from '../syntax/sql-error.ts';
import type { SelectItem, SelectSyntax, SqlExpression } from '../syntax/syntax-tree.ts';
import { QueryFeatures } from './aggregates.ts';
import { bindExpression } from './expressions/bind-expression.ts';
import type { Bound } from './expressions/bound.ts';
import { type BoundQuery, hidden, type OutputColumn, windowColumn } from './bound-query.ts';
import { nodeText } from './expressions/expression-nodes.ts';
import type { ExpressionScope } from './expressions/expression-scope.ts';
import { aggregateFunctions } from './expressions/find-calls.ts';
import { finished, named } from './finished-query.ts';
import { checkKey, keyName, rowtimeField } from './query-plan.ts';
import { QueryOutputs } from './query-outputs.ts';
import { type AttachedWindow, type BoundRelation, rowScope } from './relation.ts';
import { type SqlType, sqlTypes } from './sql-type.ts';
import { windowPartOf } from './window-relation.ts';

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
export function bindGrouped(
  query: SelectSyntax,
  relation: BoundRelation,
  groups: readonly SqlExpression[],
): BoundQuery {
  const keys = bindKeys(groups, rowScope(relation));
  const window: WindowNode = { kind: 'lifetime' };
  return bindGroups(query, relation, { kind: 'group', keys, window, boundaries: window });
}

export interface WindowedGroups {
  readonly groups: readonly SqlExpression[];
  readonly attached: AttachedWindow;
}

/** A row for each key and window that is over. */
export function bindWindowed(
  query: SelectSyntax,
  relation: BoundRelation,
  { groups, attached }: WindowedGroups,
): BoundQuery {
  const scope = rowScope(relation);
  const own = groups.filter((group) => windowPartOf(group, relation) === null);
  const keys = bindKeys(own, scope);
  checkPartition(attached, keys, scope);
  const { grouping: window, window: boundaries } = attached;
  return bindGroups(query, relation, { kind: 'window', keys, window, boundaries });
}

/** Sessions are of the keys that they are partitioned by, and groups of those and no others. */
function checkPartition(
  { relation }: AttachedWindow,
  keys: readonly GroupKey[],
  scope: ExpressionScope,
): void {
  if (relation?.fn !== 'SESSION') return;
  const parts = bindKeys(relation.partitionBy, scope);
  const texts = (list: readonly GroupKey[]): string =>
    JSON.stringify(list.map(({ node }) => nodeText(node)).sort());
  if (texts(parts) === texts(keys)) return;
  throw refusal(
    relation.at,
    'a session is partitioned by the columns that it is grouped by',
    'PARTITION BY and GROUP BY the same',
  );
}

interface GroupParts {
  readonly kind: 'window' | 'group';
  readonly keys: readonly GroupKey[];
  readonly window: WindowNode;
  readonly boundaries: WindowNode;
}

function bindGroups(query: SelectSyntax, relation: BoundRelation, parts: GroupParts): BoundQuery {
  const { kind, keys, window, boundaries } = parts;
  const features = new QueryFeatures(window, rowScope(relation));
  const outputs = new QueryOutputs(features, false, {
    whole: (expression) => knownColumn(expression, relation, parts),
    name: (expression) => {
      const what = 'this is neither grouped by nor aggregated';
      throw typeProblem(expression.at, what, 'GROUP BY it, or aggregate it');
    },
  });
  const items = query.items.flatMap((item) => expandedStar(item, relation, parts));
  const columns = items.map((item, i) => groupColumn(item, i, relation, { parts, outputs }));
  if (kind === 'window') features.add('count', null, null, { name: hidden.count });
  if (boundaries.kind === 'session') addSessionStart(features, relation);
  if (query.having !== null) outputs.addHaving(query.having);
  return finished(query, relation, {
    ...{ kind, window, boundaries, columns, outputs, passed: [] },
    keys: keys.map(({ node }) => node),
  });
}

/** `SELECT DISTINCT *` */
function expandedStar(
  item: SelectItem,
  { columns }: BoundRelation,
  { kind }: GroupParts,
): readonly SelectItem[] {
  const { expression, at } = item;
  if (expression.kind !== 'star') return [item];
  if (kind === 'window')
    throw typeProblem(at, '* stands in no query with GROUP BY', 'name columns');
  return columns.map(({ name }) => ({
    ...{ at, alias: null },
    expression: { kind: 'name', at, parts: [name] },
  }));
}

interface GroupOutputs {
  readonly parts: GroupParts;
  readonly outputs: QueryOutputs;
}

function groupColumn(
  { expression, alias }: SelectItem,
  i: number,
  relation: BoundRelation,
  { parts, outputs }: GroupOutputs,
): OutputColumn {
  const part = parts.kind === 'window' ? windowPartOf(expression, relation) : null;
  if (part !== null) {
    const type = part === 'time' ? timeType(relation) : sqlTypes.timestamp;
    return named({ type, value: { kind: 'window', part } }, expression, alias, i);
  }
  const key = keyOf(expression, relation, parts.keys);
  if (key !== null) {
    const { type } = parts.keys[key] as GroupKey;
    return named({ type, value: { kind: 'key', name: keyName(key) } }, expression, alias, i);
  }
  return { ...outputs.column(expression, alias, i) };
}

/** A key, or a boundary of the window, as a column of the results. */
function knownColumn(
  expression: SqlExpression,
  relation: BoundRelation,
  { kind, keys }: GroupParts,
): Bound | null {
  const part = kind === 'window' ? windowPartOf(expression, relation) : null;
  if (part !== null) {
    const type = part === 'time' ? timeType(relation) : sqlTypes.timestamp;
    const name = windowColumn(part);
    return { node: { kind: 'column', name, type: type.field, nullable: false }, type };
  }
  const key = keyOf(expression, relation, keys);
  if (key === null) return null;
  const { type, node } = keys[key] as GroupKey;
  return { node: { kind: 'column', name: keyName(key), type: node.type, nullable: true }, type };
}

/** The place of the key that an expression is; null when it is none. */
function keyOf(
  expression: SqlExpression,
  relation: BoundRelation,
  keys: readonly GroupKey[],
): number | null {
  const isName = expression.kind === 'name';
  const isOther = keys.some(({ node }) => node.kind !== 'column' || node.name.startsWith('own_'));
  if (!isName && !isOther) return null;
  if (['number', 'text', 'bool', 'null', 'star', 'interval'].includes(expression.kind)) return null;
  if (expression.kind === 'call' && aggregateFunctions.includes(expression.name)) return null;
  try {
    const text = nodeText(bindExpression(expression, rowScope(relation)).node);
    const found = keys.findIndex(({ node }) => nodeText(node) === text);
    return found < 0 ? null : found;
  } catch (error) {
    // What holds aggregates is no key; a name that does not exist is an error anyway.
    if (!isName && error instanceof SqlProblem) return null;
    throw error;
  }
}

/** `window_time` is of the type of the event time. */
function timeType({ table }: BoundRelation): SqlType {
  const column = table.columns.find(({ name }) => name === table.rowtime?.column);
  return column?.type ?? sqlTypes.timestamp;
}

function addSessionStart(features: QueryFeatures, { table }: BoundRelation): void {
  const name = rowtimeField(table);
  const time: Expression = { kind: 'column', name, type: { kind: 'timestamp' }, nullable: false };
  features.add('min', time, null, { name: hidden.start });
}
