import { describe, expect, it } from 'vitest';
import type { TopicDescription } from '../../ports/broker-admin.ts';
import { planTopic } from './plan-topics.ts';
import type { WantedTopic } from './wanted-topics.ts';

const day = 86_400_000;
const stream: WantedTopic = {
  topic: 'raw',
  role: 'stream',
  key: ['user_id'],
  partitions: 4,
  replicas: null,
  retentionMs: 8 * day,
  compacted: false,
  reasons: ['retention: a replay needs 8d'],
};
const output: WantedTopic = {
  ...stream,
  topic: 'out',
  role: 'output',
  retentionMs: null,
  compacted: true,
};

function found(changes: Partial<TopicDescription>, settings: Record<string, string> = {}) {
  return {
    topic: 'raw',
    partitions: 4,
    replicas: 3,
    ...changes,
    settings: {
      'cleanup.policy': 'delete',
      'retention.ms': String(8 * day),
      'min.insync.replicas': '2',
      ...settings,
    },
  };
}

describe('a topic that is not there', () => {
  it('is created with what it has to have', () => {
    const diff = planTopic(stream, undefined, 3);
    expect(diff).toMatchObject({
      partitions: 4,
      replicas: 3,
      settings: {
        'cleanup.policy': 'delete',
        'retention.ms': String(8 * day),
        'min.insync.replicas': '2',
      },
    });
    expect(diff.steps).toMatchObject([{ kind: 'create', state: 'ready' }]);
    const { settings, replicas } = planTopic(output, undefined, 1);
    expect(replicas).toBe(1);
    expect(settings).toEqual({ 'cleanup.policy': 'compact', 'min.insync.replicas': '1' });
  });
});

describe('a topic that is there', () => {
  it('needs nothing when it has enough, or more', () => {
    expect(planTopic(stream, found({}), 3).steps).toEqual([]);
    const more = found({ partitions: 64 }, { 'retention.ms': '-1', 'min.insync.replicas': '3' });
    expect(planTopic(stream, more, 3).steps).toEqual([]);
    expect(planTopic({ ...stream, retentionMs: null }, more, 3).steps).toEqual([]);
  });

  it('gets a longer retention and a stricter policy at once', () => {
    const less = found({}, { 'retention.ms': String(day), 'min.insync.replicas': '1' });
    expect(planTopic(stream, less, 3).steps).toMatchObject([
      { setting: 'retention.ms', from: String(day), to: String(8 * day), state: 'ready' },
      { setting: 'min.insync.replicas', from: '1', to: '2', state: 'ready' },
    ]);
    const forEver = planTopic({ ...stream, retentionMs: null }, found({}), 3).steps;
    expect(forEver).toMatchObject([{ setting: 'retention.ms', to: '-1', state: 'ready' }]);
  });

  it('gets more partitions and compaction only when somebody says so', () => {
    const [partitions] = planTopic(stream, found({ partitions: 2 }), 3).steps;
    expect(partitions).toMatchObject({ kind: 'add-partitions', state: 'held', from: '2', to: '4' });
    const [policy] = planTopic(output, found({}), 3).steps;
    expect(policy).toMatchObject({ setting: 'cleanup.policy', to: 'compact', state: 'held' });
  });

  it('is left to people where data would have to move, or is gone', () => {
    const [replicas] = planTopic(
      stream,
      found({ replicas: 1 }, { 'min.insync.replicas': '1' }),
      3,
    ).steps;
    expect(replicas).toMatchObject({ setting: 'replicas', state: 'manual' });
    const [policy] = planTopic(stream, found({}, { 'cleanup.policy': 'compact' }), 3).steps;
    expect(policy).toMatchObject({ setting: 'cleanup.policy', state: 'manual' });
  });
});
