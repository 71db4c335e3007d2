// Which fields of a stream some views read: keys, filters, inputs of aggregates, and the field that
// breaks ties.
import { type Expression, columnsOf } from '../plan/expression.ts';
import { type StreamNode, type ViewNode, predicatesOf } from '../plan/plan.ts';

export function streamFieldsOf(
  stream: StreamNode,
  views: readonly ViewNode[],
): ReadonlySet<string> {
  const names = new Set<string>([stream.eventTime.field]);
  if (stream.idField !== null) names.add(stream.idField);
  for (const view of views) {
    const expressions: (Expression | null)[] = [
      ...predicatesOf(view),
      ...view.key.map(({ value }) => value),
      ...view.features.flatMap(({ aggregate }) => [aggregate.input, aggregate.where]),
    ];
    for (const expression of expressions) if (expression !== null) columnsOf(expression, names);
  }
  return names;
}
