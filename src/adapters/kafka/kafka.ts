// A Kafka topic as an environment names it: a source of records, and a place to write to. Making the
// binding checks its options and loads nothing.
import type { Source } from '../../ports/source.ts';
import { checkKafkaOptions, type KafkaOptions, resolveReading } from './kafka-options.ts';
import { openTopicPusher } from './push/topic-pusher.ts';
import { openSetAsideTopics } from './set-aside/set-aside-topics.ts';
import { openTopic } from './source/open-topic.ts';

/** A Kafka topic, to read a stream from or to write a view to. */
export interface KafkaBinding extends Source {
  readonly kind: 'kafka';
  readonly options: KafkaOptions;
}

/**
 * Binds a stream or an output to a Kafka topic (Kafka 3.1 or newer).
 *
 * **Shape**: one record a message → rows of the stream; each partition is a split. **Order**: of
 * offsets within a partition. **Guarantee**: positions are kept in checkpoints, so after a failure
 * state and positions fit each other; records of aborted transactions are not read. New partitions
 * are found while the job runs, leaders and brokers may change. **Needs** the package
 * `@platformatic/kafka`, when the topic is opened.
 *
 * Errors: MR_CONFIG_INVALID for wrong options; MR_KAFKA_UNREACHABLE, MR_KAFKA_TLS, MR_KAFKA_LOGIN,
 * MR_KAFKA_DENIED, MR_KAFKA_TOPIC_UNKNOWN, MR_KAFKA_TOPIC_RECREATED, MR_SOURCE_POSITION when opened.
 */
export function kafka(options: KafkaOptions): KafkaBinding {
  checkKafkaOptions(options);
  const frozen = Object.freeze({ ...options });
  const { format, isBounded } = resolveReading(frozen);
  const history: KafkaOptions = { ...frozen, start: 'earliest', until: 'latest' };
  return Object.freeze({
    kind: 'kafka' as const,
    options: frozen,
    description: `kafka topic ${options.topic}`,
    bounded: isBounded,
    records: { format, options: options.formatOptions ?? {} },
    open: (context) => openTopic(frozen, context),
    // Whoever pushes has JSON: into a topic of another format nothing is written.
    ...(format === 'json' ? { openPush: () => openTopicPusher(frozen) } : {}),
    openSetAside: (context) => openSetAsideTopics(frozen, context),
    ...(isBounded ? {} : { history: kafka(history) }),
  } satisfies KafkaBinding);
}
