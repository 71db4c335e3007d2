// Generates the update loops of exact rolling windows that share one row buffer per key.
//
// State of a key: page, offset and capacity − 1 of its ring of rows, number of rows ever (`tail`),
// bits of windows to be emptied; then per window the number of rows that have left it (`head`) and
// its running aggregates. Rows lie in order of time; a row is (ts, mask, inputs…, suffix extremes…).
// min and max: a row's suffix extreme is that of the rows from it up to `built`; `newer` is that of
// the rows since. When the window has moved past `built` the suffixes are made anew (two stacks).
import { decaysOf } from './decayed-sum.ts';
import type { RowRange } from './row-scan.ts';
import { edge, edges, ewma, putInt64, quantile, renewSum, squares } from './row-scan.ts';
import { momentReset, momentStateSize, momentUpdate } from './moment-code.ts';
import { freshShare, sumReset, sumStateSize, sumUpdate } from './float-sum-code.ts';
import {
  distinctBy,
  type LoopAggregate,
  type LoopState,
  type OutputRow,
  type StagedRows,
} from './loop-plan.ts';

export interface RollingLoopWindow {
  /** Records not older than this, in milliseconds; or the newest `rows` of them. */
  readonly sizeMs: number;
  /** Null for a window over time. */
  readonly rows: number | null;
  readonly aggregates: readonly LoopAggregate[];
  /** Bit in the masks of rows that the window refused; -1 when it takes every row. */
  readonly refusal: number;
}

export interface RollingLoopPlan {
  readonly windows: readonly RollingLoopWindow[];
  readonly inputCount: number;
}

/** The pages that rows lie in. `grow` gives the key at `S[at]` a ring with room for more. */
export interface RowPages {
  readonly pages: Float64Array[];
  grow(S: Float64Array, at: number, front: number, tail: number): void;
}

export interface RollingEnvironment {
  readonly source: StagedRows;
  readonly state: LoopState;
  readonly rows: RowPages;
  readonly output: OutputRow;
}

export interface RollingLoops {
  add(slot: number, row: number): void;
  evaluate(slot: number, tau: number): void;
  /** Empties a window of a key. */
  drop(slot: number, window: number): void;
}

export interface RollingLayout {
  /** Numbers per key, and per row. */
  readonly stride: number;
  readonly rowWidth: number;
  /** State of a key without rows. */
  readonly initial: Float64Array;
  /** Per window, where its `head` is. */
  readonly heads: readonly number[];
}

/** Positions in a key's state that do not depend on the plan. */
export const ringState = { page: 0, offset: 1, cap: 2, tail: 3, stale: 4, size: 5 } as const;

interface Core {
  readonly filter: number;
  readonly input: number;
  readonly at: number;
}

interface ExtremeCore extends Core {
  readonly isMax: boolean;
  /** Column of the suffix extreme in a row. */
  readonly column: number;
}

interface WindowCode extends RollingLoopWindow {
  readonly head: number;
  readonly counts: readonly Core[];
  readonly sums: readonly Core[];
  readonly moments: readonly Core[];
  readonly extremes: readonly ExtremeCore[];
}

interface CodePlan {
  readonly windows: readonly WindowCode[];
  readonly inputCount: number;
  readonly stride: number;
  readonly rowWidth: number;
}

/** Where things lie, before the state exists. */
export function layoutRolling(plan: RollingLoopPlan): RollingLayout {
  const code = planCode(plan);
  const initial = new Float64Array(code.stride);
  initial[ringState.cap] = -1;
  for (const { extremes, moments } of code.windows) {
    for (const { at } of moments) initial[at] = Number.NaN;
    for (const { at, isMax } of extremes) initial[at + 1] = isMax ? -Infinity : Number.NaN;
  }
  const { stride, rowWidth, windows } = code;
  return { stride, rowWidth, initial, heads: windows.map(({ head }) => head) };
}

export function compileRolling(plan: RollingLoopPlan, env: RollingEnvironment): RollingLoops {
  const code = planCode(plan);
  const body = `'use strict';
    const { source, state, rows, output } = env;
    const { renewSum, squares, edge, edges, quantile, ewma, putInt64, decays } = runtime;
    const columns = output.columns;
    ${addCode(code)}
    ${insertCode(code)}
    ${evaluateCode(code)}
    ${dropCode(code)}
    return { add, evaluate, drop };`;
  const decays = decaysOf(plan.windows.flatMap(({ aggregates }) => aggregates));
  const runtime = { renewSum, squares, edge, edges, quantile, ewma, putInt64, decays };
  const make = new Function('env', 'runtime', 'range', body) as (
    env: RollingEnvironment,
    helpers: typeof runtime,
    range: RowRange,
  ) => RollingLoops;
  return make(env, runtime, emptyRange(code.rowWidth));
}

function emptyRange(width: number): RowRange {
  const page = new Float64Array(0);
  const none = { base: 0, cap: 0, head: 0, tail: 0, value: 0, wanted: 0, unwanted: 0 };
  return { page, width, mask: 1, ...none };
}

function planCode({ windows, inputCount }: RollingLoopPlan): CodePlan {
  let at: number = ringState.size;
  let rowWidth = 2 + inputCount;
  const place = (size: number): number => {
    at += size;
    return at - size;
  };
  const code = windows.map((window) => {
    const head = place(1);
    const { aggregates, refusal } = window;
    const valued = aggregates.filter(({ fn }) => fn === 'sum' || fn === 'avg');
    const extreme = aggregates.filter(({ fn }) => fn === 'min' || fn === 'max');
    const spread = aggregates.filter(({ fn }) => fn.startsWith('var') || fn.startsWith('stddev'));
    const counted = aggregates.filter(({ filter }) => filter >= 0 || refusal >= 0);
    return {
      ...window,
      head,
      counts: distinctBy(counted, ({ filter }) => `${filter}`).map(({ filter, input }) => ({
        filter,
        input,
        at: place(1),
      })),
      sums: distinctBy(valued, ({ filter, input }) => `${filter},${input}`).map(
        ({ filter, input }) => ({ filter, input, at: place(sumStateSize) }),
      ),
      moments: distinctBy(spread, ({ filter, input }) => `${filter},${input}`).map(
        ({ filter, input }) => ({ filter, input, at: place(momentStateSize) }),
      ),
      extremes: distinctBy(extreme, ({ fn, filter, input }) => `${fn},${filter},${input}`).map(
        ({ fn, filter, input }) => ({
          filter,
          input,
          isMax: fn === 'max',
          column: rowWidth++,
          at: place(2),
        }),
      ),
    };
  });
  return { windows: code, inputCount, stride: at, rowWidth };
}

function times(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('\n');
}

function frontCode(windows: readonly WindowCode[]): string {
  return windows.map(({ head }) => `S[o + ${head}]`).reduce((a, b) => `Math.min(${a}, ${b})`);
}

/** Whether a row with mask `m` counts for an aggregate of a window. */
function condition(filter: number, refusal: number): string {
  const wanted = filter < 0 ? '' : `(m & ${1 << filter}) !== 0`;
  const unwanted = refusal < 0 ? '' : `(m & ${1 << refusal}) === 0`;
  return [wanted, unwanted].filter(Boolean).join(' && ') || 'true';
}

function combine({ isMax }: ExtremeCore, a: string, x: string): string {
  return isMax
    ? `(${x} > ${a} || ${x} !== ${x} ? ${x} : ${a})`
    : `(${x} < ${a} || ${a} !== ${a} ? ${x} : ${a})`;
}

const nothing = ({ isMax }: ExtremeCore): string => (isMax ? '-Infinity' : 'NaN');

function addCode({ windows, inputCount, stride, rowWidth }: CodePlan): string {
  return `
  function add(slot, row) {
    const S = state.data, o = slot * ${stride}, ts = source.ts[row], m = source.mask[row];
    ${times(inputCount, (i) => `const x${i} = source.values[${i}][row];`)}
    const tail = S[o + ${ringState.tail}], front = ${frontCode(windows)};
    if (tail - front > S[o + ${ringState.cap}]) rows.grow(S, o, front, tail);
    const page = rows.pages[S[o]], base = S[o + 1], cap = S[o + 2];
    S[o + ${ringState.tail}] = tail + 1;
    if (tail > front && page[base + ((tail - 1) & cap) * ${rowWidth}] > ts) {
      insert(S, o, page, base, cap, front, tail, ts, m, ${inputNames(inputCount)});
      return;
    }
    const p = base + (tail & cap) * ${rowWidth};
    page[p] = ts;
    page[p + 1] = m;
    ${times(inputCount, (i) => `page[p + ${2 + i}] = x${i};`)}
    ${windows.map((window) => enterCode(window)).join('\n')}
  }`;
}

function inputNames(count: number): string {
  return times(count, (i) => `x${i},`);
}

/** The row enters the running aggregates of a window, newest of all. */
function enterCode(window: WindowCode): string {
  const extremes = window.extremes.map((core) => {
    const at = `o + ${core.at + 1}`;
    const value = `const y = x${core.input}; S[${at}] = ${combine(core, `S[${at}]`, 'y')};`;
    return `if (${condition(core.filter, window.refusal)}) { ${value} }`;
  });
  return [tallyCode(window, false, (input) => `x${input}`), ...extremes].join('\n');
}

/** Counts and sums: a row enters or leaves. */
function tallyCode(
  { counts, sums, moments, refusal }: WindowCode,
  isRemoval: boolean,
  valueOf: (input: number) => string,
): string {
  const counted = counts.map(
    ({ at, filter }) =>
      `if (${condition(filter, refusal)}) S[o + ${at}] ${isRemoval ? '-=' : '+='} 1;`,
  );
  const summed = sums.map(({ at, filter, input }) => {
    const update = sumUpdate(`o + ${at}`, 'x', isRemoval);
    return `if (${condition(filter, refusal)}) { const x = ${valueOf(input)}; ${update} }`;
  });
  const spread = moments.map(({ at, filter, input }) => {
    const update = momentUpdate(`o + ${at}`, 'x', isRemoval);
    return `if (${condition(filter, refusal)}) { const x = ${valueOf(input)}; ${update} }`;
  });
  return [...counted, ...summed, ...spread].join('\n');
}

function insertCode({ windows, inputCount, rowWidth }: CodePlan): string {
  return `
  function insert(S, o, page, base, cap, front, tail, ts, m, ${inputNames(inputCount)}) {
    let i = tail;
    let p = base + (i & cap) * ${rowWidth};
    for (; i > front; i--) {
      const q = base + ((i - 1) & cap) * ${rowWidth};
      if (page[q] <= ts) break;
      for (let k = 0; k < ${rowWidth}; k++) page[p + k] = page[q + k];
      p = q;
    }
    page[p] = ts;
    page[p + 1] = m;
    ${times(inputCount, (k) => `page[p + ${2 + k}] = x${k};`)}
    ${windows.map((window) => insertInto(window, rowWidth)).join('\n')}
  }`;
}

function insertInto(window: WindowCode, rowWidth: number): string {
  const { head, extremes, refusal } = window;
  const shift = extremes.map(({ at }) => `S[o + ${at}] += 1;`).join(' ');
  const inside = extremes.map((core) => {
    const { at, column, filter, input } = core;
    return `{
      const x = ${condition(filter, refusal)} ? x${input} : ${nothing(core)};
      if (i >= S[o + ${at}]) S[o + ${at + 1}] = ${combine(core, `S[o + ${at + 1}]`, 'x')};
      else {
        S[o + ${at}] += 1;
        const next = base + ((i + 1) & cap) * ${rowWidth} + ${column};
        const v = i + 1 < S[o + ${at}] ? page[next] : ${nothing(core)};
        page[p + ${column}] = ${combine(core, 'v', 'x')};
        for (let k = i - 1; k >= S[o + ${head}]; k--) {
          const q = base + (k & cap) * ${rowWidth} + ${column}, w = page[q];
          const u = ${combine(core, 'w', 'x')};
          if (u === w || (u !== u && w !== w)) break;
          page[q] = u;
        }
      }
    }`;
  });
  return `
    if (i < S[o + ${head}]) { S[o + ${head}] += 1; ${shift} }
    else {
      ${tallyCode(window, false, (input) => `x${input}`)}
      ${inside.join('\n')}
    }`;
}

function evaluateCode({ windows, stride, rowWidth }: CodePlan): string {
  return `
  function evaluate(slot, tau) {
    const S = state.data, o = slot * ${stride}, at = output.rowCount;
    const page = rows.pages[S[o]], base = S[o + 1], cap = S[o + 2];
    const tail = S[o + ${ringState.tail}];
    ${windows.map((window) => `{ ${retireCode(window, rowWidth)} ${resultCode(window, rowWidth)} }`).join('\n')}
  }`;
}

/** Rows that have left the window leave its running aggregates. */
function retireCode(window: WindowCode, rowWidth: number): string {
  const { head, sizeMs, rows, counts, refusal } = window;
  const removal = tallyCode(window, true, (input) => `page[p + ${2 + input}]`);
  const all = counts.find(({ filter }) => filter < 0);
  const held = refusal < 0 || all === undefined ? 'tail - head' : `S[o + ${all.at}]`;
  const oldest = `page[base + (head & cap) * ${rowWidth}]`;
  const hasLeft = rows === null ? `head < tail && ${oldest} < start` : `${held} > ${rows}`;
  return `
    const start = tau - ${sizeMs};
    let head = S[o + ${head}];
    if (${hasLeft}) {
      do {
        const p = base + (head & cap) * ${rowWidth}, m = page[p + 1] | 0;
        ${removal}
        head += 1;
      } while (${hasLeft});
      S[o + ${head}] = head;
      if (head === tail) { ${resetCode(window, 'tail')} }
    }`;
}

function resetCode({ counts, sums, moments, extremes }: WindowCode, tail: string): string {
  return [
    ...counts.map(({ at }) => `S[o + ${at}] = 0;`),
    ...sums.map(({ at }) => sumReset(`o + ${at}`)),
    ...moments.map(({ at }) => momentReset(`o + ${at}`)),
    ...extremes.map((core) => {
      return `S[o + ${core.at}] = ${tail}; S[o + ${core.at + 1}] = ${nothing(core)};`;
    }),
  ].join(' ');
}

function resultCode(window: WindowCode, rowWidth: number): string {
  const { counts, sums, extremes, aggregates } = window;
  const lines = counts.map(({ at, filter }) => `const n${filter + 1} = S[o + ${at}];`);
  if (!counts.some(({ filter }) => filter < 0)) lines.push('const n0 = tail - head;');
  for (const core of sums) lines.push(sumResult(core, window));
  for (const core of extremes) lines.push(extremeResult(core, window, rowWidth));
  return [...lines, ...aggregates.map((aggregate) => putCode(aggregate, window))].join('\n');
}

const sumName = ({ filter, input }: { filter: number; input: number }): string =>
  `s${filter + 1}_${input}`;

function sumResult(core: Core, window: WindowCode): string {
  const { filter, at } = core;
  const name = sumName(core);
  return `
    let ${name} = 0;
    if (n${filter + 1} > 0) {
      if (S[o + ${at + 2}] < S[o + ${at + 3}] * ${freshShare} || !(S[o + ${at}] - S[o + ${at}] === 0)) {
        ${rangeCode(core, window)}
        ${name} = renewSum(S, o + ${at}, range);
      } else ${name} = S[o + ${at}] + S[o + ${at + 1}];
    }`;
}

function rangeCode({ filter, input }: Pick<Core, 'filter' | 'input'>, { refusal }: WindowCode) {
  return `
    range.page = page; range.base = base; range.cap = cap; range.head = head; range.tail = tail;
    range.value = ${2 + input};
    range.wanted = ${filter < 0 ? 0 : 1 << filter}; range.unwanted = ${refusal < 0 ? 0 : 1 << refusal};`;
}

const extremeName = ({ isMax, filter, input }: ExtremeCore): string =>
  `${isMax ? 'max' : 'min'}${filter + 1}_${input}`;

function extremeResult(core: ExtremeCore, window: WindowCode, rowWidth: number): string {
  const { at, column, filter, input } = core;
  const name = extremeName(core);
  return `
    let ${name} = S[o + ${at + 1}];
    if (head > S[o + ${at}]) {
      let e = ${nothing(core)};
      for (let i = tail - 1; i >= head; i--) {
        const p = base + (i & cap) * ${rowWidth}, m = page[p + 1] | 0;
        if (${condition(filter, window.refusal)}) { const x = page[p + ${2 + input}]; e = ${combine(core, 'e', 'x')}; }
        page[p + ${column}] = e;
      }
      S[o + ${at}] = tail;
      S[o + ${at + 1}] = ${nothing(core)};
      ${name} = e;
    } else if (head < S[o + ${at}]) {
      const x = page[base + (head & cap) * ${rowWidth} + ${column}];
      ${name} = ${combine(core, name, 'x')};
    }`;
}

/** Writes the value of a feature. */
function putCode(aggregate: LoopAggregate, window: WindowCode): string {
  const { feature, fn, filter, input } = aggregate;
  const n = `n${filter + 1}`;
  const column = `columns[${feature}]`;
  const put = (value: string): string =>
    `${column}.nulls[at] = ${n} > 0 ? 0 : 1; ${column}.values[at] = ${n} > 0 ? ${value} : 0;`;
  const scanned = (value: string): string => `{
    ${rangeCode({ filter, input }, window)}
    const v = ${value};
    ${column}.nulls[at] = v === null ? 1 : 0; ${column}.values[at] = v === null ? 0 : v;
  }`;
  switch (fn) {
    case 'count':
      return `${column}.nulls[at] = 0; ${column}.values[at] = ${n};`;
    case 'sum':
      return putSum(aggregate, window, put(sumName(aggregate)));
    case 'avg':
      return put(`${sumName(aggregate)} / ${n}`);
    case 'min':
    case 'max':
      return put(extremeName({ ...aggregate, isMax: fn === 'max', at: 0, column: 0 }));
    case 'first':
      return scanned('edge(range, 1)');
    case 'last':
      return scanned('edge(range, -1)');
    case 'quantile':
      return scanned(`quantile(range, ${aggregate.quantile})`);
    case 'ewma':
      return scanned(`ewma(range, decays[${feature}])`);
    case 'firstN':
    case 'lastN':
      return `{
        ${rangeCode({ filter, input }, window)}
        ${column}.nulls[at] = 0;
        ${column}.values[at] = edges(range, ${fn === 'firstN' ? 1 : -1}, ${aggregate.limit});
      }`;
    case 'stddevPop':
    case 'stddevSamp':
    case 'varPop':
    case 'varSamp':
      return putSpread(aggregate, window);
  }
}

function putSpread({ feature, fn, filter, input }: LoopAggregate, window: WindowCode): string {
  const core = window.moments.find((m) => m.filter === filter && m.input === input);
  const n = `n${filter + 1}`;
  const sample = fn.endsWith('Samp') ? 1 : 0;
  const column = `columns[${feature}]`;
  return `
    if (${n} > ${sample}) {
      ${rangeCode({ filter, input }, window)}
      const v = squares(S, o + ${core?.at ?? 0}, ${n}, range) / (${n} - ${sample});
      ${column}.nulls[at] = 0;
      ${column}.values[at] = ${fn.startsWith('stddev') ? 'Math.sqrt(v)' : 'v'};
    } else { ${column}.nulls[at] = 1; ${column}.values[at] = 0; }`;
}

function putSum({ feature, filter, input }: LoopAggregate, window: WindowCode, put: string) {
  const core = window.sums.find((sum) => sum.filter === filter && sum.input === input);
  const at = core?.at ?? 0;
  return `
    if (columns[${feature}].kind !== 'int64') { ${put} }
    else if (n${filter + 1} === 0) { columns[${feature}].nulls[at] = 1; columns[${feature}].values[at] = 0n; }
    else {
      const fits = putInt64(columns[${feature}], at, S[o + ${at}], S[o + ${at + 1}]);
      columns[${feature}].nulls[at] = fits ? 0 : 1;
      if (!fits) output.overflowed = ${feature};
    }`;
}

function dropCode({ windows, stride }: CodePlan): string {
  return `
  function drop(slot, window) {
    const S = state.data, o = slot * ${stride}, tail = S[o + ${ringState.tail}];
    switch (window) {
      ${windows.map((window, i) => `case ${i}: S[o + ${window.head}] = tail; ${resetCode(window, 'tail')} break;`).join('\n')}
    }
  }`;
}
