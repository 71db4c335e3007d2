// The query of one window group: key, event_time, as_of, then the group's features. A rolling window is
// an OVER window with a row for each record; a window that ends is a window table function with a row
// for each window that holds a record.
import { formatFeature } from '../plan/printing/format-feature.ts';
import { formatExpression } from '../plan/printing/format-expression.ts';
import type { FeatureNode, StreamNode, ViewNode } from '../plan/plan.ts';
import type { WindowKind, WindowNode } from '../plan/window.ts';
import type { FlinkFunctionName } from './flink-function.ts';
import { type FlinkProfile, windowFunctionSql } from './flink-profile.ts';
import { type Refusal, type RefusalScope, refusalsAt } from './refusal.ts';
import { rowtimeColumn } from './source-sql.ts';
import { aggregateSql } from './sql-aggregate.ts';
import { expressionSql } from './sql-expression.ts';
import { commentText, intervalSql, quoteName } from './sql-text.ts';
import { instantType } from './sql-type.ts';
import { keyColumnOf } from './view-input.ts';
import type { WindowGroup } from './window-group.ts';

/** What a query is made from. */
export interface GroupQuery {
  readonly profile: FlinkProfile;
  readonly stream: StreamNode;
  readonly view: ViewNode;
  readonly group: WindowGroup;
  /** The relation with the view's records. */
  readonly input: string;
  readonly refusals: Refusal[];
  /** Functions of ours that queries use: filled while they are written. */
  readonly functions: Set<FlinkFunctionName>;
}

interface Item {
  readonly name: string;
  readonly sql: string;
  readonly comment?: string;
}

/** The SELECT, on several lines. */
export function groupQuerySql(query: GroupQuery): string {
  const { group } = query;
  const inner = selectSql(innerItems(query), fromSql(query));
  const isPlain =
    group.derived.length === 0 && group.features.every(({ type }) => type.kind !== 'timestamp');
  if (isPlain) return inner;
  return selectSql(outerItems(query), `FROM (\n${indented(inner)}\n)`);
}

function selectSql(items: readonly Item[], from: string): string {
  const lines = items.map(({ name, sql, comment }, i) => {
    const alias = sql === quoteName(name) ? '' : ` AS ${quoteName(name)}`;
    const comma = i === items.length - 1 ? '' : ',';
    return `  ${sql}${alias}${comma}${comment === undefined ? '' : ` ${commentText(comment)}`}`;
  });
  return `SELECT\n${lines.join('\n')}\n${from}`;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}

function innerItems(query: GroupQuery): readonly Item[] {
  const { view, group } = query;
  const keys = view.key.map((part) => ({ name: part.name, sql: quoteName(keyColumnOf(part)) }));
  return [...keys, ...timeItems(query), ...group.features.map((f) => featureItem(query, f))];
}

/** A row of an OVER window is right for its record's time; a window's for its last millisecond. */
function timeItems({ stream, group }: GroupQuery): readonly Item[] {
  const eventTime = quoteName(stream.eventTime.field);
  if (group.family === 'over') {
    const sql = `TO_TIMESTAMP_LTZ(${distinguished(eventTime, group.window)}, 3)`;
    return [
      { name: 'event_time', sql },
      { name: 'as_of', sql },
    ];
  }
  return [
    { name: 'event_time', sql: `TO_TIMESTAMP_LTZ(MAX(${eventTime}), 3)` },
    { name: 'as_of', sql: `CAST(\`window_time\` AS ${instantType})` },
  ];
}

/**
 * The time, with the length of the window taken off and put on again. Flink's planner (2.2) takes OVER
 * windows that differ in their length alone for one, when their rows go to the same table; what they
 * read is then different, and so are they.
 */
function distinguished(eventTime: string, window: WindowNode): string {
  switch (window.kind) {
    case 'rolling':
      return `${eventTime} - ${window.sizeMs} + ${window.sizeMs}`;
    case 'rollingRows':
      return `${eventTime} - ${window.rows} + ${window.rows}`;
    default:
      return eventTime;
  }
}

function featureItem(query: GroupQuery, feature: FeatureNode): Item {
  const { view, group, refusals, stream, functions } = query;
  const scope = refusalsAt(`${view.name}.features.${feature.name}`, refusals);
  return {
    name: feature.name,
    sql: aggregateSql(feature, { family: group.family, scope, stream, functions }),
    comment: `${view.name}.${feature.name}: ${formatFeature(feature)}`,
  };
}

/** What is derived, and instants as such. */
function outerItems({ view, group, refusals }: GroupQuery): readonly Item[] {
  const plain = (name: string): Item => ({ name, sql: quoteName(name) });
  const features = group.features.map(({ name, type }) =>
    type.kind === 'timestamp'
      ? { name, sql: `TO_TIMESTAMP_LTZ(${quoteName(name)}, 3)` }
      : plain(name),
  );
  const derived = group.derived.map(({ name, value, type }) => {
    const scope = refusalsAt(`${view.name}.derive.${name}`, refusals);
    const sql = expressionSql(value, scope);
    return {
      name,
      sql: type.kind === 'timestamp' ? `TO_TIMESTAMP_LTZ(${sql}, 3)` : sql,
      comment: `${view.name}.${name} = ${formatExpression(value)}`,
    };
  });
  const keys = view.key.map((part) => plain(part.name));
  return [...keys, plain('event_time'), plain('as_of'), ...features, ...derived];
}

interface WindowCall extends GroupQuery {
  readonly scope: RefusalScope;
}

type WindowSql = {
  readonly [K in WindowKind]: (
    window: Extract<WindowNode, { kind: K }>,
    call: WindowCall,
  ) => string;
};

/** What follows the list of columns. */
const windowSql: WindowSql = {
  rolling: (window, call) => {
    if (window.resolutionMs !== null) {
      call.scope.refuse(
        'Flink keeps the records of an OVER window; their oldest end cannot be rounded to a resolution',
        "leave the resolution out (every record is kept), or use hopping('7d', { every: '1h' })",
      );
    }
    return overSql(call, `RANGE BETWEEN ${intervalSql(window.sizeMs)} PRECEDING`);
  },
  rollingRows: ({ rows }, call) => overSql(call, `ROWS BETWEEN ${rows - 1} PRECEDING`),
  lifetime: (_window, call) => overSql(call, 'RANGE BETWEEN UNBOUNDED PRECEDING'),
  tumbling: (window, call) => {
    refuseLate(window, call);
    refuseOffset(window, call);
    refuseOpen(window.serve, call);
    return endingSql(call, 'TUMBLE', [intervalSql(window.sizeMs)]);
  },
  hopping: (window, call) => {
    refuseLate(window, call);
    refuseOffset(window, call);
    refuseOpen(window.serve, call);
    refuseDistinctSum(call);
    const lengths = [intervalSql(window.everyMs), intervalSql(window.sizeMs)];
    return endingSql(call, 'HOP', lengths);
  },
  cumulate: (window, call) => {
    refuseLate(window, call);
    refuseOffset(window, call);
    const lengths = [intervalSql(window.stepMs), intervalSql(window.sizeMs)];
    return endingSql(call, 'CUMULATE', lengths);
  },
  session: ({ gapMs }, call) => endingSql(call, 'SESSION', [intervalSql(gapMs)]),
};

function fromSql(query: GroupQuery): string {
  const { window, features } = query.group;
  const path = `${query.view.name}.features.${features[0]?.name ?? ''}.window`;
  const scope = refusalsAt(path, query.refusals);
  const toSql = windowSql[window.kind] as (window: WindowNode, call: WindowCall) => string;
  return toSql(window, { ...query, scope });
}

function overSql({ view, input }: WindowCall, frame: string): string {
  const keys = view.key.map((part) => quoteName(keyColumnOf(part)));
  const partition = keys.length === 0 ? '' : `PARTITION BY ${keys.join(', ')} `;
  return [
    `FROM ${quoteName(input)}`,
    'WINDOW w AS (',
    `  ${partition}ORDER BY ${quoteName(rowtimeColumn)}`,
    `  ${frame} AND CURRENT ROW`,
    ')',
  ].join('\n');
}

function endingSql(call: WindowCall, name: string, lengths: readonly string[]): string {
  const keys = call.view.key.map((part) => quoteName(keyColumnOf(part)));
  const isSession = name === 'SESSION' && keys.length > 0;
  // Several columns without parentheses are taken for one column and another argument.
  const parts = keys.length > 1 ? `(${keys.join(', ')})` : keys.join('');
  const partition = isSession ? ` PARTITION BY ${parts}` : '';
  const args = [
    `TABLE ${quoteName(call.input)}${partition}`,
    `DESCRIPTOR(${quoteName(rowtimeColumn)})`,
    ...lengths,
  ];
  const groups = [...keys, '`window_start`', '`window_end`', '`window_time`'];
  return [
    `FROM ${windowFunctionSql(call.profile, `${name}(${args.join(', ')})`)}`,
    `GROUP BY ${groups.join(', ')}`,
  ].join('\n');
}

/** Flink's buffers of windows are emptied at multiples of the size, whatever the offset. */
function refuseOffset({ offsetMs }: { readonly offsetMs: number }, { scope }: WindowCall): void {
  if (offsetMs === 0) return;
  scope.refuse(
    'Flink loses records of windows with an offset, in one phase as in two',
    'leave the offset out, or keep the view on the engine',
  );
}

/** It fails when its code is made, for a sum that can subtract is not chosen for distinct values. */
function refuseDistinctSum({ group, view, refusals }: WindowCall): void {
  for (const { name, aggregate } of group.features) {
    if (aggregate.fn !== 'sum' || !aggregate.distinct) continue;
    refusalsAt(`${view.name}.features.${name}`, refusals).refuse(
      'Flink has no sum of distinct values over hopping windows',
      "take it over tumbling('1h') or cumulate('1d', { step: '1h' }), or keep the view on the engine",
    );
  }
}

function refuseLate(
  { allowedLatenessMs }: { readonly allowedLatenessMs: number },
  { scope }: WindowCall,
): void {
  if (allowedLatenessMs === 0) return;
  scope.refuse(
    'windows of Flink SQL take no late records',
    'leave allowedLateness out and give the stream a longer outOfOrderness',
  );
}

function refuseOpen(serve: string, { scope }: WindowCall): void {
  if (serve !== 'open') return;
  scope.refuse(
    'Flink gives a window out when it is over, not while it is open',
    "use cumulate('1h', { step: '5m' }), which gives the window so far at every step",
  );
}
