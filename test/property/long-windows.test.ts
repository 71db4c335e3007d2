// Windows of thousands of records: where sketches take over from exact values, the engine stays
// within the stated error of the oracle's exact ones.
import { describe, expect, it } from 'vitest';
import type { KeyImages } from '../../src/engine/state/residence.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import type { Field } from '../../src/kernel/types/field-type.ts';
import type { WindowNode } from '../../src/plan/window.ts';
import { differences } from '../../src/testing/compare-runs.ts';
import { deliver } from '../../src/testing/oracle/delivery.ts';
import { runOracle } from '../../src/testing/oracle/oracle.ts';
import { runPlan } from '../../src/testing/plan-runner.ts';
import { ThrashResidence } from '../../src/testing/thrash-residence.ts';
import { columnNode, featureNode, singleViewPlan } from '../../src/testing/plan-nodes.ts';

const amount: Field = { name: 'amount', type: { kind: 'float64' }, nullable: true };
const name: Field = { name: 'name', type: { kind: 'string' }, nullable: true };
const ts: Field = { name: 'ts', type: { kind: 'timestamp' }, nullable: false };
const rowCount = 4000;

/** Amounts over nine orders of magnitude and both signs; about three thousand names. */
function steps() {
  const random = seededRandom(7);
  return deliver(
    Array.from({ length: rowCount }, (_, offset) => ({
      split: 0,
      offset,
      row: {
        ts: 1_000_000 + offset,
        amount: (random.next() - 0.3) * 10 ** Math.floor(random.next() * 9),
        name: `n${Math.floor(random.next() * 3000)}`,
      },
      arrivalMs: offset,
    })),
  );
}

const windows: Readonly<Record<string, WindowNode>> = {
  tumbling: {
    kind: 'tumbling',
    sizeMs: 2000,
    offsetMs: 0,
    serve: 'complete',
    allowedLatenessMs: 0,
  },
  hopping: {
    kind: 'hopping',
    sizeMs: 2000,
    everyMs: 500,
    offsetMs: 0,
    serve: 'complete',
    allowedLatenessMs: 0,
  },
  session: { kind: 'session', gapMs: 10 },
};

describe.each(Object.entries(windows))('a %s window of thousands of records', (_kind, window) => {
  it('is within the stated error', () => {
    const plan = singleViewPlan({
      fields: [amount, name, ts],
      eventTime: { field: 'ts' },
      key: [],
      features: [
        ...[0, 0.01, 0.5, 0.99, 1].map((q) =>
          featureNode(`q${q * 100}`, {
            fn: 'quantile',
            input: columnNode(amount),
            quantile: q,
            window,
          }),
        ),
        featureNode('distinct_about', { fn: 'approxDistinct', input: columnNode(name), window }),
        featureNode('distinct', { fn: 'countDistinct', input: columnNode(name), window }),
        featureNode('sum', { fn: 'sum', input: columnNode(amount), window }),
        featureNode('var', { fn: 'varSamp', input: columnNode(amount), window }),
        featureNode('by', { fn: 'countBy', input: columnNode(name), limit: 20, window }),
      ],
      emit: 'watermark',
    });
    const input = { plan, view: 'view', steps: steps() };
    const expected = runOracle(input);
    const [view] = plan.views;
    expect(expected.vectors.length).toBeGreaterThan(0);
    const left = runPlan(input);
    expect(view && differences(view, expected, left)).toEqual([]);
    // Keys that leave memory keep sketches, sets and long lists to the bit.
    const residence = (images: KeyImages): ThrashResidence => new ThrashResidence(images);
    expect(runPlan({ ...input, batchSize: 97, residence }).vectors).toStrictEqual(left.vectors);
  });
});
