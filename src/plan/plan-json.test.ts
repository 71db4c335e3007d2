import { describe, expect, it } from 'vitest';
import * as flights from '../../examples/flights/features.ts';
import * as shop from '../../examples/shop/features/shop.ts';
import { buildPlan, count, entity, featureView, rolling, stream, t } from '../index.ts';
import { planFingerprint, rowFingerprint, viewFingerprint } from './fingerprint.ts';
import { overrideView } from './override-view.ts';
import type { Plan } from './plan.ts';
import { planFromJson, planToJson } from './plan-json.ts';

const big = stream('big', {
  schema: { id: t.int64(), at: t.timestamp(), raw: t.bytes().default(Uint8Array.of(1, 2)) },
  eventTime: { field: 'at' },
});
const bigView = featureView('big_view', {
  entity: entity('id', { key: { id: t.int64() } }),
  from: big.where((b) => b.id.gt(9007199254740993n)),
  features: () => ({ n: count().over(rolling('1h')) }),
});

const plans: readonly Plan[] = [
  buildPlan([shop]).plan,
  buildPlan([flights]).plan,
  buildPlan([{ bigView }]).plan,
];

describe('a plan as JSON', () => {
  it('comes back equal, 64-bit integers and bytes included', () => {
    for (const plan of plans) {
      expect(planFromJson(planToJson(plan))).toEqual(plan);
    }
  });

  it('is refused when it is of another version or not a plan', () => {
    const other = planToJson(plans[0] as Plan).replace('"version":1', '"version":2');
    expect(() => planFromJson(other)).toThrow('version 2');
    expect(() => planFromJson('{}')).toThrow('not a plan of version 1');
    expect(() => planFromJson('{')).toThrow('not JSON');
  });

  it('is validated like a definition', () => {
    const broken = planToJson(plans[0] as Plan).replaceAll('"name":"amount"', '"name":"amuont"');
    const both = broken.replace('"name":"amuont"', '"name":"amount"');
    expect(() => planFromJson(both)).toThrow('did you mean "amount"?');
  });
});

describe('fingerprints', () => {
  const plan = plans[0] as Plan;
  const view = plan.views[0] as Plan['views'][number];

  it('do not change with owner or description', () => {
    const renamed: Plan = {
      ...plan,
      views: [{ ...view, owner: 'somebody', description: 'other' }],
    };
    expect(planFingerprint(renamed)).toBe(planFingerprint(plan));
  });

  it('change with what is computed', () => {
    const slower = overrideView(plan, 'user_spend', { emit: 'watermark' });
    expect(planFingerprint(slower)).not.toBe(planFingerprint(plan));
    const fewer: Plan = { ...plan, views: [{ ...view, features: view.features.slice(1) }] };
    expect(viewFingerprint(fewer, fewer.views[0] as typeof view)).not.toBe(
      viewFingerprint(plan, view),
    );
    expect(rowFingerprint(fewer.views[0] as typeof view)).not.toBe(rowFingerprint(view));
  });
});
