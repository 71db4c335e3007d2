// What is left to do once the columns of a query with aggregates are known: its plan.
import type { Expression } from '../../plan/expression.ts';
import type { WindowNode } from '../../plan/window.ts';
import { nameProblem } from '../syntax/sql-error.ts';
import type { SelectSyntax, SqlExpression } from '../syntax/syntax-tree.ts';
import { type BoundQuery, hidden, type OutputColumn } from './bound-query.ts';
import type { QueryOutputs } from './query-outputs.ts';
import { queryPlan } from './query-plan.ts';
import type { BoundRelation } from './relation.ts';

export interface FinishedParts {
  readonly kind: BoundQuery['kind'];
  readonly keys: readonly Expression[];
  readonly window: WindowNode;
  /** Whose boundaries the rows have, where it is another one. */
  readonly boundaries?: WindowNode;
  readonly columns: readonly OutputColumn[];
  readonly passed: readonly Expression[];
  readonly outputs: QueryOutputs;
}

export function finished(
  query: SelectSyntax,
  relation: BoundRelation,
  parts: FinishedParts,
): BoundQuery {
  const { kind, keys, window, columns, passed, outputs } = parts;
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name))
      throw nameProblem(query.at, `there are two columns ${name}`, 'rename one: AS …');
    seen.add(name);
  }
  const { table, predicates, scalars, upstream } = relation;
  const { features } = outputs.features;
  // A group changes where it is computed from more than its key.
  const isChanging = kind === 'group' && features.length > 0;
  if (features.length === 0) outputs.features.add('count', null, null, { name: hidden.count });
  const plan = queryPlan({
    ...{ table, keys, predicates, features, derived: outputs.derived },
    emit: kind === 'group' ? 'arrival' : 'watermark',
    scalars: scalars.columns,
  });
  return {
    ...{ kind, table, upstream, plan, columns, passed, predicates, isChanging },
    scalars: scalars.columns,
    outputScalars: outputs.scalars.columns,
    computed: outputs.computed,
    window: parts.boundaries ?? window,
    having: outputs.having,
  };
}

/** A column by its alias, the name of what it is, or its place. */
export function named(
  column: Omit<OutputColumn, 'name'>,
  expression: SqlExpression,
  alias: string | null,
  i: number,
): OutputColumn {
  const own = expression.kind === 'name' ? expression.parts.at(-1) : undefined;
  return { name: alias ?? own ?? `EXPR$${i}`, ...column };
}
