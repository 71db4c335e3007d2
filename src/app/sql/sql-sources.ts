// Tables as sources: files and Kafka topics, as the options of Flink's connectors say. Options of the
// writing side are known too, because one table may be written and read.
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import { file } from '../../adapters/file/file-source.ts';
import { kafka } from '../../adapters/kafka/kafka.ts';
import type { KafkaOptions, KafkaStart } from '../../adapters/kafka/kafka-options.ts';
import type { Source } from '../../ports/source.ts';
import { refusal, typeProblem } from '../../sql/syntax/sql-error.ts';
import type { SqlTable } from '../../sql/bind/sql-table.ts';
import { delimiterOf } from './row-encoders.ts';
import { TableOptions } from './table-options.ts';
import { withRowtime } from './rowtime-source.ts';

const readable = ['filesystem', 'kafka', 'upsert-kafka', 'print', 'blackhole'] as const;

/** The source of a table; relative paths are of `baseDirectory`. */
export function sourceOf(table: SqlTable, baseDirectory: string): Source {
  const options = new TableOptions(table);
  const connector = options.oneOf('connector', readable);
  const { at, name } = table;
  switch (connector) {
    case 'filesystem':
      refuseVersioned(table);
      return withRowtime(filesSource(options, baseDirectory), table);
    case 'kafka':
      return withRowtime(topicSource(options), table);
    case 'upsert-kafka':
      throw refusal(at, 'versioned tables are no node of the plan yet', 'run it on Flink');
    default:
      throw typeProblem(at, `table ${name} can be written to, not read`);
  }
}

function refuseVersioned({ primaryKey, options, at }: SqlTable): void {
  if (primaryKey.length === 0 || options.get('changelog-mode')?.value !== 'upsert') return;
  throw refusal(at, 'versioned tables are no node of the plan yet', 'run it on Flink');
}

/** The path of a `filesystem` table in this file system. */
export function pathOf(options: TableOptions, baseDirectory: string): string {
  const path = options.need('path');
  if (path.startsWith('file:')) return fileURLToPath(path.replace(/^file:\/?(?=[^/])/, 'file:///'));
  if (/^[a-z][a-z0-9+.-]*:\/\//.test(path)) {
    throw refusal(options.at('path'), `'${path}' is not in this file system`, "use '/data/x.json'");
  }
  return resolve(baseDirectory, path);
}

export const fileFormats = ['json', 'csv', 'parquet'] as const;

function filesSource(options: TableOptions, baseDirectory: string): Source {
  const path = pathOf(options, baseDirectory);
  const format = options.oneOf('format', fileFormats);
  const formatOptions = {
    ...(format === 'parquet' ? {} : { timestamp: 'iso' }),
    ...(format === 'csv' ? { header: false, delimiter: delimiterOf(options, '') } : {}),
  };
  options.finish();
  const plain = file(path, { format, formatOptions });
  // Whether it is a folder is only known when it is read: a statement before may make it.
  return {
    ...plain,
    open: (context) =>
      isFolder(path)
        ? file(`${path}/*`, { format, formatOptions }).open(context)
        : plain.open(context),
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

const starts = [
  'earliest-offset',
  'latest-offset',
  'group-offsets',
  'timestamp',
  'specific-offsets',
] as const;

function topicSource(options: TableOptions): Source {
  const topic = options.need('topic');
  const prefix = options.table.options.has('format') ? '' : 'value.';
  const format = options.oneOf(`${prefix}format`, ['json', 'csv', 'avro-confluent']);
  const bounded = options.oneOf('scan.bounded.mode', ['unbounded', 'latest-offset'], 'unbounded');
  const start = startOf(options);
  const properties = options.startingWith('properties.');
  const group = properties['group.id'];
  options.startingWith('sink.');
  options.startingWith('key.');
  options.oneOf('value.fields-include', ['ALL'], 'ALL');
  const encoded = encodingOf(options, prefix, format);
  options.startingWith('scan.topic-partition-discovery.');
  options.finish();
  return kafka({
    brokers: brokersOf(options, properties),
    topic,
    ...encoded,
    start,
    ...(group === undefined ? {} : { group }),
    ...(bounded === 'latest-offset' ? { until: 'latest' } : {}),
    ...(properties['isolation.level'] === 'read_uncommitted'
      ? { isolation: 'read_uncommitted' }
      : {}),
  });
}

type Encoding = Pick<KafkaOptions, 'format' | 'formatOptions' | 'registry'>;

/** How messages are read, as the project's own options say it. */
function encodingOf(
  options: TableOptions,
  prefix: string,
  format: 'json' | 'csv' | 'avro-confluent',
): Encoding {
  if (format === 'json') return { format, formatOptions: { timestamp: 'iso' } };
  if (format === 'csv') {
    const delimiter = delimiterOf(options, prefix);
    return { format, formatOptions: { timestamp: 'iso', header: false, delimiter } };
  }
  const older = options.get(`${prefix}avro-confluent.schema-registry.url`);
  const url = options.get(`${prefix}avro-confluent.url`) ?? older;
  if (url === undefined) options.need(`${prefix}avro-confluent.url`);
  options.get(`${prefix}avro-confluent.subject`);
  options.get(`${prefix}avro-confluent.schema-registry.subject`);
  return { format: 'avro', registry: url ?? '' };
}

export function brokersOf(
  options: TableOptions,
  properties: Readonly<Record<string, string>>,
): readonly string[] {
  const servers = properties['bootstrap.servers'];
  if (servers === undefined) options.need('properties.bootstrap.servers');
  const protocol = properties['security.protocol'] ?? 'PLAINTEXT';
  if (protocol !== 'PLAINTEXT') {
    const at = options.at('properties.security.protocol');
    throw refusal(
      at,
      `connections by ${protocol} are not read from SQL`,
      'use kafka(…) in a project',
    );
  }
  return (servers ?? '').split(',').map((server) => server.trim());
}

function startOf(options: TableOptions): KafkaStart {
  const mode = options.oneOf('scan.startup.mode', starts, 'group-offsets');
  const millis = options.get('scan.startup.timestamp-millis');
  const offsets = options.get('scan.startup.specific-offsets');
  switch (mode) {
    case 'earliest-offset':
      return 'earliest';
    case 'latest-offset':
      return 'latest';
    case 'group-offsets':
      return 'committed';
    case 'timestamp':
      return { timestamp: Number(millis) };
    case 'specific-offsets': {
      const parts = [...(offsets ?? '').matchAll(/partition:(\d+),offset:(\d+)/g)];
      return { offsets: Object.fromEntries(parts.map(([, p, o]) => [Number(p), Number(o)])) };
    }
  }
}
