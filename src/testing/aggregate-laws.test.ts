// Which laws of merging an aggregate breaks.
import { describe, expect, it } from 'vitest';
import { t } from '../define/type-builder.ts';
import { aggregate } from '../define/user-aggregate.ts';
import { brokenLaws } from './aggregate-laws.ts';
import { lowestOf, spanOf, topTwoOf, totalOf } from './sample-aggregates.ts';

const samplesOf = (values: readonly unknown[]) =>
  values.map((value, i) => ({ value, eventTime: 1000 + ((i * 7) % 5) }));
const numbers = samplesOf([3, 1, 4, 1, 5, 9, 2, 6]);

describe('laws of merging', () => {
  it.each([
    ['totalOf', totalOf, numbers],
    ['lowestOf', lowestOf, numbers],
    ['topTwoOf', topTwoOf, samplesOf(['b', 'a', 'c', 'a', 'd'])],
    ['spanOf', spanOf, samplesOf([true, false, true, true])],
  ] as const)('are kept by %s', (_, own, samples) => {
    expect(brokenLaws(own, samples)).toEqual([]);
  });

  const right = {
    takes: t.float64(),
    schema: { total: t.float64(), n: t.int32() },
    returns: t.float64(),
    create: () => ({ total: 0, n: 0 }),
    add: ({ total, n }: State, x: number) => ({ total: total + x, n: n + 1 }),
    merge: (into: State, from: State) => ({ total: into.total + from.total, n: into.n + from.n }),
    result: ({ total, n }: State) => (n === 0 ? null : total / n),
  };
  interface State {
    total: number;
    n: number;
  }

  it.each([
    ['the last one wins', { merge: (_: State, from: State) => from }, 'depends on the order'],
    [
      'halves',
      { merge: (a: State, b: State) => ({ total: (a.total + b.total) / 2, n: 1 }) },
      'grouping',
    ],
    [
      'counts merges',
      { merge: (a: State, b: State) => ({ total: a.total + b.total, n: 1 }) },
      'adding values',
    ],
    ['begins with one', { create: () => ({ total: 1, n: 1 }) }, 'merging create() into a state'],
    ['empties', { merge: emptying }, 'changes the state that it merges from'],
    ['is by chance', { add: chance() }, 'the same calls give another value'],
  ])('are broken by one that %s', (_, changes, law) => {
    const own = aggregate('own', { ...right, ...changes });
    expect(brokenLaws(own, numbers).join('\n')).toContain(law);
  });

  function emptying(into: State, from: State): State {
    const sum = right.merge(into, from);
    from.total = 0;
    return sum;
  }

  function chance(): (state: State, x: number) => State {
    let calls = 0;
    return ({ total, n }, x) => ({ total: total + x + calls++, n: n + 1 });
  }
});
