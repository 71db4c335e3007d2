import { describe, expect, it } from 'vitest';
import type { BrokerAdmin, NewTopic } from '../../../ports/broker-admin.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { createRowsTopics } from './rows-topic.ts';

function admin(partitions: number | null): { made: NewTopic[]; admin: BrokerAdmin } {
  const made: NewTopic[] = [];
  const known = partitions === null ? [] : [{ topic: 'rows', partitions }];
  const calls = {
    brokerCount: () => Promise.resolve(1),
    topics: () => Promise.resolve(known),
    createTopic: (topic: NewTopic) => Promise.resolve(void made.push(topic)),
  };
  return { made, admin: calls as unknown as BrokerAdmin };
}

const project = {
  settings: { parallelism: 2 },
  environment: {},
} as unknown as ResolvedProject;

describe('the topic that joins Flink and the engine', () => {
  it('is made with a partition for each subtask of Flink', async () => {
    const { made, admin: calls } = admin(null);
    await createRowsTopics(calls, ['rows'], project);
    expect(made).toMatchObject([{ topic: 'rows', partitions: 2, replicas: 1 }]);
  });

  it('is left as it is when it has enough', async () => {
    const { made, admin: calls } = admin(3);
    await createRowsTopics(calls, ['rows'], project);
    expect(made).toEqual([]);
  });

  it('is refused with fewer: rows of two subtasks would be out of order', async () => {
    const tried = createRowsTopics(admin(1).admin, ['rows'], project);
    await expect(tried).rejects.toThrow(
      'topic rows has 1 partitions for 2 subtasks of Flink: rows of two would share one, out of order',
    );
  });
});
