// Pushed records as messages of the topic that their stream reads. One request at a time, with all that
// came while the last was on its way; an append is answered when all in-sync replicas have its records.
// Brokers recognise what is sent again, so a repeat after a lost answer does not count twice.
import type { MessageToProduce, Producer } from '@platformatic/kafka';
import type { PushedRecord, PushWriter } from '../../../ports/push.ts';
import { clientOptions, type KafkaAccess } from '../client/kafka-access.ts';
import { kafkaError } from '../client/kafka-error.ts';
import { loadClient } from '../client/load-client.ts';

type Message = MessageToProduce<Buffer, Buffer, Buffer, Buffer>;

interface Pending {
  readonly messages: readonly Message[];
  readonly done: PromiseWithResolvers<void>;
}

const messagesPerRequest = 1000;
/** All replicas that are in sync have it. */
const acksAll = -1;

/** Opens a topic for pushed records. Throws MR_KAFKA_* of the cluster. */
export async function openTopicPusher(
  access: KafkaAccess & { readonly topic: string },
): Promise<PushWriter> {
  const { topic } = access;
  const client = await loadClient();
  const producer: Producer<Buffer, Buffer, Buffer, Buffer> = new client.Producer({
    ...clientOptions(access, `millrace-push-${topic}`),
    idempotent: true,
    acks: acksAll,
    retries: 20,
  });
  return new TopicPusher(producer, access);
}

class TopicPusher implements PushWriter {
  readonly #producer: Producer<Buffer, Buffer, Buffer, Buffer>;
  readonly #access: KafkaAccess & { readonly topic: string };
  #pending: Pending[] = [];
  #sending: Promise<void> | null = null;

  constructor(
    producer: Producer<Buffer, Buffer, Buffer, Buffer>,
    access: KafkaAccess & { readonly topic: string },
  ) {
    this.#producer = producer;
    this.#access = access;
  }

  append(records: readonly PushedRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    const done = Promise.withResolvers<void>();
    const messages = records.map((record) => messageOf(this.#access.topic, record));
    this.#pending.push({ messages, done });
    this.#sending ??= this.#sendAll();
    return done.promise;
  }

  async close(): Promise<void> {
    await this.#sending;
    await this.#producer.close();
  }

  /** Never rejects: whoever appended is told. */
  async #sendAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        await this.#send(batch.flatMap(({ messages }) => messages));
        for (const { done } of batch) done.resolve();
      } catch (error) {
        const { topic, brokers } = this.#access;
        const failure = kafkaError(error, { what: `write to ${topic}`, brokers });
        for (const { done } of batch) done.reject(failure);
      }
    }
    this.#sending = null;
  }

  async #send(messages: readonly Message[]): Promise<void> {
    for (let at = 0; at < messages.length; at += messagesPerRequest) {
      const part = messages.slice(at, at + messagesPerRequest);
      await this.#producer.send({ messages: part, acks: acksAll });
    }
  }
}

function messageOf(topic: string, { json, key, eventTimeMs }: PushedRecord): Message {
  return {
    topic,
    value: Buffer.from(json),
    timestamp: BigInt(Math.trunc(eventTimeMs)),
    ...(key === null ? {} : { key: Buffer.from(key) }),
  };
}
