import { describe, expect, it } from 'vitest';
import type { RecomputedRow } from '../../offline/recompute-keys.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import { type ExistingRow, logCorrections, storeCorrection } from './decide-corrections.ts';

const isSame = (a: readonly Value[], b: readonly Value[]): boolean => a.join() === b.join();

function recomputed(asOfMs: number, seq: number, value: Value): RecomputedRow {
  return { key: 'k', eventTimeMs: asOfMs, asOfMs, seq, values: [value] };
}

function there(...rows: readonly (readonly [asOfMs: number, seq: number, value: Value])[]) {
  const entries = rows.map(
    ([asOfMs, seq, value]) => [asOfMs, { asOfMs, seq, values: [value] } as ExistingRow] as const,
  );
  return new Map(entries);
}

function written(rows: readonly RecomputedRow[]): readonly unknown[] {
  return rows.map(({ asOfMs, seq, values }) => [asOfMs, seq, ...values]);
}

describe('corrections in the log', () => {
  it('adds rows that are missing and gives those that differ a greater version', () => {
    const rows = [recomputed(10, 1, 'a'), recomputed(20, 2, 'ab'), recomputed(30, 3, 'abc')];
    const corrections = logCorrections(rows, there([10, 1, 'a'], [30, 2, 'ac']), 0, isSame);
    expect(written(corrections)).toEqual([
      [20, 2, 'ab'],
      [30, 3, 'abc'],
    ]);
  });

  it('is greater also where the record had been counted', () => {
    const corrections = logCorrections([recomputed(30, 3, 'abc')], there([30, 3, 'ac']), 0, isSame);
    expect(written(corrections)).toEqual([[30, 4, 'abc']]);
  });

  it('puts what is in force where a row is that should not be', () => {
    const rows = [recomputed(10, 1, 'a'), recomputed(30, 3, 'c')];
    const corrections = logCorrections(rows, there([20, 7, 'x'], [25, 7, 'a']), 0, isSame);
    expect(written(corrections)).toEqual([
      [10, 1, 'a'],
      [20, 8, 'a'],
      [30, 3, 'c'],
    ]);
  });

  it('leaves what came before the first late record', () => {
    const rows = [recomputed(10, 1, 'other'), recomputed(20, 2, 'b')];
    expect(written(logCorrections(rows, there([20, 2, 'b']), 15, isSame))).toEqual([]);
  });

  it('of several rows of an instant takes the last', () => {
    const rows = [recomputed(10, 1, 'a'), recomputed(10, 2, 'b')];
    expect(written(logCorrections(rows, there(), 0, isSame))).toEqual([[10, 2, 'b']]);
  });

  it('finds nothing after it was written', () => {
    const rows = [recomputed(10, 1, 'a'), recomputed(30, 3, 'c')];
    const before = there([20, 7, 'x'], [30, 5, 'y']);
    const after = new Map(before);
    for (const row of logCorrections(rows, before, 0, isSame)) after.set(row.asOfMs, row);
    expect(logCorrections(rows, after, 0, isSame)).toEqual([]);
  });
});

describe('the correction of a row in the store', () => {
  const rows = [recomputed(10, 1, 'a'), recomputed(30, 3, 'c')];
  const row = (asOfMs: number, seq: number, value: Value): ExistingRow => {
    return { asOfMs, seq, values: [value] };
  };

  it.each([
    ['nothing is there', null, [30, 3, 'c']],
    ['the row is older', row(20, 2, 'b'), [30, 3, 'c']],
    ['the row has missed a record', row(30, 2, 'b'), [30, 3, 'c']],
    ['the row has counted it', row(30, 9, 'b'), [30, 10, 'c']],
    ['values have shrunk since', row(40, 3, 'x'), [40, 4, 'c']],
  ])('when %s', (_, existing, expected) => {
    const correction = storeCorrection(rows, existing, isSame);
    expect(correction === null ? [] : written([correction])[0]).toEqual(expected);
  });

  it('is none when values are the same, or the key is not known', () => {
    expect(storeCorrection(rows, row(30, 1, 'c'), isSame)).toBeNull();
    expect(storeCorrection([], row(30, 1, 'c'), isSame)).toBeNull();
  });
});
