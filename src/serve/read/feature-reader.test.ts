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

describe('features computed for a read', () => {
  const spend: Field = { name: 'view.last_id', type: { kind: 'int64' }, nullable: true };
  const asked: Field = { name: 'id_asked', type: { kind: 'int64' }, nullable: false };
  const node = {
    kind: 'onDemandView',
    name: 'computed',
    uid: 'on-demand:computed',
    request: [asked],
    from: ['view'],
    features: [
      {
        kind: 'onDemandFeature',
        name: 'both',
        type: { kind: 'int64' },
        nullable: true,
        value: {
          kind: 'call',
          fn: 'plus',
          args: [columnNode(spend), columnNode(asked)],
          type: { kind: 'int64' },
          nullable: true,
        },
      },
      {
        kind: 'onDemandFeature',
        name: 'asked',
        type: { kind: 'int64' },
        nullable: false,
        value: columnNode(asked),
      },
    ],
    owner: null,
    description: null,
    tags: [],
  } as const;
  const reader = () =>
    createFeatureReader({ plan: { ...plan, onDemand: [node] }, store, clockMode: 'wall', clock });

  it('have the values and statuses of what they are computed of', async () => {
    nowMs = 2000;
    expect(await reader().compute('computed', { id: 1 }, { id_asked: 5 })).toEqual({
      values: { both: 14n, asked: 5n },
      status: { both: 'PRESENT', asked: 'PRESENT' },
      eventTime: 1000,
      ageMs: 1000,
    });
    expect(await reader().compute('computed', { id: 7 }, { id_asked: '5' })).toEqual({
      values: { both: null, asked: 5n },
      status: { both: 'NOT_FOUND', asked: 'PRESENT' },
      eventTime: null,
      ageMs: null,
    });
    expect((await reader().compute('computed', { id: 2 }, { id_asked: 5 })).status).toEqual({
      both: 'NULL_VALUE',
      asked: 'PRESENT',
    });
    nowMs = 2001;
    expect((await reader().compute('computed', { id: 1 }, { id_asked: 5 })).status).toEqual({
      both: 'OUTSIDE_MAX_AGE',
      asked: 'PRESENT',
    });
  });

  it('are null where they overflow, each by itself, and only in that row', async () => {
    nowMs = 2000;
    const most = 2n ** 63n - 1n;
    const read = await reader().compute('computed', { id: 1 }, { id_asked: most });
    expect(read.values).toEqual({ both: null, asked: most });
    expect(read.status['both']).toBe('NULL_VALUE');
    expect((await reader().compute('computed', { id: 1 }, { id_asked: 1 })).values['both']).toBe(
      10n,
    );
  });

  it.each([
    [{}, 'the view is computed from id_asked, which is not given'],
    [{ id_asked: null }, 'request.id_asked[0] is null'],
    [{ id_asked: 1.5 }, 'not a whole number'],
    [{ id_asked: '9223372036854775808' }, 'outside int64'],
    [{ id_asked: 1, other: 2 }, 'the view asks for no "other"'],
  ])('refuse request data %j: %s', async (request, message) => {
    await expect(reader().compute('computed', { id: 1 }, request)).rejects.toThrow(message);
  });
});
