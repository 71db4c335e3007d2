// What of a configuration is a Kafka topic: bindings are values, and say their kind.
import type { KafkaBinding } from '../../adapters/kafka/kafka.ts';

/** Whether a binding of an environment is a Kafka topic. */
export function isKafkaBinding(binding: unknown): binding is KafkaBinding {
  return (
    typeof binding === 'object' && binding !== null && 'kind' in binding && binding.kind === 'kafka'
  );
}
