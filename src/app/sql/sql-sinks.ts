// Where rows of a query go: shown, thrown away, written to files or topics. Rows that change go to
// sinks that can follow a change: what is shown, and topics with a key.
import { randomUUID } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { openMessageWriter, type Message } from '../../adapters/kafka/sink/message-writer.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { minWatermark } from '../../kernel/instant.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { SqlTarget, SqlTask } from '../../sql/bind/bind-script.ts';
import { refusal, typeProblem } from '../../sql/syntax/sql-error.ts';
import { brokersOf, pathOf } from './sql-sources.ts';
import {
  type JsonStyle,
  type RowColumn,
  printText,
  rowJson,
  type SqlRow,
  valueText,
} from './sql-row.ts';
import { TableOptions } from './table-options.ts';

/** Takes rows in order. */
export interface SqlSink {
  write(rows: readonly SqlRow[]): Promise<void>;
  close(): Promise<void>;
}

export interface SinkContext {
  readonly baseDirectory: string;
  /** A line of what `print` tables show. */
  readonly print: (line: string) => void;
}

type OpenSink = () => Promise<SqlSink>;

const writable = ['print', 'blackhole', 'filesystem', 'kafka', 'upsert-kafka'] as const;

/** Checks the target of a query, and gives what opens it. Throws problems with their places. */
export function sinkOf(task: SqlTask, target: SqlTarget, context: SinkContext): OpenSink {
  const options = new TableOptions(target.table);
  const connector = options.oneOf('connector', writable);
  const { isChanging } = task.query;
  if (isChanging && (connector === 'filesystem' || connector === 'kafka')) {
    const what = `rows of this query change, and ${connector} tables only take new ones`;
    throw refusal(task.at, what, "use 'upsert-kafka', or group by a window");
  }
  switch (connector) {
    case 'blackhole':
      return () => Promise.resolve(nowhere);
    case 'print':
      return printSink(options, target, context);
    case 'filesystem':
      return filesSink(options, target, context);
    case 'kafka':
      return topicSink(options, target, false);
    case 'upsert-kafka':
      if (target.table.primaryKey.length === 0) {
        const fix = 'add PRIMARY KEY (…) NOT ENFORCED';
        throw typeProblem(target.table.at, `table ${target.table.name} has no key`, fix);
      }
      return topicSink(options, target, true);
  }
}

const nowhere: SqlSink = {
  write: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** The query's values as the table's. */
function valuesOf({ columns, table }: SqlTarget, row: SqlRow): readonly Value[] {
  return columns.map(({ from, cast, name, isNullable }) => {
    const given = from === null ? null : (row.values[from] ?? null);
    const value = cast === null || given === null ? given : cast([given], noRow);
    if (value === null && !isNullable) throw nullProblem(table.name, name);
    return value;
  });
}

const noRow = { watermarkMs: minWatermark };

function nullProblem(table: string, column: string): MillraceError {
  const what = `column ${column} of table ${table} is NOT NULL, and a row has no value for it`;
  return new MillraceError('MR_SQL_VALUE', what, {
    fix: 'filter such rows out with WHERE … IS NOT NULL, or give them a value with COALESCE',
  });
}

function printSink(options: TableOptions, target: SqlTarget, { print }: SinkContext): OpenSink {
  const identifier = options.get('print-identifier');
  options.get('standard-error');
  options.finish();
  const prefix = identifier === undefined ? '' : `${identifier}> `;
  return () =>
    Promise.resolve({
      write: async (rows) => {
        for (const row of rows) {
          const values = valuesOf(target, row);
          const texts = target.columns.map(({ type }, i) => printText(values[i] ?? null, type));
          print(`${prefix}${row.kind}[${texts.join(', ')}]`);
        }
        await Promise.resolve();
      },
      close: () => Promise.resolve(),
    });
}

function styleOf(options: TableOptions, prefix: string): JsonStyle {
  const name = `${prefix}json.timestamp-format.standard`;
  const standard = options.oneOf(name, ['SQL', 'ISO-8601'], 'SQL');
  return { separator: standard === 'SQL' ? ' ' : 'T', decimals: 'number' };
}

type Encode = (columns: readonly RowColumn[], values: readonly Value[]) => string;

function csvLine(delimiter: string): Encode {
  return (columns, values) =>
    columns
      .map(({ type }, i) => quoted(valueText(values[i] ?? null, type), delimiter))
      .join(delimiter);
}

function quoted(text: string, delimiter: string): string {
  return text.includes(delimiter) || /["\n\r]/.test(text)
    ? `"${text.replaceAll('"', '""')}"`
    : text;
}

/** A file of its own for each run, in the folder that the path names. */
function filesSink(options: TableOptions, target: SqlTarget, context: SinkContext): OpenSink {
  const folder = pathOf(options, context.baseDirectory);
  const format = options.oneOf('format', ['json', 'csv']);
  const style = styleOf(options, '');
  const delimiter = options.get('csv.field-delimiter') ?? ',';
  options.finish();
  const encode: Encode =
    format === 'json' ? (columns, values) => rowJson(columns, values, style) : csvLine(delimiter);
  return async () => {
    await mkdir(folder, { recursive: true });
    const handle = await open(join(folder, `part-${randomUUID()}.${format}`), 'wx');
    return {
      write: async (rows) => {
        const lines = rows.map((row) => `${encode(target.columns, valuesOf(target, row))}\n`);
        await handle.appendFile(lines.join(''));
      },
      close: () => handle.close(),
    };
  };
}

function topicSink(options: TableOptions, target: SqlTarget, isKeyed: boolean): OpenSink {
  const topic = options.need('topic');
  const prefix = options.table.options.has('value.format') ? 'value.' : '';
  if (isKeyed) {
    options.oneOf('key.format', ['json']);
    options.oneOf('value.format', ['json']);
  } else options.oneOf(`${prefix}format`, ['json']);
  const style = styleOf(options, prefix);
  const keyStyle = styleOf(options, 'key.');
  const delivery = options.get('sink.delivery-guarantee') ?? 'at-least-once';
  if (delivery === 'exactly-once') {
    const at = options.at('sink.delivery-guarantee');
    throw refusal(at, 'this keeps no checkpoints, which exactly-once needs', "use 'at-least-once'");
  }
  const brokers = brokersOf(options, options.startingWith('properties.'));
  options.startingWith('scan.');
  options.finish();
  const { columns, table } = target;
  const keys = columns.flatMap((column, i) =>
    table.primaryKey.includes(column.name) ? [{ ...column, i }] : [],
  );
  const messageOf = (row: SqlRow): Message => {
    const values = valuesOf(target, row);
    const key = isKeyed
      ? rowJson(
          keys,
          keys.map(({ i }) => values[i] ?? null),
          keyStyle,
        )
      : null;
    const value = row.kind === '-D' ? null : rowJson(columns, values, style);
    return { topic, key, value };
  };
  return async () => {
    const writer = await openMessageWriter({ brokers });
    return {
      write: (rows) =>
        writer.write(rows.filter(({ kind }) => kind !== '-U').map((row) => messageOf(row))),
      close: () => writer.close(),
    };
  };
}
