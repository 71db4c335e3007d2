// ewma in the general form: the same numbers as in cells and rings, each sum in an array of its own.
// Its state is a function of the records up to the rounding of additions, which is carried along.
import {
  Decay,
  decayedMean,
  decayedSize,
  mergeDecayed,
  noAnchor,
} from '../../../codegen/update-loops/decayed-sum.ts';
import type { Accumulator } from './accumulator.ts';
import { boxBytes } from './places.ts';

interface DecayedState {
  count: number;
  readonly numbers: Float64Array;
}

export function ewmaAccumulator(halfLifeMs: number): Accumulator<DecayedState> {
  const decay = new Decay(halfLifeMs);
  const create = (): DecayedState => {
    const numbers = new Float64Array(decayedSize);
    numbers[0] = noAnchor;
    return { count: 0, numbers };
  };
  return {
    create,
    add: (state, value, { ts }) => {
      state.count += 1;
      decay.add(state.numbers, 0, Number(value), ts);
    },
    merge: (into, from) => {
      into.count += from.count;
      mergeDecayed(into.numbers, 0, from.numbers, 0);
    },
    result: ({ count, numbers }) => (count === 0 ? null : decayedMean(numbers, 0)),
    write: ({ count, numbers }, to) => {
      to.varint(count);
      to.floats(numbers, 0, decayedSize);
    },
    read: (from) => {
      const state = create();
      state.count = from.varint();
      from.floats(state.numbers, 0, decayedSize);
      return state;
    },
    bytesOf: () => boxBytes * 4,
  };
}
