// Rows with the windows that they are of: window table functions, and results of windows. Boundaries of a
// tumbling window are columns of each record; those of others exist where rows are grouped by them.
import { floorMod } from '../../kernel/instant.ts';
import type { WindowNode } from '../../plan/window.ts';
import type { RowFunction } from '../functions/row-function.ts';
import type { SqlExpression, WindowRelation } from '../syntax/syntax-tree.ts';
import type { Bound } from './expressions/bound.ts';
import type { WindowPart } from './bound-query.ts';
import {
  bindRelation,
  type BoundRelation,
  columnNamed,
  type RelationCatalog,
  type RelationColumn,
} from './relation.ts';
import { type SqlType, sqlTypes } from './sql-type.ts';
import { bindWindow } from './windows.ts';

const partNames: readonly (readonly [WindowPart, string])[] = [
  ['start', 'window_start'],
  ['end', 'window_end'],
  ['time', 'window_time'],
];

/** `FROM TUMBLE(…)` */
export function windowedRelation(from: WindowRelation, catalog: RelationCatalog): BoundRelation {
  const inner = bindRelation(from.input, catalog);
  const relation = { ...inner, alias: from.alias ?? inner.alias };
  const window = bindWindow(from, inner);
  const rowtime = columnNamed(inner, from.timeColumn);
  const columns = partNames.map(
    ([windowPart, name]): RelationColumn => ({
      name,
      bound: boundaryOf(windowPart, window, rowtime.bound, relation),
      isRowtime: false,
      windowPart,
    }),
  );
  const kept = relation.columns.filter(({ name }) => columns.every((part) => part.name !== name));
  return {
    ...relation,
    columns: [...kept, ...columns],
    attached: { window, grouping: window, relation: from },
  };
}

/** Null for windows of which a record is in several. */
function boundaryOf(
  part: WindowPart,
  window: WindowNode,
  rowtime: Bound | null,
  { scalars, predicates }: BoundRelation,
): Bound | null {
  if (window.kind !== 'tumbling' || rowtime?.type == null) return null;
  const { sizeMs, offsetMs } = window;
  const run: RowFunction = ([value]) => {
    const ms = Number(value);
    const startMs = ms - floorMod(ms - offsetMs, sizeMs);
    if (part === 'start') return startMs;
    return part === 'end' ? startMs + sizeMs : startMs + sizeMs - 1;
  };
  const type: SqlType = part === 'time' ? rowtime.type : sqlTypes.timestamp;
  const fn = `window ${part} ${sizeMs} ${offsetMs}`;
  return scalars.add({ fn, args: [rowtime], type, run }, predicates);
}

const functionParts: Readonly<Record<string, WindowPart>> = {
  START: 'start',
  END: 'end',
  ROWTIME: 'time',
};

/** Whether an expression names a boundary of the windows of a relation. */
export function windowPartOf(
  expression: SqlExpression,
  relation: BoundRelation,
): WindowPart | null {
  if (relation.attached === null) return null;
  if (expression.kind === 'call') {
    const [, part = ''] =
      /^(?:TUMBLE|HOP|SESSION)_(START|END|ROWTIME)$/.exec(expression.name) ?? [];
    return functionParts[part] ?? null;
  }
  if (expression.kind !== 'name' || expression.parts.length > 2) return null;
  const [first = '', second] = expression.parts;
  if (second !== undefined && first !== relation.alias) return null;
  const name = second ?? first;
  return relation.columns.find((column) => column.name === name)?.windowPart ?? null;
}
