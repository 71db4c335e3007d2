// The engine gives, row for row per key, what the naive oracle gives: random views over random
// histories, at every batch size. MILLRACE_SEED repeats a run, MILLRACE_CASES makes it longer.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { aggregateNames } from '../../src/plan/aggregate.ts';
import type { KeyImages } from '../../src/engine/state/residence.ts';
import { anyCase, type RandomCase } from '../../src/testing/arbitraries/cases.ts';
import { formatCase } from '../../src/testing/arbitraries/format-case.ts';
import { differences } from '../../src/testing/compare-runs.ts';
import { runOracle } from '../../src/testing/oracle/oracle.ts';
import type { OracleBranch } from '../../src/testing/oracle/view-oracle.ts';
import { runPlan } from '../../src/testing/plan-runner.ts';
import { ThrashResidence } from '../../src/testing/thrash-residence.ts';
import { caseCount, caseSeed } from './case-seed.ts';
import { CoverageTable } from './coverage-table.ts';

const batchSizes = [65536, 1, 7, 1000];
const coverage = new CoverageTable();

const windows = 'rolling rollingRows lifetime tumbling hopping cumulate session'.split(' ');
const branches: readonly OracleBranch[] = [
  'late',
  'excluded',
  'out of order',
  'allowed late',
  'waited',
  'applied silently',
  'timer set in the past',
  'firing',
  'shown before firing',
  'emptying',
  'decay',
  'clean-up',
  'forgotten',
  'idle row',
  'final row',
  'null key part',
];
const needed = [
  ...aggregateNames.map((name) => `aggregate ${name}`),
  ...windows.map((kind) => `window ${kind}`),
  ...branches.map((branch) => `branch ${branch}`),
  ...['window with resolution', 'window open tumbling', 'window open hopping', 'null value'],
];

/** Why the engine is wrong about a case; null when it is not. */
function verdict(random: RandomCase): string | null {
  const input = { ...random, view: 'view' };
  const expected = runOracle(input);
  coverage.add(random, expected);
  const [view] = random.plan.views;
  if (view === undefined) return 'no view';
  for (const batchSize of batchSizes) {
    const found = differences(view, expected, runPlan({ ...input, batchSize }));
    if (found.length > 0) return [`batches of ${batchSize}:`, ...found].join('\n  ');
  }
  // Keys leave memory at every chance.
  const residence = (images: KeyImages): ThrashResidence => new ThrashResidence(images);
  const found = differences(view, expected, runPlan({ ...input, batchSize: 7, residence }));
  if (found.length > 0) return ['keys that leave memory:', ...found].join('\n  ');
  return null;
}

describe('the engine', () => {
  it('gives what the oracle gives', () => {
    const property = fc.property(anyCase(), (random) => verdict(random) === null);
    const outcome = fc.check(property, { seed: caseSeed, numRuns: caseCount });
    const [failing] = outcome.counterexample ?? [];
    if (failing !== undefined) {
      expect.fail(
        `MILLRACE_SEED=${caseSeed} case ${outcome.numRuns}\n${formatCase(failing)}\n${verdict(failing)}`,
      );
    }
    expect(coverage.missing(needed)).toEqual([]);
  }, 120_000);

  afterAll(() => {
    process.stdout.write(`${caseCount} cases, MILLRACE_SEED=${caseSeed}\n${coverage.format()}\n`);
  });
});
