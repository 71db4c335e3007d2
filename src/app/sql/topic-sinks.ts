// Rows into topics: each a message, acknowledged before the next rows are taken.
import { openMessageWriter, type Message } from '../../adapters/kafka/sink/message-writer.ts';
import type { SqlTarget } from '../../sql/bind/bind-script.ts';
import { nameProblem, refusal } from '../../sql/syntax/sql-error.ts';
import { type Encode, encoderOf } from './row-encoders.ts';
import { type OpenSink, valuesOf } from './sql-sink.ts';
import { brokersOf } from './sql-sources.ts';
import type { SqlRow } from './sql-row.ts';
import type { TableOptions } from './table-options.ts';

export interface TopicUse {
  /** By the primary key: a row that is deleted is a message without a value. */
  readonly isKeyed: boolean;
  /** Rows that are taken back are deleted, because nothing may come in their place. */
  readonly takesBack: boolean;
}

const written = ['json', 'csv'] as const;

export function topicSink(options: TableOptions, target: SqlTarget, use: TopicUse): OpenSink {
  const topic = options.need('topic');
  const { columns } = target;
  const keys = keyColumns(options, target, use);
  const prefix = use.isKeyed || options.table.options.has('value.format') ? 'value.' : '';
  const encode = encoderOf(options, prefix, options.oneOf(`${prefix}format`, written));
  const encodeKey: Encode | null =
    keys.length === 0 ? null : encoderOf(options, 'key.', options.oneOf('key.format', written));
  options.oneOf('value.fields-include', ['ALL'], 'ALL');
  const delivery = options.get('sink.delivery-guarantee') ?? 'at-least-once';
  if (delivery === 'exactly-once') {
    const what = 'topics are written at least once: there are no transactions of SQL';
    const fix = "use 'at-least-once', or a project with delivery: 'exactly-once'";
    throw refusal(options.at('sink.delivery-guarantee'), what, fix);
  }
  const brokers = brokersOf(options, options.startingWith('properties.'));
  options.startingWith('scan.');
  options.finish();
  const messageOf = (row: SqlRow): Message => {
    const values = valuesOf(target, row);
    const keyValues = keys.map(({ i }) => values[i] ?? null);
    const key = encodeKey === null ? null : encodeKey(keys, keyValues);
    const isGone = row.kind === '-D' || row.kind === '-U';
    return { topic, key, value: isGone ? null : encode(columns, values) };
  };
  return async () => {
    const writer = await openMessageWriter({ brokers });
    return {
      write: (rows) => {
        const said = use.takesBack ? rows : rows.filter(({ kind }) => kind !== '-U');
        return writer.write(said.map((row) => messageOf(row)));
      },
      close: () => writer.close(),
    };
  };
}

type KeyColumn = SqlTarget['columns'][number] & { readonly i: number };

/** The primary key of a keyed table; of others what `'key.fields' = 'a;b'` names. */
function keyColumns(
  options: TableOptions,
  { columns, table }: SqlTarget,
  { isKeyed }: TopicUse,
): readonly KeyColumn[] {
  const named = options.get('key.fields')?.split(';') ?? [];
  const names = isKeyed ? table.primaryKey : named;
  return names.map((name) => {
    const i = columns.findIndex((column) => column.name === name);
    const column = columns[i];
    if (column !== undefined) return { ...column, i };
    throw nameProblem(options.at('key.fields'), `there is no column ${name} to be a key`);
  });
}
