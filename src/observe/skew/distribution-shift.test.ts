import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { distributionShift } from './distribution-shift.ts';

const random = seededRandom(3);
const uniform = (n: number, shift = 0): number[] =>
  Array.from({ length: n }, () => random.next() + shift);

describe('the shift of a distribution', () => {
  it('is nothing between a sample and itself', () => {
    const values = [...uniform(500), null];
    expect(distributionShift(values, values)).toMatchObject({ psi: 0, ks: 0 });
  });

  it('stays within the noise for two samples of one distribution', () => {
    const { psi, ks, psiNoise, ksNoise } = distributionShift(uniform(2000), uniform(2000));
    expect(psi).toBeLessThan(3 * psiNoise);
    expect(ks).toBeLessThan(ksNoise);
  });

  it('is what it is by definition', () => {
    const shifted = distributionShift(uniform(20_000, 0.5), uniform(20_000));
    expect(shifted.ks).toBeCloseTo(0.5, 1);
    expect(shifted.psi).toBeGreaterThan(2);
    const half = (a: number): string[] => [
      ...Array.from({ length: a }, () => 'a'),
      ...Array.from({ length: 1000 - a }, () => 'b'),
    ];
    const { psi, ks } = distributionShift(half(700), half(500));
    expect(psi).toBeCloseTo(0.2 * Math.log(0.7 / 0.5) - 0.2 * Math.log(0.3 / 0.5), 10);
    expect(ks).toBeNull();
  });

  it('sees nulls', () => {
    const values = uniform(1000);
    const { psi } = distributionShift(
      values.map((value, i) => (i % 3 === 0 ? null : value)),
      values,
    );
    expect(psi).toBeGreaterThan(0.5);
  });
});
