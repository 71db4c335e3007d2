import { describe, expect, it } from 'vitest';
import { kafka } from '../../adapters/kafka/kafka.ts';
import type { KafkaOptions } from '../../adapters/kafka/kafka-options.ts';
import { type KafkaProject, planKafkaWriters } from './plan-kafka-writers.ts';

const here = ['a:9092', 'b:9092'];
const binding = (topic: string, more: Partial<KafkaOptions> = {}) =>
  kafka({ brokers: here, topic, ...more });

function planned(project: Partial<KafkaProject> & Pick<KafkaProject, 'environment'>) {
  const streamsInUse = Object.keys(project.environment.streams);
  const writers = planKafkaWriters({ streamsInUse, job: 'shop-prod', variant: null, ...project });
  return writers.map(({ name, delivery, outputs, readTopics }) => ({
    name,
    delivery,
    outputs: outputs.map(({ view, topic }) => `${view} → ${topic}`),
    reads: readTopics.map(({ stream, topic, group }) => `${stream} ← ${topic} (${group})`),
  }));
}

describe('writers to Kafka', () => {
  it('are none without topics', () => {
    expect(planned({ environment: { streams: {} } })).toEqual([]);
  });

  it('commit the offsets of what is read, also without outputs', () => {
    const streams = {
      clicks: binding('raw.clicks'),
      orders: binding('raw.orders', { group: 'g' }),
    };
    const reads = ['clicks ← raw.clicks (shop-prod)', 'orders ← raw.orders (g)'];
    const name = 'kafka-at-least-once';
    const expected = [{ name, delivery: 'at-least-once', outputs: [], reads }];
    expect(planned({ environment: { streams } })).toEqual(expected);
  });

  it('have one transaction for exactly-once outputs and the offsets', () => {
    const streams = { clicks: binding('raw.clicks', { brokers: ['b:9092'] }) };
    const outputs = {
      spend: binding('f.spend', { delivery: 'exactly-once' }),
      visits: binding('f.visits', { delivery: 'exactly-once' }),
      seen: binding('f.seen'),
      tried: binding('f.tried', { delivery: 'at-most-once' }),
    };
    expect(planned({ environment: { streams, outputs } })).toEqual([
      {
        name: 'kafka-exactly-once',
        delivery: 'exactly-once',
        outputs: ['spend → f.spend', 'visits → f.visits'],
        reads: ['clicks ← raw.clicks (shop-prod)'],
      },
      {
        name: 'kafka-at-least-once',
        delivery: 'at-least-once',
        outputs: ['seen → f.seen'],
        reads: [],
      },
      {
        name: 'kafka-at-most-once',
        delivery: 'at-most-once',
        outputs: ['tried → f.tried'],
        reads: [],
      },
    ]);
  });

  it('of another cluster are others', () => {
    const streams = { clicks: binding('raw.clicks', { brokers: ['z:9092'] }) };
    const outputs = { spend: binding('f.spend', { delivery: 'exactly-once' }) };
    expect(planned({ environment: { streams, outputs } })).toMatchObject([
      { name: 'kafka-exactly-once', reads: [] },
      { name: 'kafka-at-least-once-1', reads: ['clicks ← raw.clicks (shop-prod)'] },
    ]);
  });

  it('of a second job write no outputs, and have groups of their own', () => {
    const streams = { clicks: binding('raw.clicks', { group: 'g' }) };
    const outputs = { spend: binding('f.spend', { delivery: 'exactly-once' }) };
    const environment = { streams, outputs };
    expect(planned({ environment, job: 'shop-prod.try', variant: 'try' })).toEqual([
      {
        name: 'kafka-at-least-once',
        delivery: 'at-least-once',
        outputs: [],
        reads: ['clicks ← raw.clicks (g.try)'],
      },
    ]);
  });
});
