// Topics of a test and what is in them, by our own client's plain calls.
import { Admin, Producer, type MessageToProduce } from '@platformatic/kafka';

export interface TestTopic {
  readonly name: string;
  readonly partitions?: number;
  readonly replicas?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

/** Creates a topic; resolves once it can be used. */
export async function createTopic(brokers: readonly string[], topic: TestTopic): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    const configs = Object.entries(topic.settings ?? {}).map(([name, value]) => ({ name, value }));
    await admin.createTopics({
      topics: [topic.name],
      partitions: topic.partitions ?? 1,
      replicas: topic.replicas ?? 1,
      configs,
    });
  });
}

/** Runs `use` with an administrator of the cluster. */
export async function withAdmin<T>(
  brokers: readonly string[],
  use: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = new Admin({ clientId: 'test-admin', bootstrapBrokers: [...brokers], retries: 20 });
  try {
    return await use(admin);
  } finally {
    await admin.close();
  }
}

/** A record to write: text or bytes. */
export interface TestRecord {
  readonly partition?: number;
  readonly key?: string | Uint8Array;
  readonly value?: string | Uint8Array;
  readonly timestampMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Writes records in order, acknowledged by all replicas. */
export async function produce(
  brokers: readonly string[],
  topic: string,
  records: readonly TestRecord[],
): Promise<void> {
  const producer = new Producer({
    clientId: 'test-producer',
    bootstrapBrokers: [...brokers],
    idempotent: true,
    retries: 20,
  });
  try {
    for (let from = 0; from < records.length; from += 10_000) {
      const messages = records.slice(from, from + 10_000).map((record) => toMessage(topic, record));
      await producer.send({ messages });
    }
  } finally {
    await producer.close();
  }
}

type Message = MessageToProduce<Buffer, Buffer, Buffer, Buffer>;

function toMessage(topic: string, record: TestRecord): Message {
  const { partition, key, value, timestampMs, headers } = record;
  return {
    topic,
    ...(partition === undefined ? {} : { partition }),
    ...(key === undefined ? {} : { key: bytes(key) }),
    ...(value === undefined ? {} : { value: bytes(value) }),
    ...(timestampMs === undefined ? {} : { timestamp: BigInt(timestampMs) }),
    ...(headers === undefined
      ? {}
      : { headers: new Map(Object.entries(headers).map(([k, v]) => [bytes(k), bytes(v)])) }),
  };
}

function bytes(value: string | Uint8Array): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
}
