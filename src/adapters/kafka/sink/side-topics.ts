// Topics beside a stream's own: its dead letters and its late records. They are made when the first record
// goes there, with what the broker gives new topics; whoever wants them otherwise makes them before.
import { brokerCodes } from '../client/kafka-error.ts';
import type { ClusterCalls } from './cluster-calls.ts';

const timeoutMs = 30_000;

export function deadLetterTopic(topic: string): string {
  return `${topic}.dlq`;
}

export function lateRecordTopic(topic: string): string {
  return `${topic}.late`;
}

/** Makes a topic that does not exist. */
export async function ensureTopic(
  calls: ClusterCalls,
  name: string,
  report: (message: string) => void,
): Promise<void> {
  const { api } = calls.client.createTopicsV7;
  const topic = { name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] };
  const isMade = await calls.onController(`create topic ${name}`, async (connection) => {
    try {
      await api.async(connection, [topic], timeoutMs, false);
      return true;
    } catch (error) {
      if (brokerCodes(error).includes('TOPIC_ALREADY_EXISTS')) return false;
      throw error;
    }
  });
  if (isMade) report(`topic ${name} was created`);
}
