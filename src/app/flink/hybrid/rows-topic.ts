// The topic that joins Flink and the engine: rows of a view that Flink computes, for views that the engine
// computes. Each subtask of Flink writes to one partition, so rows of a partition are in order of as_of.
import type { KafkaBinding } from '../../../adapters/kafka/kafka.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { BrokerAdmin } from '../../../ports/broker-admin.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';

type Named = Pick<ResolvedProject, 'project' | 'env'>;

export function rowsTopic({ project, env }: Named, view: string): string {
  return `millrace.${project}.${env}.${view}.rows`;
}

/** How instants and decimals are written there. */
const rowsFormat = {
  format: 'json',
  'json.timestamp-format.standard': 'ISO-8601',
  'json.encode.decimal-as-plain-number': 'true',
} as const;

/** A transaction lives as long as a checkpoint may take, and a minute. */
const transactionMarginMs = 660_000;

/** Options of Flink's table for the topic, besides those of access. */
export function rowsOptions(
  named: Named,
  view: string,
  checkpointIntervalMs: number | null,
): Readonly<Record<string, string>> {
  return {
    topic: rowsTopic(named, view),
    ...rowsFormat,
    'sink.partitioner': 'fixed',
    'sink.delivery-guarantee': 'exactly-once',
    'sink.transactional-id-prefix': `millrace-${named.project}-${named.env}-${view}-rows`,
    'properties.transaction.timeout.ms': String((checkpointIntervalMs ?? 0) + transactionMarginMs),
  };
}

/** A week is time enough to look after an engine that stands still. */
const retentionMs = 7 * 86_400_000;
const replicasMax = 3;

/**
 * Makes the topics of rows that are not there, with a partition for each of Flink's subtasks; one that has
 * too few would mix the rows of two of them, which are not in order. Throws MR_FLINK_DEPLOYMENT then.
 */
export async function createRowsTopics(
  admin: BrokerAdmin,
  topics: readonly string[],
  { settings, environment }: Pick<ResolvedProject, 'settings' | 'environment'>,
): Promise<void> {
  const found = new Map((await admin.topics(topics)).map((topic) => [topic.topic, topic]));
  const brokers = await admin.brokerCount();
  const { parallelism } = settings;
  for (const topic of topics) {
    const known = found.get(topic);
    if (known === undefined) {
      const { replicas = replicasMax } = environment.topics?.[topic] ?? {};
      await admin.createTopic({
        topic,
        partitions: parallelism,
        replicas: Math.min(replicas, brokers),
        settings: { 'retention.ms': String(retentionMs) },
      });
    } else if (known.partitions < parallelism) {
      throw tooFew(topic, known.partitions, parallelism);
    }
  }
}

function tooFew(topic: string, partitions: number, parallelism: number): MillraceError {
  return new MillraceError(
    'MR_FLINK_DEPLOYMENT',
    `topic ${topic} has ${partitions} partitions for ${parallelism} subtasks of Flink: rows of two would share one, out of order`,
    { fix: `give it ${parallelism} partitions, or lower parallelism` },
  );
}

/** What of a binding to Kafka any topic of its cluster needs. */
export function accessOf({
  options,
}: KafkaBinding): Pick<KafkaBinding['options'], 'brokers' | 'tls' | 'sasl'> {
  const { brokers, tls, sasl } = options;
  return {
    brokers,
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
  };
}
