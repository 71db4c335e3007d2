// Records set aside of a Kafka stream: dead letters in `<topic>.dlq`, late records in `<topic>.late`,
// notes in `<topic>.dlq.notes`. What is replayed goes into the stream's own topic, in one transaction
// with the notes that say so; whoever opens them for writing shuts out whoever did before.
import type { MessageToProduce, Producer } from '@platformatic/kafka';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../../kernel/json-value.ts';
import type {
  ReplayNote,
  ReplayRecord,
  SetAsideContext,
  SetAsideNote,
  SetAsideRecords,
} from '../../../ports/set-aside.ts';
import { clientOptions, type KafkaAccess } from '../client/kafka-access.ts';
import { brokerCodes, kafkaError } from '../client/kafka-error.ts';
import { type KafkaClient, loadClient } from '../client/load-client.ts';
import { deadLetterTopic, lateRecordTopic } from '../sink/side-topics.ts';
import { readValues } from './read-values.ts';

/** Where notes about the dead letters of a topic lie. */
export function notesTopic(topic: string): string {
  return `${deadLetterTopic(topic)}.notes`;
}

/**
 * Opens what was set aside of a topic. **Guarantee**: notes are kept for ever, in the order in which they
 * were made; a replay is seen by readers of committed records whole or not at all.
 * **Errors**: MR_KAFKA_* of the cluster; MR_DEAD_LETTERS_IN_USE when another process took over.
 */
export async function openSetAsideTopics(
  access: KafkaAccess & { readonly topic: string },
  { mode }: SetAsideContext,
): Promise<SetAsideRecords> {
  const { topic, brokers } = access;
  const client = await loadClient();
  const sender = mode === 'write' ? await openSender(client, access) : null;
  const written = async (messages: readonly Message[]): Promise<void> => {
    if (messages.length > 0) await sender?.send(messages);
  };
  return {
    description: `${deadLetterTopic(topic)} at ${brokers.join(', ')}`,
    deadLetters: () => jsonValues<JsonValue>(access, deadLetterTopic(topic)),
    lateRecords: () => jsonValues<JsonValue>(access, lateRecordTopic(topic)),
    notes: () => jsonValues<SetAsideNote>(access, notesTopic(topic)),
    note: (notes) => written(notes.map((note) => noteMessage(topic, note))),
    replay: (records) =>
      written(
        records.flatMap((record) => [replayMessage(topic, record), replayNote(topic, record)]),
      ),
    close: async () => sender?.close(),
  };
}

type Message = MessageToProduce<Buffer, Buffer, Buffer, Buffer>;

async function* jsonValues<T>(access: KafkaAccess, topic: string): AsyncGenerator<T> {
  for await (const bytes of readValues(access, topic)) {
    const value = parsed<T>(bytes);
    if (value !== undefined) yield value;
  }
}

/** Somebody else may write to the topic: what is no JSON is passed over. */
function parsed<T>(bytes: Buffer): T | undefined {
  try {
    return JSON.parse(bytes.toString()) as T;
  } catch {
    return undefined;
  }
}

function noteMessage(topic: string, note: SetAsideNote): Message {
  return {
    topic: notesTopic(topic),
    partition: 0,
    key: Buffer.from(note.id),
    value: Buffer.from(JSON.stringify(note)),
  };
}

function replayNote(topic: string, { id, at, attempt, value }: ReplayRecord): Message {
  const event_base64 = Buffer.from(value).toString('base64');
  const note: ReplayNote = { kind: 'replay', id, at, attempt, event_base64 };
  return noteMessage(topic, note);
}

/** The record as it was, in its place and time, with headers that name the letter. */
function replayMessage(topic: string, record: ReplayRecord): Message {
  const { value, key, partition, timestampMs, headers } = record;
  const entries = headers.map(
    ([name, content]) => [Buffer.from(name), Buffer.from(content ?? [])] as const,
  );
  return {
    topic,
    value: Buffer.from(value),
    ...(key === null ? {} : { key: Buffer.from(key) }),
    ...(partition === null ? {} : { partition }),
    ...(timestampMs === null ? {} : { timestamp: BigInt(timestampMs) }),
    headers: new Map(entries),
  };
}

interface Sender {
  /** All of them or none. */
  send(messages: readonly Message[]): Promise<void>;
  close(): Promise<void>;
}

const transactionTimeoutMs = 60_000;
const messagesPerRequest = 500;

async function openSender(
  client: KafkaClient,
  access: KafkaAccess & { readonly topic: string },
): Promise<Sender> {
  const { topic, brokers } = access;
  const attempt = { what: `write to ${topic}`, brokers };
  const producer: Producer<Buffer, Buffer, Buffer, Buffer> = new client.Producer({
    ...clientOptions(access, `millrace-dlq-${topic}`),
    idempotent: true,
    transactionalId: `millrace-dlq-${topic}`,
    // Without these two the new owner of the transactional id is the one that is shut out.
    producerId: -1n,
    producerEpoch: -1,
    timeout: transactionTimeoutMs,
    retries: 200,
    retryDelay: 5,
  });
  let transaction: Transaction;
  try {
    await makeNotesTopic(client, access);
    // Beginning is what shuts out others; the broker knows of no transaction before something is sent.
    transaction = await producer.beginTransaction();
  } catch (error) {
    await producer.close().catch(() => undefined);
    throw kafkaError(error, attempt);
  }
  return {
    send: async (messages) => {
      try {
        for (let at = 0; at < messages.length; at += messagesPerRequest) {
          await transaction.send({ messages: messages.slice(at, at + messagesPerRequest) });
        }
        await transaction.commit();
        transaction = await producer.beginTransaction();
      } catch (error) {
        await transaction.abort().catch(() => undefined);
        throw isShutOut(error) ? shutOut(topic, error) : kafkaError(error, attempt);
      }
    },
    close: async () => {
      await transaction.cancel().catch(() => undefined);
      await producer.close();
    },
  };
}

type Transaction = Awaited<
  ReturnType<Producer<Buffer, Buffer, Buffer, Buffer>['beginTransaction']>
>;

const shutOutCodes = ['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'FENCED_INSTANCE_ID'];

function isShutOut(error: unknown): boolean {
  return brokerCodes(error).some((code) => shutOutCodes.includes(code));
}

function shutOut(topic: string, cause: unknown): MillraceError {
  const message = `another process works on the dead letters of ${topic}: nothing was sent`;
  return new MillraceError('MR_DEAD_LETTERS_IN_USE', message, {
    fix: 'wait until it is done, then look again with millrace dlq ls',
    cause,
  });
}

/** Notes say for ever what was replayed, so they are never dropped. */
async function makeNotesTopic(
  client: KafkaClient,
  access: KafkaAccess & { readonly topic: string },
): Promise<void> {
  const admin = new client.Admin({
    ...clientOptions(access, 'millrace-dlq'),
    retries: 20,
  });
  try {
    await admin.createTopics({
      topics: [notesTopic(access.topic)],
      partitions: 1,
      replicas: -1,
      configs: [
        { name: 'retention.ms', value: '-1' },
        { name: 'cleanup.policy', value: 'delete' },
      ],
    });
  } catch (error) {
    if (!brokerCodes(error).includes('TOPIC_ALREADY_EXISTS')) throw error;
  } finally {
    await admin.close();
  }
}
