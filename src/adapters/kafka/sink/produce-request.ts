// One request of records to one broker: the oldest batch of several partitions, and what became of each.
import type { Connection } from '@platformatic/kafka';
import { brokerCodes } from '../client/kafka-error.ts';
import { failureKind, writeError } from './broker-failure.ts';
import type { ClusterCalls } from './cluster-calls.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { PartitionQueue } from './topic-batches.ts';

export type SendOutcome =
  | { readonly kind: 'acknowledged' }
  /** The same batch once more. */
  | { readonly kind: 'again'; readonly error: unknown }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface SendRequest {
  readonly calls: ClusterCalls;
  readonly leader: number;
  /** Each has a batch that may be sent. */
  readonly queues: readonly PartitionQueue[];
  readonly isHeld: boolean;
  readonly sender: {
    readonly producerId: bigint;
    readonly producerEpoch: number;
    readonly transactionalId: string | null;
  };
}

const produceKey = 0;
const produceVersion = 9;
const timeoutMs = 30_000;

export async function sendBatches(request: SendRequest): Promise<readonly SendOutcome[]> {
  const { calls, leader, queues } = request;
  const batches = queues.map((queue) => sealed(queue, request));
  try {
    const connection = await calls.connection(leader);
    await produce(connection, request, batches);
    return queues.map(() => ({ kind: 'acknowledged' }));
  } catch (error) {
    return queues.map((queue) => outcomeOf(queue, error));
  }
}

/** The batch with its number, which it keeps when it is sent again. */
function sealed(queue: PartitionQueue, { sender, isHeld }: SendRequest): Buffer {
  const batch = queue.next(isHeld);
  if (batch === null) throw new MillraceError('MR_INTERNAL', 'a batch to be sent has gone');
  const { producerId, producerEpoch, transactionalId } = sender;
  const isTransactional = transactionalId !== null;
  const sequence = queue.nextSequence;
  return batch.seal({ producerId, producerEpoch, sequence, isTransactional });
}

function produce(
  connection: Connection,
  { calls, queues, sender }: SendRequest,
  batches: readonly Buffer[],
): Promise<unknown> {
  const { Writer, produceV9 } = calls.client;
  const byTopic = Map.groupBy(
    queues.map((queue, i) => ({ queue, bytes: batches[i] as Buffer })),
    ({ queue }) => queue.topic,
  );
  const write = (): InstanceType<typeof Writer> =>
    Writer.create()
      .appendString(sender.transactionalId)
      .appendInt16(-1)
      .appendInt32(timeoutMs)
      .appendArray([...byTopic], (w, [topic, parts]) => {
        w.appendString(topic).appendArray(parts, (w, { queue, bytes }) => {
          w.appendInt32(queue.partition)
            .appendUnsignedVarInt(bytes.length + 1)
            .append(bytes);
        });
      })
      .appendTaggedFields();
  return new Promise((resolve, reject) => {
    connection.send(
      produceKey,
      produceVersion,
      write,
      produceV9.parseResponse,
      true,
      true,
      (error, response) => (error === null ? resolve(response) : reject(error)),
    );
  });
}

interface PartitionAnswer {
  readonly index: number;
  readonly errorCode: number;
}

interface ProduceAnswer {
  readonly responses: readonly {
    readonly name: string;
    readonly partitionResponses: readonly PartitionAnswer[];
  }[];
}

/** Of a request in which some partitions failed: each has its own answer. */
function outcomeOf(queue: PartitionQueue, error: unknown): SendOutcome {
  const { response } = error as { readonly response?: ProduceAnswer };
  const answer = response?.responses
    .find(({ name }) => name === queue.topic)
    ?.partitionResponses.find(({ index }) => index === queue.partition);
  if (answer?.errorCode === 0 || answer?.errorCode === duplicateSequence) {
    return { kind: 'acknowledged' };
  }
  const codes = answer === undefined ? brokerCodes(error) : ownCodes(error, queue, response);
  if (failureKind(error, codes) === 'again') return { kind: 'again', error };
  const what = `write to partition ${queue.partition} of topic ${queue.topic}`;
  return { kind: 'failed', error: writeError(error, what, [], codes) };
}

const duplicateSequence = 46;

/** Codes of the failures of this partition alone, by their path in the answer. */
function ownCodes(error: unknown, queue: PartitionQueue, answer?: ProduceAnswer): string[] {
  const topic = answer?.responses.findIndex(({ name }) => name === queue.topic) ?? -1;
  const parts = answer?.responses[topic]?.partitionResponses ?? [];
  const index = parts.findIndex((part) => part.index === queue.partition);
  const path = `/responses/${topic}/partition_responses/${index}`;
  const { errors = [] } = error as { readonly errors?: readonly { path?: string }[] };
  return errors.filter((inner) => inner.path?.startsWith(path)).flatMap((e) => brokerCodes(e));
}
