// Generates the update loops of cells: what a window, a pane or a session keeps of its records as a
// few numbers in a shared array. Records are added, cells are merged, nothing is ever taken away.
// count: n. sum: sum and error (two-sum); a value that is not finite makes the sum so, for good.
// ewma: a decayed sum. Variance: Welford's mean and squares, merged by Chan's rule. min, max: the extreme.
import { decayedMean, decayedSize, decaysOf, mergeDecayed, noAnchor } from './decayed-sum.ts';
import { distinctBy, type LoopAggregate, type OutputRow, type StagedRows } from './loop-plan.ts';
import { putInt64 } from './row-scan.ts';

export interface CellEnvironment {
  readonly source: StagedRows;
  readonly output: OutputRow;
}

/** A cell is an array and where the cell's numbers begin in it. */
export interface CellLoops {
  add(data: Float64Array, cell: number, row: number): void;
  /** Adds the cell `from` of `source`, which stays as it is. */
  merge(data: Float64Array, into: number, source: Float64Array, from: number): void;
  put(data: Float64Array, cell: number): void;
}

export interface CellLayout {
  /** Numbers per cell. */
  readonly size: number;
  /** A cell without records. */
  readonly initial: Float64Array;
  /** Where the number of all the cell's records is; -1 when none of the aggregates needs it. */
  readonly rowsAt: number;
}

/** The number of all records, for a cell whose features all have filters; it is put nowhere. */
export const countOfRecords: LoopAggregate = {
  feature: -1,
  fn: 'count',
  input: -1,
  filter: -1,
  quantile: 0,
  limit: 0,
  halfLifeMs: 0,
};

/** Aggregates that cells can hold. */
export function isCellFunction(fn: string): boolean {
  return /^(count|sum|avg|min|max|first|last|ewma|varPop|varSamp|stddevPop|stddevSamp)$/.test(fn);
}

/** Whether merging into an empty cell gives the same numbers: means are rounded again, decays moved. */
export function isKeptByMerge(fn: string): boolean {
  return /^(count|sum|avg|min|max|first|last)$/.test(fn);
}

interface Core {
  readonly filter: number;
  readonly input: number;
  readonly at: number;
}

interface DecayCore extends Core {
  readonly halfLifeMs: number;
  /** The first feature that has it. */
  readonly feature: number;
}

interface CellPlan {
  readonly aggregates: readonly LoopAggregate[];
  readonly counts: readonly Core[];
  readonly sums: readonly Core[];
  readonly spreads: readonly Core[];
  readonly extremes: readonly (Core & { readonly isMax: boolean })[];
  readonly ends: readonly (Core & { readonly isLast: boolean })[];
  readonly decays: readonly DecayCore[];
  readonly size: number;
}

export function layoutCells(aggregates: readonly LoopAggregate[]): CellLayout {
  const { size, extremes, ends, counts, decays } = planCells(aggregates);
  const initial = new Float64Array(size);
  for (const { at, isLast } of ends) initial[at] = isLast ? -Infinity : Infinity;
  for (const { at } of decays) initial[at] = noAnchor;
  for (const { at, isMax } of extremes) {
    initial[at] = isMax ? Number.NEGATIVE_INFINITY : Number.NaN;
  }
  return { size, initial, rowsAt: counts.find(({ filter }) => filter < 0)?.at ?? -1 };
}

/** Where in a cell the numbers are that an aggregate is made of, in an order that its function says. */
export function numbersOf(
  aggregates: readonly LoopAggregate[],
  { fn, filter, input, halfLifeMs }: LoopAggregate,
): readonly number[] {
  const plan = planCells(aggregates);
  const place = (cores: readonly Core[], size: number): number[] => {
    const core = cores.find((known) => known.filter === filter && known.input === input);
    return core === undefined ? [] : Array.from({ length: size }, (_, i) => core.at + i);
  };
  const count = countOf(plan, filter);
  if (fn === 'count') return [count];
  if (fn === 'sum' || fn === 'avg') return [count, ...place(plan.sums, 2)];
  if (fn === 'ewma') {
    const decays = plan.decays.filter((core) => core.halfLifeMs === halfLifeMs);
    return [count, ...place(decays, decayedSize)];
  }
  if (fn === 'first' || fn === 'last') {
    const isLast = fn === 'last';
    return [
      count,
      ...place(
        plan.ends.filter((end) => end.isLast === isLast),
        2,
      ),
    ];
  }
  if (fn !== 'min' && fn !== 'max') return [count, ...place(plan.spreads, 2)];
  const isMax = fn === 'max';
  return [
    count,
    ...place(
      plan.extremes.filter((extreme) => extreme.isMax === isMax),
      1,
    ),
  ];
}

export function compileCells(
  aggregates: readonly LoopAggregate[],
  env: CellEnvironment,
): CellLoops {
  const plan = planCells(aggregates);
  const body = `'use strict';
    const { source, output } = env;
    const { putInt64, mergeDecayed, decayedMean, decays } = runtime;
    const columns = output.columns;
    ${addCode(plan)}
    ${mergeCode(plan)}
    ${putCode(plan)}
    return { add, merge, put };`;
  const runtime = { putInt64, mergeDecayed, decayedMean, decays: decaysOf(aggregates) };
  const make = new Function('env', 'runtime', body) as (
    env: CellEnvironment,
    helpers: typeof runtime,
  ) => CellLoops;
  return make(env, runtime);
}

function planCells(aggregates: readonly LoopAggregate[]): CellPlan {
  let size = 0;
  const place = (numbers: number): number => {
    size += numbers;
    return size - numbers;
  };
  const cores = (fns: RegExp, numbers: number): Core[] =>
    distinctBy(
      aggregates.filter(({ fn }) => fns.test(fn)),
      ({ filter, input }) => `${filter},${input}`,
    ).map(({ filter, input }) => ({ filter, input, at: place(numbers) }));
  const counts = distinctBy(aggregates, ({ filter }) => `${filter}`).map(({ filter, input }) => ({
    filter,
    input,
    at: place(1),
  }));
  return {
    aggregates,
    counts,
    sums: cores(/^(sum|avg)$/, 2),
    spreads: cores(/^(var|stddev)/, 2),
    extremes: [
      ...cores(/^min$/, 1).map((core) => ({ ...core, isMax: false })),
      ...cores(/^max$/, 1).map((core) => ({ ...core, isMax: true })),
    ],
    ends: [
      ...cores(/^first$/, 2).map((core) => ({ ...core, isLast: false })),
      ...cores(/^last$/, 2).map((core) => ({ ...core, isLast: true })),
    ],
    decays: distinctBy(
      aggregates.filter(({ fn }) => fn === 'ewma'),
      ({ filter, input, halfLifeMs }) => `${filter},${input},${halfLifeMs}`,
    ).map(({ filter, input, halfLifeMs, feature }) => ({
      ...{ filter, input, halfLifeMs, feature },
      at: place(decayedSize),
    })),
    size,
  };
}

const passes = (filter: number): string => (filter < 0 ? 'true' : `(m & ${1 << filter}) !== 0`);

function countOf({ counts }: CellPlan, filter: number): number {
  return counts.find((core) => core.filter === filter)?.at ?? 0;
}

function combine(isMax: boolean, a: string, x: string): string {
  return isMax
    ? `(${x} > ${a} || ${x} !== ${x} ? ${x} : ${a})`
    : `(${x} < ${a} || ${a} !== ${a} ? ${x} : ${a})`;
}

function twoSum(at: string, y: string): string {
  return `const s = A[${at}], t = s + ${y}, z = t - s;
    A[${at} + 1] += (s - (t - z)) + (${y} - z); A[${at}] = t;`;
}

function addCode(plan: CellPlan): string {
  const value = (input: number): string => `source.values[${input}][row]`;
  const lines = [
    ...plan.counts.map(({ at, filter }) => `if (${passes(filter)}) A[o + ${at}] += 1;`),
    ...plan.sums.map(
      ({ at, filter, input }) => `if (${passes(filter)}) {
        const x = ${value(input)};
        ${twoSum(`o + ${at}`, 'x')}
      }`,
    ),
    ...plan.spreads.map(
      ({ at, filter, input }) => `if (${passes(filter)}) {
        const x = ${value(input)}, d = x - A[o + ${at}];
        A[o + ${at}] += d / A[o + ${countOf(plan, filter)}];
        A[o + ${at + 1}] += d * (x - A[o + ${at}]);
      }`,
    ),
    ...plan.extremes.map(
      ({ at, filter, input, isMax }) => `if (${passes(filter)}) {
        const x = ${value(input)}, a = A[o + ${at}];
        A[o + ${at}] = ${combine(isMax, 'a', 'x')};
      }`,
    ),
    ...plan.ends.map(
      ({ at, filter, input, isLast }) => `if (${passes(filter)}) {
        const ts = source.ts[row];
        if (${isLast ? 'ts >=' : 'ts <'} A[o + ${at}]) {
          A[o + ${at}] = ts;
          A[o + ${at + 1}] = ${value(input)};
        }
      }`,
    ),
    ...plan.decays.map(
      ({ at, filter, input, feature }) =>
        `if (${passes(filter)}) decays[${feature}].add(A, o + ${at}, ${value(input)}, source.ts[row]);`,
    ),
  ];
  return `function add(A, o, row) {
    const m = source.mask[row];
    ${lines.join('\n')}
  }`;
}

function mergeCode(plan: CellPlan): string {
  const lines = [
    ...plan.spreads.map(({ at, filter }) => {
      const n = countOf(plan, filter);
      return `{
        const a = A[o + ${n}], b = B[p + ${n}];
        if (b > 0) {
          const d = B[p + ${at}] - A[o + ${at}];
          A[o + ${at}] += (d * b) / (a + b);
          A[o + ${at + 1}] += B[p + ${at + 1}] + (d * d * a * b) / (a + b);
        }
      }`;
    }),
    ...plan.counts.map(({ at }) => `A[o + ${at}] += B[p + ${at}];`),
    ...plan.sums.map(
      ({ at }) => `{
        const y = B[p + ${at}];
        ${twoSum(`o + ${at}`, 'y')}
        A[o + ${at + 1}] += B[p + ${at + 1}];
      }`,
    ),
    ...plan.extremes.map(
      ({ at, isMax }) => `{
        const x = B[p + ${at}], a = A[o + ${at}];
        A[o + ${at}] = ${combine(isMax, 'a', 'x')};
      }`,
    ),
    ...plan.ends.map(
      // Records of one instant in two cells: those of the cell that is merged later came later.
      ({ at, isLast }) => `if (B[p + ${at}] ${isLast ? '>=' : '<'} A[o + ${at}]) {
        A[o + ${at}] = B[p + ${at}];
        A[o + ${at + 1}] = B[p + ${at + 1}];
      }`,
    ),
    ...plan.decays.map(({ at }) => `mergeDecayed(A, o + ${at}, B, p + ${at});`),
  ];
  return `function merge(A, o, B, p) { ${lines.join('\n')} }`;
}

function putCode(plan: CellPlan): string {
  const lines = plan.aggregates
    .filter(({ feature }) => feature >= 0)
    .map((aggregate) => putAggregate(plan, aggregate));
  return `function put(A, o) {
    const at = output.rowCount;
    ${lines.join('\n')}
  }`;
}

function putAggregate(plan: CellPlan, aggregate: LoopAggregate): string {
  const { feature, fn, filter } = aggregate;
  const column = `columns[${feature}]`;
  const n = `A[o + ${countOf(plan, filter)}]`;
  if (fn === 'count') return `${column}.nulls[at] = 0; ${column}.values[at] = ${n};`;
  const least = fn.endsWith('Samp') ? 1 : 0;
  return `{
    const n = ${n};
    if (n > ${least}) {
      ${column}.nulls[at] = 0;
      ${valueCode(plan, aggregate)}
    } else {
      ${column}.nulls[at] = 1;
      ${column}.values[at] = ${column}.kind === 'int64' ? 0n : 0;
    }
  }`;
}

function valueCode(plan: CellPlan, aggregate: LoopAggregate): string {
  const { feature, fn, filter, input, halfLifeMs } = aggregate;
  const at = (cores: readonly Core[]): number =>
    cores.find((core) => core.filter === filter && core.input === input)?.at ?? 0;
  const column = `columns[${feature}]`;
  const value = `${column}.values[at]`;
  const sum = at(plan.sums);
  const total = `A[o + ${sum}] - A[o + ${sum}] === 0 ? A[o + ${sum}] + A[o + ${sum + 1}] : A[o + ${sum}]`;
  switch (fn) {
    case 'sum':
      return `if (${column}.kind !== 'int64') ${value} = ${total};
        else if (!putInt64(${column}, at, A[o + ${sum}], A[o + ${sum + 1}])) {
          ${column}.nulls[at] = 1;
          output.overflowed = ${feature};
        }`;
    case 'avg':
      return `${value} = (${total}) / n;`;
    case 'ewma': {
      const decays = plan.decays.filter((core) => core.halfLifeMs === halfLifeMs);
      return `${value} = decayedMean(A, o + ${at(decays)});`;
    }
    case 'min':
    case 'max':
      return `${value} = A[o + ${at(plan.extremes.filter(({ isMax }) => isMax === (fn === 'max')))}];`;
    case 'first':
    case 'last':
      return `${value} = A[o + ${at(plan.ends.filter(({ isLast }) => isLast === (fn === 'last'))) + 1}];`;
    default: {
      const spread = `A[o + ${at(plan.spreads) + 1}] / (n - ${fn.endsWith('Samp') ? 1 : 0})`;
      return `${value} = ${fn.startsWith('stddev') ? `Math.sqrt(${spread})` : spread};`;
    }
  }
}
