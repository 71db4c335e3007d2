import { describe, expect, it } from 'vitest';
import { count, defineConfig, entity, featureView, lifetime, stream, t } from 'millrace';
import { kafka } from 'millrace/kafka';
import { checkProject } from '../../src/app/config/check-project.ts';

const user = entity('user', { key: { user_id: t.string() } });
const events = stream('events', {
  schema: { ts: t.timestamp(), user_id: t.string() },
  eventTime: { field: 'ts' },
});
const features = () => ({ n: count().over(lifetime()) });
const spend = featureView('spend', { entity: user, from: events, features });
const visits = featureView('visits', { entity: user, from: events, features });

const brokers = ['localhost:9092'];
const topic = (delivery: 'exactly-once' | 'at-least-once' | 'at-most-once', more: object = {}) =>
  kafka({ brokers, topic: 'features', delivery, ...more });

function check(outputs: Record<string, ReturnType<typeof kafka>>, hasCheckpoints = true) {
  const config = defineConfig({
    project: 'shop',
    definitions: [{ user, events, spend, visits }],
    environments: {
      local: {
        streams: { events: kafka({ brokers, topic: 'raw' }) },
        outputs,
        ...(hasCheckpoints ? { checkpoints: { directory: './c', interval: '5s' } } : {}),
      },
    },
  });
  return checkProject(config, 'local');
}

describe('check of Kafka outputs', () => {
  it.each([
    ['exactly-once', /read_committed consumers see each row once.*every 5s.*one transaction/],
    ['at-least-once', /sent at once; after a failure those since the last checkpoint \(every 5s\)/],
    ['at-most-once', /lost, none comes twice/],
  ] as const)('says what %s promises', async (delivery, expected) => {
    const { problems, guarantees } = await check({ spend: topic(delivery) });
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    const given = guarantees.find(({ place }) => place === 'outputs.spend');
    expect(given).toMatchObject({ guarantee: delivery, detail: expect.stringMatching(expected) });
  });

  it('finds what needs checkpoints', async () => {
    const outputs = { spend: topic('exactly-once'), visits: topic('at-most-once') };
    const { problems } = await check(outputs, false);
    expect(problems.map(({ path, code }) => `${path} ${code}`)).toEqual([
      'environments.local.outputs.spend MR_CONFIG_INVALID',
      'environments.local.outputs.visits MR_CONFIG_INVALID',
    ]);
    expect(problems[0]?.fix).toMatch(/add checkpoints/);
    const least = await check({ spend: topic('at-least-once') }, false);
    expect(least.guarantees.at(-1)?.detail).toMatch(
      /without checkpoints .* sends all of them again/,
    );
  });

  it('finds exactly-once outputs on two clusters', async () => {
    const elsewhere = topic('exactly-once', { brokers: ['other:9092'] });
    const { problems } = await check({ spend: topic('exactly-once'), visits: elsewhere });
    expect(problems).toMatchObject([
      { path: 'environments.local.outputs.visits', message: expect.stringMatching(/one cluster/) },
    ]);
  });

  it('finds a view that does not exist, and what is no topic', async () => {
    const nothing = { description: 'nothing' } as ReturnType<typeof kafka>;
    const { problems } = await check({ spent: topic('at-least-once'), spend: nothing });
    expect(problems.map(({ code }) => code)).toEqual(['MR_UNKNOWN_VIEW', 'MR_CONFIG_INVALID']);
    expect(problems[0]?.fix).toMatch(/spend/);
  });
});
