// The laws that windows rely on, tried on values: an aggregate that breaks one gives another value after
// another grouping of the same records. That it breaks none of them here proves nothing of other values.
import type { Value } from '../kernel/types/field-type.ts';
import type { AggregateCode, AggregateState } from '../plan/user-aggregate.ts';
import type { UserAggregate } from '../define/user-aggregate.ts';

/** A value and the event time of its record, epoch ms. */
export interface AggregateSample {
  readonly value: unknown;
  readonly eventTime: number;
}

/** Relative difference of floats that another order of additions may make. */
const tolerance = 1e-9;

/**
 * Which laws an aggregate breaks on these samples, a sentence each; empty when it keeps them all.
 *
 * **Laws**: merging with `create()` changes nothing; `merge` gives the same in any order and grouping;
 * adding a value is merging the state of it alone; the same calls give the same again; `from` stays as
 * it is. Results are compared, floats to nine digits. Errors: what a function throws, it throws.
 */
export function brokenLaws(
  aggregate: Pick<UserAggregate, 'code'>,
  samples: readonly AggregateSample[],
): readonly string[] {
  const laws = new Laws(aggregate.code);
  const singles = samples.map((sample) => laws.stateOf([sample]));
  const whole = laws.stateOf(samples);
  const broken = new Set<string>();
  const expect = (law: string, left: AggregateState, right: AggregateState): void => {
    if (!same(laws.resultOf(left), laws.resultOf(right))) broken.add(law);
  };
  expect('the same calls give another value', whole, laws.stateOf(samples));
  for (const state of [whole, ...singles]) {
    const empty = laws.stateOf([]);
    expect('merging create() into a state changes its value', laws.merged(state, empty), state);
    expect('merging a state into create() changes its value', laws.merged(empty, state), state);
  }
  for (let i = 0; i + 2 < singles.length; i++) {
    const [a, b, c] = singles.slice(i, i + 3) as [AggregateState, AggregateState, AggregateState];
    expect('merge depends on the order', laws.merged(a, b), laws.merged(b, a));
    const grouped = laws.merged(a, laws.merged(b, c));
    expect('merge depends on the grouping', laws.merged(laws.merged(a, b), c), grouped);
  }
  const merged = singles.reduce((into, from) => laws.merged(into, from), laws.stateOf([]));
  expect('adding values is not merging the states of each', whole, merged);
  if (laws.hasChangedFrom) broken.add('merge changes the state that it merges from');
  return [...broken];
}

class Laws {
  readonly #code: AggregateCode;
  hasChangedFrom = false;

  constructor(code: AggregateCode) {
    this.#code = code;
  }

  stateOf(samples: readonly AggregateSample[]): AggregateState {
    let state = structuredClone(this.#code.create()) as AggregateState;
    for (const { value, eventTime } of samples) {
      state = (this.#code.add(state, value as Value, eventTime) ?? state) as AggregateState;
    }
    return state;
  }

  merged(into: AggregateState, from: AggregateState): AggregateState {
    const [target, source] = [structuredClone(into), structuredClone(from)];
    const merged = structuredClone(this.#code.merge(target, source) ?? target) as AggregateState;
    if (!same(source, from)) this.hasChangedFrom = true;
    return merged;
  }

  resultOf(state: AggregateState): unknown {
    return this.#code.result(structuredClone(state));
  }
}

function same(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    const scale = Math.max(Math.abs(a), Math.abs(b));
    return Object.is(a, b) || Math.abs(a - b) <= tolerance * scale;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  const [left, right] = [a, b] as [
    Readonly<Record<string, unknown>>,
    Readonly<Record<string, unknown>>,
  ];
  return [...names].every((name) => same(left[name], right[name]));
}
