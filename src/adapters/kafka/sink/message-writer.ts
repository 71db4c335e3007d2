// Writes messages to topics as they come, each acknowledged before `write` resolves: for tools that
// keep no checkpoints. What was sent again after a failure may be there twice.
import { clientOptions, type KafkaAccess } from '../client/kafka-access.ts';
import { kafkaError } from '../client/kafka-error.ts';
import { loadClient } from '../client/load-client.ts';

/** A message; a null value removes its key from a compacted topic. */
export interface Message {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
}

export interface MessageWriter {
  write(messages: readonly Message[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens a writer to one cluster. Errors: MR_KAFKA_* of the cluster. */
export async function openMessageWriter(access: KafkaAccess): Promise<MessageWriter> {
  const client = await loadClient();
  const producer = new client.Producer<Buffer, Buffer, Buffer, Buffer>({
    ...clientOptions(access, 'millrace-sql'),
    idempotent: true,
    autocreateTopics: true,
  });
  const { brokers } = access;
  return {
    write: async (messages) => {
      if (messages.length === 0) return;
      try {
        await producer.send({
          messages: messages.map(({ topic, key, value }) => ({
            topic,
            ...(key === null ? {} : { key: Buffer.from(key) }),
            ...(value === null ? {} : { value: Buffer.from(value) }),
          })),
        });
      } catch (error) {
        throw kafkaError(error, { what: 'write messages', brokers });
      }
    },
    close: () => producer.close(),
  };
}
