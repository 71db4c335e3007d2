// Streams as tables, and the records that the engine would take of them: a record without a required
// field is a dead letter there and nothing here, so that neither counts it. A row without event time
// would fail the job; what is left out has the epoch as its time, which moves no watermark.
import type { Field } from '../kernel/types/field-type.ts';
import { formatType } from '../kernel/types/field-type.ts';
import { literalFits } from '../plan/literal-fits.ts';
import type { StreamNode } from '../plan/plan.ts';
import type { FlinkStatement } from './flink-program.ts';
import type { SourceTable } from './flink-tables.ts';
import { type Refusal, refusalsAt } from './refusal.ts';
import { literalSql } from './sql-literal.ts';
import { commentText, intervalSql, optionsSql, quoteName } from './sql-text.ts';
import { instantType, sqlTypeOf } from './sql-type.ts';

/** The column that holds the watermark's time. */
export const rowtimeColumn = 'event_time__rowtime';

/** The view of a stream's usable records. */
export function recordsName(stream: StreamNode): string {
  return `${stream.name}__records`;
}

/** The table of a stream and the view of its records. */
export function sourceStatements(
  stream: StreamNode,
  table: SourceTable,
  refusals: Refusal[],
): readonly FlinkStatement[] {
  return [tableStatement(stream, table), recordsStatement(stream, table, refusals)];
}

function tableStatement(stream: StreamNode, table: SourceTable): FlinkStatement {
  const { eventTime } = stream;
  const columns = stream.fields.map(
    (field) => `  ${quoteName(field.name)} ${physicalType(field, table)}`,
  );
  const rowtime = quoteName(rowtimeColumn);
  const recorded = table.watermarkField === undefined ? null : quoteName(table.watermarkField);
  const delay =
    eventTime.outOfOrdernessMs === 0 ? '' : ` - ${intervalSql(eventTime.outOfOrdernessMs)}`;
  const watermark = recorded === null ? rowtime + delay : `TO_TIMESTAMP_LTZ(${recorded}, 3)`;
  const lines = [
    ...columns,
    ...(recorded === null ? [] : [`  ${recorded} BIGINT`]),
    `  ${rowtime} AS ${rowtimeSql(stream, table)}`,
    `  WATERMARK FOR ${rowtime} AS ${watermark}`,
  ];
  const text = [
    commentText(`stream ${stream.name}${described(stream.description)}`),
    `CREATE TEMPORARY TABLE ${quoteName(stream.name)} (`,
    lines.join(',\n'),
    `) ${optionsSql({ connector: table.connector, ...table.options, ...timeOptions(stream, table) })}`,
  ].join('\n');
  return { kind: 'table', name: stream.name, origin: stream.uid, text };
}

export function described(description: string | null): string {
  return description === null ? '' : `: ${description}`;
}

/** Watermarks after every record, as the engine's; Kafka's source has its own options for the rest. */
function timeOptions(
  { name, eventTime }: StreamNode,
  { connector }: SourceTable,
): Record<string, string> {
  if (connector !== 'kafka') return {};
  const { idleTimeoutMs, maxDriftMs } = eventTime;
  return {
    'scan.watermark.emit.strategy': 'on-event',
    ...(idleTimeoutMs === null ? {} : { 'scan.watermark.idle-timeout': `${idleTimeoutMs} ms` }),
    ...(maxDriftMs === null
      ? {}
      : {
          'scan.watermark.alignment.group': name,
          'scan.watermark.alignment.max-drift': `${maxDriftMs} ms`,
        }),
  };
}

function physicalType({ type }: Field, { instants }: SourceTable): string {
  return type.kind === 'timestamp' && instants === 'iso' ? instantType : sqlTypeOf(type);
}

/** Records that are left out move no watermark: those of the engine are set aside before it. */
function rowtimeSql(stream: StreamNode, { instants }: SourceTable): string {
  const name = quoteName(stream.eventTime.field);
  const isUsable = [...new Set([...requiredFields(stream), stream.eventTime.field])]
    .map((field) => `${quoteName(field)} IS NOT NULL`)
    .join(' AND ');
  if (instants === 'iso') return `IF(${isUsable}, ${name}, TO_TIMESTAMP_LTZ(0, 3))`;
  return `TO_TIMESTAMP_LTZ(IF(${isUsable}, ${name}, 0), ${instants === 's' ? 0 : 3})`;
}

function requiredFields({ fields }: StreamNode): readonly string[] {
  return fields
    .filter((field) => !field.nullable && field.default === undefined)
    .map(({ name }) => name);
}

function recordsStatement(
  stream: StreamNode,
  table: SourceTable,
  refusals: Refusal[],
): FlinkStatement {
  const columns = [
    ...stream.fields.map((field) => recordColumn(stream, field, table, refusals)),
    `  ${quoteName(rowtimeColumn)}`,
  ];
  const where = requiredFields(stream)
    .map((name) => `${quoteName(name)} IS NOT NULL`)
    .join(' AND ');
  const text = [
    commentText(`stream ${stream.name}: records with every required field; instants as epoch ms`),
    `CREATE TEMPORARY VIEW ${quoteName(recordsName(stream))} AS`,
    `SELECT\n${columns.join(',\n')}`,
    `FROM ${quoteName(stream.name)}`,
    ...(where === '' ? [] : [`WHERE ${where}`]),
  ].join('\n');
  return { kind: 'view', name: recordsName(stream), origin: stream.uid, text };
}

function recordColumn(
  stream: StreamNode,
  field: Field,
  { instants }: SourceTable,
  refusals: Refusal[],
): string {
  const name = quoteName(field.name);
  if (field.default !== undefined) return `  ${defaultSql(stream, field, refusals)} AS ${name}`;
  if (field.type.kind !== 'timestamp' || instants === 'ms') return `  ${name}`;
  if (instants === 's') return `  ${name} * 1000 AS ${name}`;
  const seconds = `UNIX_TIMESTAMP(CAST(${name} AS STRING)) * 1000`;
  return `  ${seconds} + EXTRACT(MILLISECOND FROM ${name}) AS ${name}`;
}

/** Flink's formats cannot tell a field that is missing from one that is null. */
function defaultSql(stream: StreamNode, field: Field, refusals: Refusal[]): string {
  const name = quoteName(field.name);
  const scope = refusalsAt(`${stream.name}.schema.${field.name}`, refusals);
  const { type, nullable } = field;
  const value = field.default as string | number | boolean;
  if (nullable || !['string', 'number', 'boolean'].includes(typeof value)) {
    scope.refuse(
      nullable
        ? 'it has a default and may be null, and Flink cannot tell a missing field from null'
        : `Flink SQL has no default of type ${formatType(type)}`,
      'take the default away and use .coalesce(…) where the field is used',
    );
    return name;
  }
  const literal = type.kind === 'int64' ? BigInt(value) : value;
  if (!literalFits(literal, type)) return name;
  const sql = literalSql({ kind: 'literal', value: literal, type, nullable: false }, scope);
  return `COALESCE(${name}, ${sql})`;
}
