import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planMerges } from './plan-merges.ts';

const limits = { smallBytes: 100, mergedBytes: 250 };
const file = (name: string, bytes = 10) => ({ name: `part-${name}.parquet`, bytes });
const epoch = (id: number): string => String(id).padStart(12, '0');

describe('merges of a day', () => {
  it('never mix what a checkpoint lies between, and leave what no checkpoint covers', () => {
    const files = [1, 2, 3, 5, 6, 9].map((id) => file(`job.${epoch(id)}.r-0`));
    expect(planMerges(files, new Map([['job', [2, 6]]]), limits)).toEqual([
      {
        merged: `part-job.${epoch(2)}.r-0-m1.parquet`,
        replaced: [1, 2].map((id) => `part-job.${epoch(id)}.r-0.parquet`),
      },
      {
        merged: `part-job.${epoch(6)}.r-0-m1.parquet`,
        replaced: [3, 5, 6].map((id) => `part-job.${epoch(id)}.r-0.parquet`),
      },
    ]);
  });

  it('join files of runs without checkpoints, but not those of jobs that are not known', () => {
    const files = [file('77-ab-0'), file('78-cd-0'), file(`other.${epoch(1)}.r-0`)];
    expect(planMerges(files, new Map(), limits)).toEqual([
      {
        merged: 'part-78-cd-0-m1.parquet',
        replaced: ['part-77-ab-0.parquet', 'part-78-cd-0.parquet'],
      },
    ]);
  });

  it('leave large files, and make none that is too large', () => {
    const files = [file('1-a', 100), file('2-a', 99), file('3-a', 99), file('4-a', 99)];
    expect(planMerges(files, new Map(), limits).map(({ replaced }) => replaced)).toEqual([
      ['part-2-a.parquet', 'part-3-a.parquet'],
    ]);
  });

  it('count how often a file was merged, and are none for a single file', () => {
    const files = [file('1-a'), file('2-a-m1')];
    expect(planMerges(files, new Map(), limits)[0]?.merged).toBe('part-2-a-m2.parquet');
    expect(planMerges([file('1-a')], new Map(), limits)).toEqual([]);
  });

  it('go back as jobs do: to any checkpoint, the same rows are left', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 12 });
    fc.assert(
      fc.property(ids, ids, (epochs, points) => {
        const files = epochs.map((id) => file(`job.${epoch(id)}.r-0`));
        const merges = planMerges(files, new Map([['job', points]]), limits);
        const epochOf = (name: string): number => Number(/\.(\d{12})\./.exec(name)?.[1]);
        const replacedBy = new Map(
          merges.flatMap(({ merged, replaced }) => replaced.map((name) => [name, merged] as const)),
        );
        for (const point of points) {
          for (const { name } of files) {
            const merged = replacedBy.get(name) ?? name;
            expect(epochOf(merged) > point).toBe(epochOf(name) > point);
          }
        }
      }),
    );
  });
});
