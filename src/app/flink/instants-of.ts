// How a binding writes instants, as far as Flink can read them.
import type { KafkaOptions } from '../../adapters/kafka/kafka-options.ts';
import type { InstantEncoding } from '../../flink/flink-tables.ts';
import type { Findings } from '../config/findings.ts';

/** The encoding that a format's options name; a problem when Flink cannot read it. */
export function instantsOf(
  { formatOptions }: Pick<KafkaOptions, 'formatOptions'>,
  place: string,
  findings: Findings,
): InstantEncoding {
  const { timestamp = 'ms' } = formatOptions ?? {};
  if (timestamp === 'ms' || timestamp === 's' || timestamp === 'iso') return timestamp;
  findings.add('error', 'MR_FLINK_BINDING', place, [
    `Flink cannot read timestamps written as ${JSON.stringify(timestamp)}`,
    "write them in milliseconds, seconds or as ISO 8601 text: 'ms', 's', 'iso'",
  ]);
  return 'ms';
}
