import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory/index.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { type Plan, featureFields } from '../../plan/plan.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { columnNode, featureNode, singleViewPlan } from '../../testing/plan-nodes.ts';
import { vectorBatch } from '../../testing/vectors.ts';
import { createFeatureReader } from './feature-reader.ts';

const id: Field = { name: 'id', type: { kind: 'int64' }, nullable: false };
const ts: Field = { name: 'ts', type: { kind: 'timestamp' }, nullable: false };
const lifetime = { kind: 'lifetime' } as const;
const base = singleViewPlan({
  fields: [id, ts],
  eventTime: { field: 'ts' },
  key: ['id'],
  features: [
    featureNode('n', { fn: 'count', window: lifetime }),
    featureNode('last_id', { fn: 'last', input: columnNode(id), window: lifetime }),
  ],
});
const plan: Plan = { ...base, views: base.views.map((view) => ({ ...view, ttlMs: 1000 })) };

let nowMs = 2000;
const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => 0, sleep: () => Promise.resolve() };
let store: OnlineStore;

beforeAll(async () => {
  const view = {
    view: 'view',
    key: [id],
    features: featureFields(plan.views[0] as (typeof plan.views)[number]),
    fingerprint: '1',
  };
  const context = { project: 'p', baseDirectory: '.', mode: 'write' } as const;
  store = await memoryStore().open({ ...context, views: [view] });
  await store.write(
    vectorBatch(view, [
      { key: { id: 1n }, values: { n: 2, last_id: 9n }, asOfMs: 2500, seq: 1, eventTimeMs: 1000 },
      { key: { id: 2n }, values: { n: 0 }, asOfMs: 2500, seq: 1, eventTimeMs: 1500 },
    ]),
  );
});

afterAll(() => store.close());

describe('a feature reader', () => {
  it('gives typed values with their status, time and age', async () => {
    const reader = createFeatureReader({ plan, store, clockMode: 'wall', clock });
    expect(await reader.get({ name: 'view' }, { id: 1 })).toEqual({
      values: { n: 2, last_id: 9n },
      status: { n: 'PRESENT', last_id: 'PRESENT' },
      eventTime: 1000,
      ageMs: 1000,
    });
    expect(await reader.get('view', { id: 2n })).toMatchObject({
      values: { n: 0, last_id: null },
      status: { n: 'PRESENT', last_id: 'NULL_VALUE' },
    });
    expect(await reader.get('view', { id: 3n })).toEqual({
      values: { n: null, last_id: null },
      status: { n: 'NOT_FOUND', last_id: 'NOT_FOUND' },
      eventTime: null,
      ageMs: null,
    });
  });

  it('is fresh at the ttl itself and outside it one millisecond later', async () => {
    const reader = createFeatureReader({ plan, store, clockMode: 'wall', clock });
    nowMs = 2001;
    const read = await reader.get('view', { id: 1 });
    nowMs = 2000;
    expect(read.status).toEqual({ n: 'OUTSIDE_MAX_AGE', last_id: 'OUTSIDE_MAX_AGE' });
    expect(read.values).toEqual({ n: 2, last_id: 9n });
  });

  it('takes the greatest as_of for now under an event clock', async () => {
    const reader = createFeatureReader({ plan, store, clockMode: 'event', clock });
    expect(reader.nowMs()).toBe(2500);
    const [first, second] = await reader.getMany('view', [{ id: 1 }, { id: 2 }]);
    expect([first?.status['n'], second?.status['n']]).toEqual(['OUTSIDE_MAX_AGE', 'PRESENT']);
  });

  it('names the view or the key that it does not know', async () => {
    const reader = createFeatureReader({ plan, store, clockMode: 'wall', clock });
    await expect(reader.get('veiw', { id: 1 })).rejects.toMatchObject({
      code: 'MR_UNKNOWN_VIEW',
      fix: 'did you mean "view"?',
    });
    await expect(reader.get('view', { id: 'x' })).rejects.toMatchObject({ code: 'MR_UNKNOWN_KEY' });
  });
});
