// A Kafka topic as an environment names it. This version keeps and checks the options but has no
// client: opening the binding, to read or to write, throws MR_NOT_AVAILABLE.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Source, SourceSplit } from '../../ports/source.ts';
import type { Unavailable } from '../../ports/unavailable.ts';

/** Options of `kafka(…)`. */
export interface KafkaOptions {
  /** `host:port` of one or more brokers. */
  readonly brokers: readonly string[];
  readonly topic: string;
  /** How records are encoded. Default `'json'`. */
  readonly format?: 'json' | 'csv';
  /** Outputs only: what may repeat or be lost after a crash. Default `'at-least-once'`. */
  readonly delivery?: 'exactly-once' | 'at-least-once' | 'at-most-once';
}

/** A Kafka topic, to read a stream from or to write a view to. */
export interface KafkaBinding extends Source, Unavailable {
  readonly kind: 'kafka';
  readonly options: KafkaOptions;
}

/**
 * Binds a stream or an output to a Kafka topic.
 *
 * This version cannot talk to Kafka yet: an environment with this binding can be planned and
 * checked (`check` reports it), but not run.
 *
 * Errors: MR_CONFIG_INVALID for options without brokers or a topic; MR_NOT_AVAILABLE when opened.
 */
export function kafka(options: KafkaOptions): KafkaBinding {
  if (!Array.isArray(options.brokers) || options.brokers.length === 0 || !options.topic) {
    throw new MillraceError('MR_CONFIG_INVALID', 'kafka(…) needs `brokers` and a `topic`', {
      fix: "write kafka({ brokers: ['localhost:9092'], topic: 'raw.purchases' })",
    });
  }
  const unavailable = {
    message: 'this version cannot read or write Kafka yet',
    fix: "bind the stream to file(…) of 'millrace/file', and leave the output out",
  };
  return Object.freeze({
    kind: 'kafka' as const,
    options: Object.freeze({ ...options }),
    description: `kafka topic ${options.topic}`,
    bounded: false,
    unavailable,
    open(): Promise<readonly SourceSplit[]> {
      const { message, fix } = unavailable;
      const text = `topic ${options.topic}: ${message}`;
      return Promise.reject(new MillraceError('MR_NOT_AVAILABLE', text, { fix }));
    },
  });
}
