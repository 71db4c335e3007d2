import { count, entity, featureView, lifetime, rolling, stream, sum, t, tumbling } from 'millrace';
import { describe, expect, it } from 'vitest';
import { buildPlan } from '../../define/build-plan.ts';
import type { TopicNeeds } from '../../define/config.ts';
import { type WantedTopic, wantedTopics } from './wanted-topics.ts';

const day = 86_400_000;
const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  ttl: '2d',
  features: (p) => ({
    week: sum(p.amount).over(rolling('7d')),
    five: count().over(tumbling('5m')),
  }),
});
const short = featureView('short', {
  entity: user,
  from: purchases,
  ttl: '20d',
  features: () => ({ n: count().over(rolling('1h')) }),
});
const ever = featureView('ever', {
  entity: user,
  from: purchases,
  features: () => ({ n: count().over(lifetime()) }),
});

function wanted(
  views: object,
  needs: Readonly<Record<string, TopicNeeds>> = {},
  parallelism = 1,
): readonly WantedTopic[] {
  const { plan } = buildPlan([views as Record<string, unknown>]);
  const topics = [
    { name: 'purchases', role: 'stream', topic: 'raw', group: 'g' },
    { name: 'spend', role: 'output', topic: 'out', group: null },
  ] as const;
  return wantedTopics({ plan, topics, needs, parallelism });
}

describe('topics from definitions', () => {
  it('keep what a replay of the longest window or ttl needs', () => {
    const retention = (views: object): number | null | undefined => wanted(views)[0]?.retentionMs;
    expect(retention({ spend })).toBe(7 * day + 5000);
    expect(retention({ spend, short })).toBe(20 * day + 5000);
    expect(retention({ spend, ever })).toBeNull();
    expect(wanted({ spend, ever })[0]?.reasons.join()).toContain('for ever: ever.n');
  });

  it('are never configured to keep less', () => {
    expect(wanted({ spend }, { raw: { retention: '1d' } })[0]?.retentionMs).toBe(7 * day + 5000);
    expect(wanted({ spend }, { raw: { retention: '30d' } })[0]?.retentionMs).toBe(30 * day);
    expect(wanted({ spend }, { raw: { retention: 'forever' } })[0]?.retentionMs).toBeNull();
  });

  it('have partitions for the load, the threads, or as configured, and the key of the entity', () => {
    const partitions = (needs: TopicNeeds, threads = 1): number | undefined =>
      wanted({ spend }, { raw: needs }, threads)[0]?.partitions;
    expect(partitions({})).toBe(1);
    expect(partitions({}, 3)).toBe(3);
    expect(partitions({ eventsPerSecond: 100_000 })).toBe(8);
    expect(partitions({ eventsPerSecond: 100_000, partitions: 5 })).toBe(5);
    expect(wanted({ spend })[0]?.key).toEqual(['user_id']);
  });

  it('are joined by those of dead letters and late records, and compacted where vectors go', () => {
    expect(wanted({ spend }).map(({ topic, compacted }) => [topic, compacted])).toEqual([
      ['raw', false],
      ['raw.dlq', false],
      ['raw.late', false],
      ['out', true],
    ]);
  });
});
