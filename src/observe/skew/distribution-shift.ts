// How far two samples of a feature's values are apart: the population stability index over bins of
// the reference, and the Kolmogorov–Smirnov distance of numbers. Nulls are a bin of their own.
// Source: Siddiqi, Credit Risk Scorecards (2006) for PSI; Massey, JASA 46 (1951) for KS.

export interface DistributionShift {
  /** Null without values on either side. */
  readonly psi: number | null;
  /** Of numbers; null for what has no order. */
  readonly ks: number | null;
  /** What chance alone makes of them, with so many values. */
  readonly psiNoise: number;
  readonly ksNoise: number;
}

/** A value as it counts here: a number, a category, or nothing. */
export type Sampled = number | string | null;

const bins = 10;
const categoriesMax = 20;
/** Share that an empty bin counts as. */
const leastShare = 1e-4;
/** KS critical value at one in a thousand. */
const ksCritical = 1.95;

/** `reference`: what training has. */
export function distributionShift(
  served: readonly Sampled[],
  reference: readonly Sampled[],
): DistributionShift {
  const [n, m] = [served.length, reference.length];
  if (n === 0 || m === 0) return { psi: null, ks: null, psiNoise: 0, ksNoise: 0 };
  const binOf = reference.some((value) => typeof value === 'string')
    ? categoryBins(reference)
    : numberBins(numbersOf(reference));
  const [a, b] = [sharesOf(served, binOf), sharesOf(reference, binOf)];
  let psi = 0;
  const names = new Set([...a.keys(), ...b.keys()]);
  for (const name of names) {
    const p = Math.max(a.get(name) ?? 0, leastShare);
    const q = Math.max(b.get(name) ?? 0, leastShare);
    psi += (p - q) * Math.log(p / q);
  }
  const [x, y] = [numbersOf(served), numbersOf(reference)];
  const ks = x.length === 0 || y.length === 0 ? null : ksDistance(x, y);
  return {
    psi,
    ks,
    psiNoise: Math.max(0, names.size - 1) * (1 / n + 1 / m),
    ksNoise: ksCritical * Math.sqrt(1 / Math.max(1, x.length) + 1 / Math.max(1, y.length)),
  };
}

function numbersOf(values: readonly Sampled[]): Float64Array {
  return Float64Array.from(values.filter((value) => typeof value === 'number')).sort();
}

/** Deciles of the reference; values that make up several share one. */
function numberBins(sorted: Float64Array): (value: Sampled) => string {
  const edges = new Set<number>();
  for (let i = 1; i < bins; i++) {
    edges.add(sorted[Math.floor((i * sorted.length) / bins)] ?? Number.NaN);
  }
  const ascending = Float64Array.from(edges).sort();
  return (value) => {
    if (typeof value !== 'number') return 'null';
    let bin = 0;
    while (bin < ascending.length && value > (ascending[bin] as number)) bin++;
    return String(bin);
  };
}

function categoryBins(reference: readonly Sampled[]): (value: Sampled) => string {
  const counts = new Map<string, number>();
  for (const value of reference) {
    if (value !== null) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  }
  const known = new Set(
    [...counts]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, categoriesMax)
      .map(([name]) => name),
  );
  return (value) => (value === null ? 'null' : known.has(String(value)) ? `=${value}` : 'other');
}

function sharesOf(
  values: readonly Sampled[],
  binOf: (value: Sampled) => string,
): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  for (const value of values) {
    const bin = binOf(value);
    shares.set(bin, (shares.get(bin) ?? 0) + 1 / values.length);
  }
  return shares;
}

/** The greatest distance between the two distribution functions; both sides are sorted. */
function ksDistance(x: Float64Array, y: Float64Array): number {
  let [i, j, greatest] = [0, 0, 0];
  while (i < x.length && j < y.length) {
    const value = Math.min(x[i] as number, y[j] as number);
    while (i < x.length && (x[i] as number) <= value) i++;
    while (j < y.length && (y[j] as number) <= value) j++;
    greatest = Math.max(greatest, Math.abs(i / x.length - j / y.length));
  }
  return greatest;
}
