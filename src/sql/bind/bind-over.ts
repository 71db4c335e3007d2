// A query with OVER: a row for each record, with aggregates of the window that ends at it. Columns of the
// record pass.
import type { Expression } from '../../plan/expression.ts';
import { nameProblem, refusal, typeProblem } from '../syntax/sql-error.ts';
import type { SelectSyntax } from '../syntax/syntax-tree.ts';
import { QueryFeatures } from './aggregates.ts';
import { bindExpression } from './expressions/bind-expression.ts';
import { type BoundQuery, type OutputColumn, type OutputValue } from './bound-query.ts';
import { nodeText } from './expressions/expression-nodes.ts';
import { finished, named } from './finished-query.ts';
import { hasOver, overCalls } from './expressions/find-calls.ts';
import { checkKey, passedName } from './query-plan.ts';
import { QueryOutputs } from './query-outputs.ts';
import { type BoundRelation, rowScope } from './relation.ts';
import { sqlTypes } from './sql-type.ts';
import { bindOver, type BoundOver } from './windows.ts';

export function bindOverRows(query: SelectSyntax, relation: BoundRelation): BoundQuery {
  if (query.having !== null) throw typeProblem(query.having.at, 'HAVING needs GROUP BY');
  const over = oneWindow(query, relation);
  const scope = rowScope(relation);
  const passed: Expression[] = [];
  const outputs = new QueryOutputs(new QueryFeatures(over.window, scope), true, {
    whole: () => null,
    name: (name) => {
      const { node, type } = bindExpression(name, scope);
      const column = passedName(passed.push(node) - 1);
      return { node: { kind: 'column', name: column, type: node.type, nullable: true }, type };
    },
  });
  const columns: OutputColumn[] = [];
  for (const [i, { expression, alias }] of query.items.entries()) {
    if (expression.kind === 'star') columns.push(...allColumns(relation, passed, expression.at));
    else if (hasOver(expression)) columns.push(outputs.column(expression, alias, i));
    else {
      const { node, type } = bindExpression(expression, scope);
      const value: OutputValue = { kind: 'passed', index: passed.push(node) - 1 };
      columns.push(named({ type: type ?? sqlTypes.string, value }, expression, alias, i));
    }
  }
  const { keys, window } = over;
  return finished(query, relation, { kind: 'over', keys, window, columns, passed, outputs });
}

function allColumns(
  relation: BoundRelation,
  passed: Expression[],
  at: number,
): readonly OutputColumn[] {
  return relation.columns.map(({ name, bound }) => {
    if (bound?.type == null) throw refusal(at, `${name} is processing time`, 'name columns');
    const value: OutputValue = { kind: 'passed', index: passed.push(bound.node) - 1 };
    return { name, type: bound.type, value };
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
