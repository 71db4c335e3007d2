// What of a configuration is a Kafka topic: bindings are values, and say their kind.
import type { KafkaBinding } from '../../adapters/kafka/kafka.ts';
import type { Source } from '../../ports/source.ts';

/** Whether a binding of an environment is a Kafka topic. */
export function isKafkaBinding(binding: unknown): binding is KafkaBinding {
  return (
    typeof binding === 'object' && binding !== null && 'kind' in binding && binding.kind === 'kafka'
  );
}

/** Topics behind a source: its own, or those of a source that is made of several. */
export function kafkaMembers(source: Source | undefined): readonly KafkaBinding[] {
  if (isKafkaBinding(source)) return [source];
  return source?.members?.filter(isKafkaBinding) ?? [];
}
