// Rules W3 and R3 on histories within the bound of out-of-orderness: nothing is late, interleaving
// does not matter, and both emit modes end on the same values.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyCase, type RandomCase } from '../../src/testing/arbitraries/cases.ts';
import { formatCase } from '../../src/testing/arbitraries/format-case.ts';
import type { DeliveryStep } from '../../src/testing/oracle/delivery.ts';
import { runOracle } from '../../src/testing/oracle/oracle.ts';
import { identityOf } from '../../src/testing/oracle/values.ts';
import type { OracleVector } from '../../src/testing/oracle/view-oracle.ts';
import { caseCount, caseSeed } from './case-seed.ts';

const parameters = { seed: caseSeed, numRuns: Math.ceil(caseCount / 4) };
const bound = { disorder: 'withinBound', hasUniqueIds: true } as const;

function run({ plan, steps, splitCount }: RandomCase) {
  return runOracle({ plan, view: 'view', steps, splitCount });
}

/** The same splits, read in another order: which split is next is chosen by `choices`. */
function interleaved({ steps }: RandomCase, choices: readonly number[]): readonly DeliveryStep[] {
  const rows = steps.filter((step) => step.kind === 'row');
  const queues = [0, 1, 2].map((split) => rows.filter((row) => row.split === split));
  const merged: DeliveryStep[] = [];
  for (let i = 0; merged.length < rows.length; i++) {
    const choice = (choices[i % choices.length] ?? 0) + (choices.length === 1 ? i : 0);
    const row = queues[choice % 3]?.shift() ?? queues.find((queue) => queue.length > 0)?.shift();
    if (row !== undefined) merged.push(row);
  }
  return [...merged, ...steps.filter((step) => step.kind !== 'row')];
}

/** Rows per key without seq: when a key is forgotten and counts afresh does depend on arrival. */
function history(vectors: readonly OracleVector[]): Record<string, string[]> {
  const rows: Record<string, string[]> = {};
  for (const { key, asOfMs, eventTimeMs, values } of vectors) {
    const list = (rows[identityOf(key)] ??= []);
    list.push(`${asOfMs} ${eventTimeMs} ${identityOf(values)}`);
  }
  return rows;
}

function last(vectors: readonly OracleVector[]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(history(vectors)).map(([key, rows]) => [key, rows.at(-1)]),
  );
}

describe('histories within the bound of out-of-orderness', () => {
  it('lose nothing and do not depend on how splits interleave', () => {
    const cases = fc.tuple(
      anyCase({ ...bound, emit: 'watermark' }),
      fc.array(fc.nat(2), { minLength: 1, maxLength: 20 }),
    );
    fc.assert(
      fc.property(cases, ([random, choices]) => {
        const straight = run(random);
        const mixed = run({ ...random, steps: interleaved(random, choices) });
        expect(straight.late, formatCase(random)).toEqual([]);
        expect(history(mixed.vectors), formatCase(random)).toEqual(history(straight.vectors));
      }),
      parameters,
    );
  });

  it('end on the same values in both emit modes', () => {
    fc.assert(
      fc.property(anyCase({ ...bound, decayMs: null }), (random) => {
        const [arrival, watermark] = (['arrival', 'watermark'] as const).map((emit) => {
          const views = random.plan.views.map((view) => ({ ...view, emit }));
          const steps = random.steps.filter((step) => step.kind === 'row');
          const ends = [0, 1, 2].slice(0, random.splitCount);
          return run({
            ...random,
            plan: { ...random.plan, views },
            steps: [...steps, ...ends.map((split) => ({ kind: 'end', split }) as const)],
          });
        });
        expect(last(arrival?.vectors ?? []), formatCase(random)).toEqual(
          last(watermark?.vectors ?? []),
        );
      }),
      parameters,
    );
  });
});
