// Windows of queries as windows of the plan: window table functions, and OVER with its frame.
import type { Expression } from '../../plan/expression.ts';
import type { WindowNode } from '../../plan/window.ts';
import { refusal, typeProblem } from '../syntax/sql-error.ts';
import type { OverSyntax, WindowFunctionName, WindowRelation } from '../syntax/syntax-tree.ts';
import { bindExpression } from './expressions/bind-expression.ts';
import { type BoundRelation, columnNamed, rowScope } from './relation.ts';

const closed = { serve: 'complete', allowedLatenessMs: 0 } as const;

type WindowBinder = (lengths: readonly number[], at: number) => WindowNode;

const binders: Readonly<Record<WindowFunctionName, WindowBinder>> = {
  TUMBLE: ([sizeMs = 0, offsetMs = 0]) => ({ kind: 'tumbling', sizeMs, offsetMs, ...closed }),
  HOP: ([everyMs = 0, sizeMs = 0, offsetMs = 0], at) => {
    needMultiple(sizeMs, everyMs, at);
    return { kind: 'hopping', sizeMs, everyMs, offsetMs, ...closed };
  },
  CUMULATE: ([stepMs = 0, sizeMs = 0, offsetMs = 0], at) => {
    needMultiple(sizeMs, stepMs, at);
    return { kind: 'cumulate', sizeMs, stepMs, offsetMs, allowedLatenessMs: 0 };
  },
  SESSION: ([gapMs = 0]) => ({ kind: 'session', gapMs }),
};

const lengthCounts: Readonly<Record<WindowFunctionName, readonly [least: number, most: number]>> = {
  TUMBLE: [1, 2],
  HOP: [2, 3],
  CUMULATE: [2, 3],
  SESSION: [1, 1],
};

/** The window of `TUMBLE(…)` and its like over a relation. */
export function bindWindow(window: WindowRelation, relation: BoundRelation): WindowNode {
  const { fn, lengths, at, timeColumn } = window;
  needRowtime(relation, columnNamed(relation, timeColumn).isRowtime, timeColumn.at);
  const [least, most] = lengthCounts[fn];
  if (lengths.length < least || lengths.length > most) {
    throw typeProblem(
      at,
      `${fn} takes ${least === 1 ? 'a length' : 'two lengths'}, and an offset at most`,
    );
  }
  const unfixed = lengths.find(({ months }) => months !== 0);
  if (unfixed !== undefined) {
    throw refusal(unfixed.at, 'windows of months and years have no fixed length', 'use days');
  }
  const wrong = lengths.slice(0, least).find(({ ms }) => ms <= 0);
  if (wrong !== undefined) throw typeProblem(wrong.at, 'a window is longer than 0');
  return binders[fn](
    lengths.map(({ ms }) => ms),
    at,
  );
}

function needMultiple(sizeMs: number, stepMs: number, at: number): void {
  if (stepMs > 0 && sizeMs % stepMs === 0) return;
  throw typeProblem(
    at,
    'the size of the window is no multiple of its step',
    'the step comes first',
  );
}

export function needRowtime(relation: BoundRelation, isRowtime: boolean, at: number): void {
  if (isRowtime) return;
  const { rowtime, name } = relation.table;
  const isResult = relation.upstream !== null;
  const fix = isResult
    ? 'only window_time of a query over windows is the event time of results'
    : rowtime === null
      ? `give table ${name} a WATERMARK FOR …`
      : `its event time is ${rowtime.column}`;
  throw typeProblem(at, 'a window goes by the event time of the table', fix);
}

/** A window over rows: its key, and which rows before the current one it holds. */
export interface BoundOver {
  readonly keys: readonly Expression[];
  readonly window: WindowNode;
}

export function bindOver(over: OverSyntax, relation: BoundRelation): BoundOver {
  const scope = rowScope(relation);
  const [order, more] = over.orderBy;
  if (order === undefined || more !== undefined || order.isDescending) {
    throw refusal(
      over.at,
      'rows are ordered by their event time, upwards',
      'ORDER BY the event time',
    );
  }
  const { by } = order;
  const isRowtime = by.kind === 'name' && columnNamed(relation, by).isRowtime;
  needRowtime(relation, isRowtime, by.at);
  const keys = over.partitionBy.map((key) => bindExpression(key, scope).node);
  return { keys, window: frameWindow(over) };
}

/** Without a frame: everything up to the current row and those of its time. */
function frameWindow({ frame }: OverSyntax): WindowNode {
  if (frame === null) return { kind: 'lifetime' };
  const { unit, preceding, at } = frame;
  if (unit === 'RANGE') {
    if (preceding === null) return { kind: 'lifetime' };
    if (preceding.kind !== 'interval' || preceding.ms <= 0 || preceding.months !== 0) {
      throw typeProblem(
        preceding.at,
        'RANGE goes back by an interval',
        "INTERVAL '1' HOUR PRECEDING",
      );
    }
    return { kind: 'rolling', sizeMs: preceding.ms, resolutionMs: null };
  }
  if (preceding === null) {
    const fix =
      'use RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW, where rows of one time count together';
    throw refusal(at, 'ROWS without a bound is no window of the plan', fix);
  }
  if (preceding.kind !== 'number' || !/^\d+$/.test(preceding.text)) {
    throw typeProblem(preceding.at, 'ROWS goes back by a number of rows', '4 PRECEDING');
  }
  return { kind: 'rollingRows', rows: Number(preceding.text) + 1 };
}
