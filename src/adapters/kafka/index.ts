// Public entry `millrace/kafka`.
export type { KafkaAccess, KafkaSasl, KafkaTls } from './client/kafka-access.ts';
export { type KafkaBinding, kafka } from './kafka.ts';
export type { KafkaOptions, KafkaStart } from './kafka-options.ts';
export type { SchemaRegistryOptions } from '../../ports/schema-registry.ts';
