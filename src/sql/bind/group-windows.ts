// Flink's older way to write windows, `GROUP BY TUMBLE(ts, INTERVAL …)` with TUMBLE_START(…), as the
// window function that means the same.
import { typeProblem } from '../syntax/sql-error.ts';
import type {
  CallExpression,
  IntervalExpression,
  NameExpression,
  SelectSyntax,
  SqlExpression,
  WindowFunctionName,
  WindowRelation,
} from '../syntax/syntax-tree.ts';

const functions: readonly string[] = ['TUMBLE', 'HOP', 'SESSION'] satisfies WindowFunctionName[];
/** The query with a window function in its FROM; the query itself when it groups by no window. */
export function withWindowFunction(query: SelectSyntax): SelectSyntax {
  const call = query.groupBy?.find(isGroupWindow);
  if (call === undefined || query.from.kind === 'window') return query;
  const keys = (query.groupBy ?? []).filter((expression) => expression !== call);
  const names = ['window_start', 'window_end'].map((name) => nameAt(name, call.at));
  return {
    ...query,
    from: windowRelation(call, query, keys),
    groupBy: [...keys, ...names],
  };
}

function isGroupWindow(expression: SqlExpression): expression is CallExpression {
  return expression.kind === 'call' && functions.includes(expression.name);
}

function windowRelation(
  { name, args, at }: CallExpression,
  { from }: SelectSyntax,
  partitionBy: readonly SqlExpression[],
): WindowRelation {
  const [time, ...rest] = args;
  const lengths = rest.filter((arg): arg is IntervalExpression => arg.kind === 'interval');
  if (time?.kind !== 'name' || lengths.length !== rest.length) {
    throw typeProblem(
      at,
      `${name} takes an event time and intervals`,
      `${name}(ts, INTERVAL '1' HOUR)`,
    );
  }
  const column = time.parts.at(-1) ?? '';
  const timeColumn: NameExpression = { kind: 'name', at: time.at, parts: [column] };
  const fn = name as WindowFunctionName;
  return {
    kind: 'window',
    at,
    fn,
    input: from,
    partitionBy,
    timeColumn,
    lengths,
    alias: from.alias,
  };
}

function nameAt(name: string, at: number): NameExpression {
  return { kind: 'name', at, parts: [name] };
}
