// Tables that a view's rows go to, and the inserts that fill them. Each window group has an upsert topic
// and Parquet files of its own; the output topic of a view with several groups gets the rows of all of
// them, each with its group's name and its group's features, so that no row waits for another.
import type { Field } from '../kernel/types/field-type.ts';
import type { ViewNode } from '../plan/plan.ts';
import type { FlinkStatement } from './flink-program.ts';
import type { ViewSinks } from './flink-tables.ts';
import { type Refusal, refusalsAt } from './refusal.ts';
import { commentText, optionsSql, quoteName, quoteText } from './sql-text.ts';
import { instantType, sinkTypeOf } from './sql-type.ts';
import type { WindowGroup } from './window-group.ts';

/** Tables and the inserts of them. */
export interface SinkStatements {
  readonly tables: readonly FlinkStatement[];
  readonly inserts: readonly FlinkStatement[];
}

interface Column {
  readonly name: string;
  readonly type: string;
  /** What is inserted. */
  readonly value: string;
}

/** The constant key of a view without one: a topic's records need a key. */
const globalKey = '_entity';
/** Which features of a row of several groups are meant. */
export const groupColumn = '_window';

/** What the rows of each group are read from, as SQL. */
export type GroupRelations = ReadonlyMap<WindowGroup, string>;

/** The view of one group's rows. */
export function groupViewName(view: ViewNode, group: WindowGroup): string {
  return `${view.name}__${group.name}`;
}

export function sinkStatements(
  view: ViewNode,
  relations: GroupRelations,
  sinks: ViewSinks,
  refusals: Refusal[],
): SinkStatements {
  const groups = [...relations.keys()];
  const tables: FlinkStatement[] = [];
  const inserts: FlinkStatement[] = [];
  const add = (name: string, ddl: string, inserted: readonly string[]): void => {
    tables.push({ kind: 'table', name, origin: view.uid, text: ddl });
    const text = `INSERT INTO ${quoteName(name)}\n${inserted.join('\nUNION ALL\n')}`;
    inserts.push({ kind: 'insert', name, origin: view.uid, text });
  };
  for (const group of groups) {
    if (sinks.online !== null) addOnline(view, group, { sinks, refusals, relations, add });
    if (sinks.log !== null) addLog(view, group, { sinks, relations, add });
  }
  if (sinks.output !== null) addOutput(view, groups, { sinks, relations, add });
  addRows(view, groups, { sinks, refusals, relations, add });
  return { tables, inserts };
}

interface SinkParts {
  readonly relations: GroupRelations;
  readonly sinks: ViewSinks;
  readonly add: (name: string, ddl: string, inserted: readonly string[]) => void;
}

function addOnline(
  view: ViewNode,
  group: WindowGroup,
  { sinks, refusals, relations, add }: SinkParts & { readonly refusals: Refusal[] },
): void {
  const nullable = view.key.find((part) => part.nullable);
  if (nullable !== undefined) {
    refusalsAt(`${view.name}.key.${nullable.name}`, refusals).refuse(
      'it may be null, and the key of an upsert topic may not',
      'say what stands for null, in keyBy: p.user_id.coalesce(…), or filter: .where(p => p.user_id.isNotNull())',
    );
  }
  const table = sinks.online?.(group.name);
  if (table === undefined) return;
  const name = `${groupViewName(view, group)}__online`;
  const keys = view.key.length === 0 ? [globalKey] : view.key.map((part) => part.name);
  const constant: Column[] =
    view.key.length === 0
      ? [{ name: globalKey, type: 'STRING', value: quoteText(view.entity) }]
      : [];
  const columns = [...constant, ...rowColumns(view, group)];
  const primary = `  PRIMARY KEY (${keys.map(quoteName).join(', ')}) NOT ENFORCED`;
  const comment = `view ${view.name}, ${group.name}: the newest row of each ${view.entity}`;
  add(name, tableSql(name, comment, { columns, extra: [primary], ...table }), [
    selectSql(columns, relations.get(group)),
  ]);
}

function addLog(view: ViewNode, group: WindowGroup, { sinks, relations, add }: SinkParts): void {
  const table = sinks.log?.(group.name);
  if (table === undefined) return;
  const name = `${groupViewName(view, group)}__log`;
  const day = { name: 'date', type: 'STRING', value: "DATE_FORMAT(`as_of`, 'yyyy-MM-dd')" };
  const columns = [...rowColumns(view, group), day];
  const comment = `view ${view.name}, ${group.name}: every row, by the day of as_of`;
  const ddl = tableSql(name, comment, { columns, partitioned: 'date', ...table });
  add(name, ddl, [selectSql(columns, relations.get(group))]);
}

function addOutput(
  view: ViewNode,
  groups: readonly WindowGroup[],
  { sinks, relations, add }: SinkParts,
): void {
  if (sinks.output === null) return;
  const name = `${view.name}__output`;
  const [only] = groups;
  if (only !== undefined && groups.length === 1) {
    const columns = rowColumns(view, only);
    const ddl = tableSql(name, `view ${view.name}: every row`, { columns, ...sinks.output });
    add(name, ddl, [selectSql(columns, relations.get(only))]);
    return;
  }
  const columnsOf = (group: WindowGroup): readonly Column[] => [
    { name: groupColumn, type: 'STRING', value: quoteText(group.name) },
    ...headColumns(view),
    ...groups.flatMap((other) =>
      featureColumns(other).map((column) =>
        other === group ? column : { ...column, value: `CAST(NULL AS ${column.type})` },
      ),
    ),
  ];
  const columns = only === undefined ? [] : columnsOf(only);
  const comment = `view ${view.name}: every row of every window, with the features of that window`;
  add(
    name,
    tableSql(name, comment, { columns, ...sinks.output }),
    groups.map((group) => selectSql(columnsOf(group), relations.get(group))),
  );
}

/** Rows that views on the engine read: of one window, or they would be rows of several queries. */
function addRows(
  view: ViewNode,
  groups: readonly WindowGroup[],
  { sinks, refusals, relations, add }: SinkParts & { readonly refusals: Refusal[] },
): void {
  const table = sinks.rows ?? null;
  const [only, ...others] = groups;
  if (table === null || only === undefined) return;
  if (others.length > 0) {
    refusalsAt(`${view.name}.features`, refusals).refuse(
      'another view reads its rows, and Flink computes its windows in queries of their own, each with rows of its own',
      "give a view whose rows are read one window, or compute it on the engine: .on('engine')",
    );
    return;
  }
  const columns = rowColumns(view, only);
  const name = `${view.name}__rows`;
  const ddl = tableSql(name, `view ${view.name}: every row, for the views that read them`, {
    columns,
    ...table,
  });
  add(name, ddl, [selectSql(columns, relations.get(only))]);
}

function rowColumns(view: ViewNode, group: WindowGroup): readonly Column[] {
  return [...headColumns(view), ...featureColumns(group)];
}

function headColumns(view: ViewNode): readonly Column[] {
  const keys = view.key.map((part) => columnOf(part, part.type.kind === 'timestamp'));
  const times = ['event_time', 'as_of'].map((name) => ({
    name,
    type: instantType,
    value: quoteName(name),
  }));
  return [...keys, ...times];
}

function featureColumns({ features, derived }: WindowGroup): readonly Column[] {
  return [...features, ...derived].map((feature) => columnOf(feature, false));
}

function columnOf({ name, type }: Pick<Field, 'name' | 'type'>, isRawInstant: boolean): Column {
  const value = isRawInstant ? `TO_TIMESTAMP_LTZ(${quoteName(name)}, 3)` : quoteName(name);
  return { name, type: sinkTypeOf(type), value };
}

interface TableParts {
  readonly columns: readonly Column[];
  readonly options: Readonly<Record<string, string>>;
  readonly extra?: readonly string[];
  readonly partitioned?: string;
}

function tableSql(name: string, comment: string, parts: TableParts): string {
  const { columns, options, extra = [], partitioned } = parts;
  const lines = [...columns.map((c) => `  ${quoteName(c.name)} ${c.type}`), ...extra];
  const by = partitioned === undefined ? '' : `PARTITIONED BY (${quoteName(partitioned)}) `;
  return [
    commentText(comment),
    `CREATE TEMPORARY TABLE ${quoteName(name)} (`,
    lines.join(',\n'),
    `) ${by}${optionsSql(options)}`,
  ].join('\n');
}

function selectSql(columns: readonly Column[], from: string | undefined): string {
  const items = columns.map(({ name, value }) =>
    value === quoteName(name) ? value : `${value} AS ${quoteName(name)}`,
  );
  return `SELECT ${items.join(', ')}\nFROM ${from ?? ''}`;
}
