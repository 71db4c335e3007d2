// Built-in aggregates written again as a user would write them give the same values: random windows and
// histories, at every batch size, with keys that leave memory. MILLRACE_SEED repeats a run.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyImages } from '../../src/engine/state/residence.ts';
import type { Value } from '../../src/kernel/types/field-type.ts';
import type { FeatureNode, Plan, ViewNode } from '../../src/plan/plan.ts';
import { anyCase, type RandomCase } from '../../src/testing/arbitraries/cases.ts';
import { caseColumn } from '../../src/testing/arbitraries/fields.ts';
import { formatCase } from '../../src/testing/arbitraries/format-case.ts';
import { featureNode, type FeatureParts } from '../../src/testing/plan-nodes.ts';
import { runPlan } from '../../src/testing/plan-runner.ts';
import { lowestOf, totalOf } from '../../src/testing/sample-aggregates.ts';
import { ThrashResidence } from '../../src/testing/thrash-residence.ts';
import { caseCount, caseSeed } from './case-seed.ts';

/** Each built-in aggregate beside the user's, over the windows and filters of the case. */
function paired(random: RandomCase): RandomCase {
  const [view] = random.plan.views as readonly [ViewNode];
  const pairs = view.features.flatMap(({ window, aggregate: { where } }, i): FeatureNode[] => {
    const qty = { input: caseColumn('qty'), window, where };
    const amount = { input: caseColumn('amount'), window, where };
    const parts: readonly FeatureParts[] = [
      { ...qty, fn: 'sum' },
      { ...qty, fn: 'user', user: totalOf.node },
      { ...amount, fn: 'min' },
      { ...amount, fn: 'user', user: lowestOf.node },
    ];
    return parts.map((part, k) => featureNode(`f${i}_${k}`, part));
  });
  const plan: Plan = { ...random.plan, views: [{ ...view, features: pairs, derived: [] }] };
  return { ...random, plan };
}

let compared = 0;

/** Pairs whose values differ. */
function differing(values: Readonly<Record<string, Value>>): readonly string[] {
  const names = Object.keys(values).filter((name) => name.endsWith('_0') || name.endsWith('_2'));
  return names.filter((name) => {
    const builtIn = values[name];
    const own = values[name.replace(/\d$/, (k) => String(Number(k) + 1))];
    if (builtIn !== null) compared += 1;
    return builtIn !== own;
  });
}

function verdict(random: RandomCase): string | null {
  const given = { ...paired(random), view: 'view' };
  const thrash = (images: KeyImages): ThrashResidence => new ThrashResidence(images);
  for (const options of [{ batchSize: 1000 }, { batchSize: 7, residence: thrash }]) {
    const { vectors, stats } = runPlan({ ...given, ...options });
    const found = vectors.filter(({ values }) => differing(values).length > 0);
    if (found.length > 0) {
      const text = JSON.stringify(found[0]?.values, (_, v: unknown) =>
        typeof v === 'bigint' ? `${v}n` : v,
      );
      return `batches of ${options.batchSize}: ${text}`;
    }
    if (stats.failedRecords + stats.failedValues > 0) return 'some failed';
  }
  return null;
}

describe('an aggregate that a user wrote', () => {
  it('gives what the built-in one gives', () => {
    const numRuns = Math.ceil(caseCount / 40);
    const property = fc.property(anyCase(), (random) => verdict(random) === null);
    const outcome = fc.check(property, { seed: caseSeed, numRuns });
    const [failing] = outcome.counterexample ?? [];
    if (failing !== undefined) {
      expect.fail(`MILLRACE_SEED=${caseSeed}\n${formatCase(failing)}\n${verdict(failing)}`);
    }
    expect(compared).toBeGreaterThan(numRuns * 10);
  }, 60_000);
});
