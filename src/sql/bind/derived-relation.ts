// Results of a query as the table that another query reads: its columns are what records hold, and the end
// of a window is the event time of its row.
import type { Expression } from '../../plan/expression.ts';
import { columnsOf } from '../../plan/expression.ts';
import type { WindowNode } from '../../plan/window.ts';
import { nameProblem } from '../syntax/sql-error.ts';
import type { SelectSyntax } from '../syntax/syntax-tree.ts';
import type { BoundQuery, OutputColumn, WindowPart } from './bound-query.ts';
import { type AttachedWindow, type BoundRelation, tableRelation } from './relation.ts';
import type { SqlTable } from './sql-table.ts';

export function resultRelation({ at }: SelectSyntax, query: BoundQuery): BoundRelation {
  const seen = new Set<string>();
  for (const { name } of query.columns) {
    if (seen.has(name)) throw nameProblem(at, `there are two columns ${name}`, 'rename one: AS …');
    seen.add(name);
  }
  // Rows of OVER windows may come out behind the watermark: they have no event time to go by.
  const isEnd = (column: OutputColumn): boolean => partOf(column) === 'time';
  const rowtime = query.columns.find(isEnd)?.name ?? null;
  const table: SqlTable = {
    ...{ name: 'results', at, primaryKey: [], options: new Map() },
    columns: query.columns.map(({ name, type }) => ({
      ...{ name, type, isNullable: true, at },
      source: { kind: 'physical' },
    })),
    rowtime: rowtime === null ? null : { column: rowtime, delayMs: 0 },
  };
  const relation = tableRelation(table, '', query);
  const columns = relation.columns.map((column, i) => {
    const windowPart = partOf(query.columns[i]);
    return windowPart === null ? column : { ...column, windowPart };
  });
  return { ...relation, columns, attached: attachedWindow(query, rowtime) };
}

function partOf(column: OutputColumn | undefined): WindowPart | null {
  return column?.value.kind === 'window' ? column.value.part : null;
}

/** Each window ends in a slot of its own: rows that are of it are those of the slot. */
function slotOf(window: WindowNode): WindowNode | null {
  const closed = { serve: 'complete', allowedLatenessMs: 0 } as const;
  switch (window.kind) {
    case 'tumbling':
      return window;
    case 'hopping':
      return { kind: 'tumbling', sizeMs: window.everyMs, offsetMs: window.offsetMs, ...closed };
    case 'cumulate':
      return { kind: 'tumbling', sizeMs: window.stepMs, offsetMs: window.offsetMs, ...closed };
    default:
      return null;
  }
}

function attachedWindow(
  { kind, window }: BoundQuery,
  rowtime: string | null,
): AttachedWindow | null {
  if (kind !== 'window' || window === null || rowtime === null) return null;
  const grouping = slotOf(window);
  return grouping === null ? null : { window, grouping, relation: null };
}

/** Results that nobody reads are not compared: a row that differs in them alone is no change. */
export function withoutUnused(query: BoundQuery): BoundQuery {
  const { upstream, passed, predicates, scalars } = query;
  if (upstream === null || !upstream.isChanging) return query;
  const used = new Set<string>();
  const read = (expression: Expression): void => void columnsOf(expression, used);
  for (const expression of [...passed, ...predicates]) read(expression);
  for (const { args, guards } of scalars) {
    for (const { node } of args) read(node);
    for (const guard of guards) read(guard);
  }
  const columns = upstream.columns.map((column): OutputColumn => {
    return used.has(column.name) ? column : { ...column, value: { kind: 'constant', value: null } };
  });
  return { ...query, upstream: withoutUnused({ ...upstream, columns }) };
}
