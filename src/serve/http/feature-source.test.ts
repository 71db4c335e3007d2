import { expect, it } from 'vitest';
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import { count, entity, featureView, lifetime, stream, t } from '../../index.ts';
import { buildPlan } from '../../define/build-plan.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { type RowOrigin, withOrigin } from '../../ports/stores/read-origin.ts';
import { createFeatureServer } from './feature-server.ts';

const user = entity('user', { key: { id: t.string() } });
const clicks = stream('clicks', {
  schema: { id: t.string(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1s' },
});
const seen = featureView('seen', {
  entity: user,
  from: clicks,
  features: () => ({ n: count().over(lifetime()) }),
});

it('answers of a region say where they came from, others say nothing', async () => {
  let origin: RowOrigin | null = 'central';
  const store: OnlineStore = {
    read: (_, keys) => {
      const rows = keys.map(() => null);
      const mixed = keys.map((__, i): RowOrigin => (i === 0 ? (origin ?? 'local') : 'local'));
      return origin === null ? rows : withOrigin(rows, { rows: mixed, replicaAgeMs: 1234 });
    },
    write: () => Promise.resolve(),
    async *scan() {
      // It has nothing.
    },
    greatestAsOfMs: () => null,
    writeNote: () => Promise.resolve(),
    readNote: () => null,
    close: () => Promise.resolve(),
  };
  const metrics = new MetricsRegistry();
  const { plan } = buildPlan([{ seen }]);
  const app = createFeatureServer({ plan, store, clockMode: 'wall', metrics });
  const online = async () => {
    const payload = { entities: { id: ['a', 'b', 'c'] }, features: ['seen:n'] };
    const reply = await app.inject({ method: 'POST', url: '/get-online-features', payload });
    expect(reply.statusCode).toBe(200);
    return reply.headers['x-feature-source'];
  };
  const one = () => app.inject({ url: '/v1/features/seen/a' });
  try {
    expect(await online()).toBe('central');
    origin = 'stale';
    expect(await online()).toBe('stale');
    const answer = await one();
    expect([answer.headers['x-feature-source'], answer.json().source]).toEqual(['stale', 'stale']);
    const text = metrics.render();
    expect(text).toContain('feature_source_total{source="stale"} 2');
    expect(text).toContain('feature_source_total{source="local"} 4');
    expect(text).toContain('feature_source_total{source="central"} 1');
    expect(text).toContain('replica_age_ms 1234');
    origin = null;
    expect(await online()).toBeUndefined();
    expect((await one()).json()).not.toHaveProperty('source');
  } finally {
    await app.close();
  }
});
