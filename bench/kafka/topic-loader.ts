// Fills a topic with the events of the built-in benchmark, as fast as the broker takes them: record
// batches of 500 written straight from the lines of a file, to the partitions in turn.
import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import type { Connection } from '@platformatic/kafka';
import { KafkaCluster } from '../../src/adapters/kafka/client/kafka-cluster.ts';
import { type KafkaClient, loadClient } from '../../src/adapters/kafka/client/load-client.ts';
import { nothing, RecordBatch } from '../../src/adapters/kafka/sink/record-batch.ts';
import { type BenchEventsOptions, writeBenchEvents } from '../../src/app/bench/bench-events.ts';

export interface LoadOptions extends BenchEventsOptions {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly partitions: number;
  /** A file for the lines, which is removed. */
  readonly path: string;
}

const batchRecords = 500;
const chunkBytes = 4 << 20;
const lineFeed = 10;

/** Resolves with the events a second that were written. */
export async function loadTopic(options: LoadOptions): Promise<number> {
  const { brokers, topic, partitions, path } = options;
  const target = openSync(path, 'w');
  writeBenchEvents(target, options);
  closeSync(target);
  const client = await loadClient();
  const cluster = new KafkaCluster(client, { brokers }, 'bench-loader');
  const { topics } = await cluster.metadata([topic]);
  const leaders = topics[0]?.partitions ?? [];
  const startMs = performance.now();
  let partition = 0;
  try {
    for (const batch of batchesOf(path)) {
      const { leader = -1 } = leaders[partition] ?? {};
      const connection = await cluster.connection(leader, 'any');
      await sendBatch(client, connection, { topic, partition, batch });
      partition = (partition + 1) % partitions;
    }
  } finally {
    await cluster.close();
    rmSync(path);
  }
  return Math.round((options.events * 1000) / (performance.now() - startMs));
}

function* batchesOf(path: string): Generator<RecordBatch> {
  const file = openSync(path, 'r');
  let batch = new RecordBatch(1 << 17);
  let rest = 0;
  const bytes = new Uint8Array(chunkBytes);
  for (;;) {
    const read = readSync(file, bytes, rest, chunkBytes - rest, null);
    const end = rest + read;
    let start = 0;
    for (;;) {
      const next = bytes.indexOf(lineFeed, start);
      if (next < 0 || next >= end) break;
      batch.append(nothing, { bytes, start, end: next }, Date.now());
      start = next + 1;
      if (batch.count < batchRecords) continue;
      yield batch;
      batch = new RecordBatch(1 << 17);
    }
    bytes.copyWithin(0, start, end);
    rest = end - start;
    if (read === 0) break;
  }
  closeSync(file);
  if (batch.count > 0) yield batch;
}

interface Send {
  readonly topic: string;
  readonly partition: number;
  readonly batch: RecordBatch;
}

const unsent = { producerId: -1n, producerEpoch: -1, sequence: -1, isTransactional: false };

function sendBatch(client: KafkaClient, connection: Connection, send: Send): Promise<unknown> {
  const { topic, partition, batch } = send;
  const { Writer, produceV9 } = client;
  const write = (): InstanceType<typeof Writer> =>
    Writer.create()
      .appendString(null)
      .appendInt16(1)
      .appendInt32(30_000)
      .appendArray([topic], (topicWriter) => {
        topicWriter.appendString(topic).appendArray([partition], (partitionWriter) => {
          const bytes = batch.seal(unsent);
          partitionWriter
            .appendInt32(partition)
            .appendUnsignedVarInt(bytes.length + 1)
            .append(bytes);
        });
      })
      .appendTaggedFields();
  return new Promise((resolve, reject) => {
    connection.send(0, 9, write, produceV9.parseResponse, true, true, (error, answer) => {
      if (error === null || error === undefined) resolve(answer);
      else reject(error);
    });
  });
}
