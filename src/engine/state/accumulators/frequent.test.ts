// topK where windows are made of parts and where records are kept, with more different values than
// are counted exactly.
import { describe, expect, it } from 'vitest';
import type { Field } from '../../../kernel/types/field-type.ts';
import type { WindowNode } from '../../../plan/window.ts';
import { deliver } from '../../../testing/oracle/delivery.ts';
import { columnNode, featureNode, singleViewPlan } from '../../../testing/plan-nodes.ts';
import { type PlanRunInput, runPlan } from '../../../testing/plan-runner.ts';
import { ThrashResidence } from '../../../testing/thrash-residence.ts';

const fields: readonly Field[] = [
  { name: 'k', type: { kind: 'string' }, nullable: false },
  { name: 'item', type: { kind: 'int64' }, nullable: false },
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
];
const boundaries = { offsetMs: 0, serve: 'complete', allowedLatenessMs: 0 } as const;
const windows: readonly (readonly [string, WindowNode])[] = [
  ['tumbling', { kind: 'tumbling', sizeMs: 6000, ...boundaries }],
  ['hopping', { kind: 'hopping', sizeMs: 6000, everyMs: 1000, ...boundaries }],
  ['cumulate', { kind: 'cumulate', sizeMs: 6000, stepMs: 2000, offsetMs: 0, allowedLatenessMs: 0 }],
  ['session', { kind: 'session', gapMs: 1000 }],
  ['rolling by slots', { kind: 'rolling', sizeMs: 6000, resolutionMs: 500 }],
  ['lifetime', { kind: 'lifetime' }],
  ['rolling', { kind: 'rolling', sizeMs: 6000, resolutionMs: null }],
];

interface Row {
  readonly item: bigint;
  readonly ts: number;
}

/** 1,120 values that occur once, and five that occur 10 to 46 times, in six seconds. */
const rows: readonly Row[] = Array.from({ length: 1260 }, (_, i) => {
  const nth = Math.floor(i / 9);
  const frequent = BigInt(Math.ceil((Math.sqrt(8 * (nth % 15) + 9) - 1) / 2));
  return { item: i % 9 === 0 ? frequent : BigInt(1000 + i), ts: Math.floor((i * 5999) / 1260) };
});

function lastValue(window: WindowNode, ordered: readonly Row[], more: Partial<PlanRunInput> = {}) {
  const feature = featureNode('f', {
    fn: 'topK',
    input: columnNode(fields[1] as Field),
    limit: 4,
    window,
  });
  const plan = singleViewPlan({
    fields,
    eventTime: { field: 'ts', outOfOrdernessMs: 10_000 },
    key: ['k'],
    features: [feature],
    emit: 'watermark',
  });
  const delivered = ordered.map((row, offset) => {
    return { split: 0, offset, row: { k: 'a', ...row }, arrivalMs: 0 };
  });
  const steps = deliver(delivered, { ended: true });
  const { vectors } = runPlan({ plan, view: 'view', steps, ...more });
  // Later ones are of hopping windows that begin after the first record.
  return vectors.findLast(({ asOfMs }) => asOfMs < 6999)?.values['f'];
}

describe('the most frequent of more than a thousand values', () => {
  it.each(windows)('are found over a %s window, in whatever order records come', (_, window) => {
    const counts = new Map<bigint, number>();
    for (const { item } of rows) counts.set(item, (counts.get(item) ?? 0) + 1);
    const exact = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    expect(exact.length).toBeGreaterThan(1000);
    const found = lastValue(window, rows);
    expect(found).toEqual(exact.slice(0, 4).map(([item]) => item));
    expect(lastValue(window, rows.toReversed(), { batchSize: 100 })).toEqual(found);
    const residence: PlanRunInput['residence'] = (images) => new ThrashResidence(images);
    expect(lastValue(window, rows, { batchSize: 400, residence })).toEqual(found);
  });

  it('are exact over the newest records', () => {
    const few = rows.slice(0, 300).map(({ item, ts }) => ({ item: item % 40n, ts }));
    const window: WindowNode = { kind: 'rollingRows', rows: 25 };
    const newest = few.slice(-25).map(({ item }) => item);
    const times = (item: bigint): number => newest.filter((other) => other === item).length;
    const exact = [...new Set(newest)].sort((a, b) => times(b) - times(a) || Number(a - b));
    expect(lastValue(window, few)).toEqual(exact.slice(0, 4));
  });
});
