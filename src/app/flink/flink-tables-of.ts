// An environment's bindings as tables of Flink. What a binding has and Flink's connectors do not is a
// problem of the environment, never left out in silence. Passwords stay out of the text.
import type { KafkaBinding } from '../../adapters/kafka/kafka.ts';
import type { KafkaOptions, KafkaStart } from '../../adapters/kafka/kafka-options.ts';
import type { FlinkTables, SinkTable, SourceTable } from '../../flink/flink-tables.ts';
import type { Problem } from '../../kernel/errors/millrace-error.ts';
import type { Source } from '../../ports/source.ts';
import { startTimeMs } from '../../adapters/kafka/kafka-options.ts';
import { Findings } from '../config/findings.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { isFlinkBinding } from './flink-binding.ts';
import { isKafkaBinding } from '../outputs/kafka-binding.ts';
import { type Plan, streamOf, type ViewNode } from '../../plan/plan.ts';
import { viewRead, viewsRead } from '../../plan/rows-stream.ts';
import { rowsOptions } from './hybrid/rows-topic.ts';
import { filesTable, parquetTable } from './file-tables.ts';
import { instantsOf } from './instants-of.ts';
import { upsertTopic } from './load/loaded-groups.ts';

/** Tables of an environment, and what of it Flink cannot use. */
export interface BoundTables {
  readonly tables: FlinkTables;
  readonly problems: readonly Problem[];
}

export function flinkTablesOf(project: ResolvedProject): BoundTables {
  const findings = new Findings(`environments.${project.env}`);
  const { checkpoints } = project.settings;
  // What the engine computes is bound for the engine.
  const views = project.plan.views.filter((view) => mayBeOnFlink(project.plan, view));
  const streams = new Set(views.map((view) => streamOf(project.plan, view).name));
  const sources = new Map([...streams].map((name) => [name, sourceOf(project, name, findings)]));
  const brokers = upsertBrokers(project);
  const intervalMs = checkpoints?.intervalMs ?? null;
  const names = views.map(({ name }) => name);
  const read = new Set([...viewsRead(project.plan)].filter((name) => names.includes(name)));
  if (read.size > 0 && brokers === null && isFlinkBinding(project.environment.engine)) {
    findings.add('error', 'MR_FLINK_BINDING', 'streams', [
      `rows of ${[...read].join(', ')} are read on the engine, and no topic of Kafka can join the two`,
      'bind a stream or an output to kafka(…)',
    ]);
  }
  const outputs = new Map(
    names.map((name) => [name, outputOf(project, name, { intervalMs, findings })]),
  );
  const tables: FlinkTables = {
    project: project.project,
    checkpointIntervalMs: intervalMs,
    source: (stream) => sources.get(stream) ?? noTable,
    sinks: (view) => ({
      online:
        project.environment.online === undefined || brokers === null
          ? null
          : (group) => upsertTable(brokers, upsertTopic(project, view, group)),
      output: outputs.get(view) ?? null,
      log: parquetTable(project, view),
      rows:
        brokers === null || !read.has(view)
          ? null
          : rowsTable(brokers, rowsOptions(project, view, intervalMs)),
    }),
  };
  return { tables, problems: findings.problems };
}

/** Not what is placed on the engine, and not what reads the rows of another view. */
function mayBeOnFlink(plan: Plan, view: ViewNode): boolean {
  return view.on !== 'engine' && viewRead(plan, view) === null;
}

/** Stands for a table that a problem was found about. */
const noTable: SourceTable = { connector: 'filesystem', options: {}, instants: 'ms' };

/** Formats of Kafka's records by the names that Flink has for them. */
const formats: Readonly<Record<string, string>> = {
  json: 'json',
  csv: 'csv',
  avro: 'avro-confluent',
};

function sourceOf(project: ResolvedProject, stream: string, findings: Findings): SourceTable {
  const source = project.environment.streams[stream];
  const place = `streams.${stream}`;
  if (isKafkaBinding(source)) return topicTable(project, source, place, findings);
  if (source !== undefined) return filesTable(project, source, place, findings) ?? noTable;
  return noTable;
}

function topicTable(
  project: ResolvedProject,
  { options }: KafkaBinding,
  place: string,
  findings: Findings,
): SourceTable {
  const { topic, start = 'earliest', group, until, isolation } = options;
  return {
    connector: 'kafka',
    instants: instantsOf(options, place, findings),
    options: {
      topic,
      ...accessOptions(options, place, findings),
      'properties.group.id': flinkGroup(project.project, project.env, group),
      'properties.isolation.level': isolation ?? 'read_committed',
      ...startOptions(start),
      ...(until === 'latest' ? { 'scan.bounded.mode': 'latest-offset' } : {}),
      ...formatOptions(options, place, findings),
    },
  };
}

/** The group to which Flink commits a stream's offsets. */
export function flinkGroup(project: string, env: string, given: string | undefined): string {
  return given ?? `millrace-${project}-${env}-flink`;
}

function startOptions(start: KafkaStart): Record<string, string> {
  if (start === 'earliest') return { 'scan.startup.mode': 'earliest-offset' };
  if (start === 'latest') return { 'scan.startup.mode': 'latest-offset' };
  if (start === 'committed') {
    return { 'scan.startup.mode': 'group-offsets', 'properties.auto.offset.reset': 'earliest' };
  }
  if ('timestamp' in start) {
    return {
      'scan.startup.mode': 'timestamp',
      'scan.startup.timestamp-millis': String(startTimeMs(start.timestamp)),
    };
  }
  const offsets = Object.entries(start.offsets).map(([p, o]) => `partition:${p},offset:${o}`);
  return {
    'scan.startup.mode': 'specific-offsets',
    'scan.startup.specific-offsets': offsets.join(';'),
  };
}

function formatOptions(
  { format = 'json', formatOptions: options = {}, registry }: KafkaOptions,
  place: string,
  findings: Findings,
): Record<string, string> {
  const name = formats[format];
  if (name === undefined) {
    findings.add('error', 'MR_FLINK_BINDING', place, [
      `Flink cannot read records of format ${format} as this version binds them`,
      `use ${Object.keys(formats).join(', ')}, or run this environment on the engine`,
    ]);
    return {};
  }
  if (name !== 'avro-confluent') {
    const iso = options['timestamp'] === 'iso' && name === 'json';
    return {
      format: name,
      [`${name}.ignore-parse-errors`]: 'true',
      ...(iso ? { 'json.timestamp-format.standard': 'ISO-8601' } : {}),
    };
  }
  const url = typeof registry === 'string' ? registry : String(registry?.url ?? '');
  if (!/^https?:/.test(url)) {
    findings.add('error', 'MR_FLINK_BINDING', place, [
      'Flink reads Avro with the schemas of a registry, not of a folder',
      "add registry: 'http://localhost:8081'",
    ]);
  }
  return { format: name, 'avro-confluent.url': url };
}

function accessOptions(
  { brokers, tls, sasl }: KafkaOptions,
  place: string,
  findings: Findings,
): Record<string, string> {
  const hasTls = tls !== undefined && tls !== false;
  if (sasl !== undefined || typeof tls === 'object') {
    findings.add('warning', 'MR_FLINK_BINDING', place, [
      'passwords and certificates are not written into SQL',
      'configure the cluster with them: properties.sasl.jaas.config, properties.ssl.*',
    ]);
  }
  const protocol = `${sasl === undefined ? '' : 'SASL_'}${hasTls ? 'SSL' : 'PLAINTEXT'}`;
  return {
    'properties.bootstrap.servers': brokers.join(','),
    ...(protocol === 'PLAINTEXT' ? {} : { 'properties.security.protocol': protocol }),
    ...(sasl === undefined ? {} : { 'properties.sasl.mechanism': sasl.mechanism }),
  };
}

/** Brokers that rows for the online store can go through: those of a source or an output. */
export function upsertBrokers({ environment }: ResolvedProject): KafkaBinding | null {
  const bindings: readonly (Source | object)[] = [
    ...Object.values(environment.outputs ?? {}),
    ...Object.values(environment.streams ?? {}),
  ];
  return bindings.find(isKafkaBinding) ?? null;
}

function rowsTable({ options }: KafkaBinding, rows: Readonly<Record<string, string>>): SinkTable {
  const access = accessOptions(options, '', new Findings(''));
  return { options: { connector: 'kafka', ...access, ...rows } };
}

function upsertTable({ options }: KafkaBinding, topic: string): SinkTable {
  const ignored = new Findings('');
  return {
    options: {
      connector: 'upsert-kafka',
      topic,
      ...accessOptions(options, '', ignored),
      'key.format': 'json',
      'key.json.timestamp-format.standard': 'ISO-8601',
      'value.format': 'json',
      'value.json.timestamp-format.standard': 'ISO-8601',
      'value.json.encode.decimal-as-plain-number': 'true',
    },
  };
}

interface OutputParts {
  readonly intervalMs: number | null;
  readonly findings: Findings;
}

const guarantees = {
  'exactly-once': 'exactly-once',
  'at-least-once': 'at-least-once',
  'at-most-once': 'none',
} as const;
/** A transaction lives as long as a checkpoint may take, and a minute. */
const transactionMarginMs = 660_000;

function outputOf(
  { environment, project, env }: ResolvedProject,
  view: string,
  { intervalMs, findings }: OutputParts,
): SinkTable | null {
  const output = environment.outputs?.[view];
  if (!isKafkaBinding(output)) return null;
  const place = `outputs.${view}`;
  const { options } = output;
  const { delivery = 'at-least-once', format = 'json', topic } = options;
  if (format !== 'json') {
    findings.add('error', 'MR_FLINK_BINDING', place, [
      `this version writes ${format} from the engine only`,
      "use format: 'json'",
    ]);
  }
  return {
    options: {
      connector: 'kafka',
      topic,
      ...accessOptions(options, place, findings),
      format: 'json',
      'json.timestamp-format.standard': 'ISO-8601',
      'sink.delivery-guarantee': guarantees[delivery],
      ...(delivery === 'exactly-once'
        ? {
            'sink.transactional-id-prefix': `millrace-${project}-${env}-${view}`,
            'properties.transaction.timeout.ms': String((intervalMs ?? 0) + transactionMarginMs),
          }
        : {}),
    },
  };
}
