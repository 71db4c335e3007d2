// Public entry `millrace/kafka`.
export { type KafkaBinding, type KafkaOptions, kafka } from './kafka.ts';
