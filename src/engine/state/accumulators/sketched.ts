// Aggregates that are exact while small and sketches beyond: quantile and approxDistinct.
// Which of the two a result came from depends only on how many values are in the window.
import type { Value } from '../../../kernel/types/field-type.ts';
import { DdSketch } from '../../../sketch/dd-sketch.ts';
import { hashValue } from '../../../sketch/hash-value.ts';
import { HyperLogLog } from '../../../sketch/hyper-log-log.ts';
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import { type Accumulator, compareNumbers } from './accumulator.ts';
import { identityOf } from './distinct.ts';
import { boxBytes } from './places.ts';

export const exactQuantileValuesMax = 1000;

interface QuantileState {
  /** All values, or null once they are in the sketch. */
  values: number[] | null;
  sketch: DdSketch | null;
}

/** The quantile of a window with a resolution: from the sketch whatever the count. */
export function sketchedQuantileAccumulator(q: number): Accumulator<DdSketch> {
  return {
    create: () => new DdSketch(),
    add: (state, value) => state.add(Number(value)),
    merge: (into, from) => into.merge(from),
    unmerge: (into, from) => into.unmerge(from),
    reset: (state) => state.reset(),
    result: (state) => state.quantile(q),
    write: (state, to) => to.bytes(state.toBytes()),
    read: (from) => DdSketch.fromBytes(from.bytes()),
    bytesOf: (state) => boxBytes + state.byteLength,
  };
}

/** The element at rank floor(q·(n − 1)): exact while there are few values. */
export function quantileAccumulator(q: number): Accumulator<QuantileState> {
  const valuesMax = exactQuantileValuesMax;
  return {
    create: () => ({ values: [], sketch: null }),
    add: (state, value) => {
      const x = Number(value);
      if (state.values === null) state.sketch?.add(x);
      else {
        state.values.push(x);
        if (state.values.length > valuesMax) toSketch(state);
      }
    },
    merge: (into, from) => mergeQuantiles(into, from, valuesMax),
    result: (state) => {
      if (state.values === null) return state.sketch?.quantile(q) ?? null;
      const sorted = [...state.values].sort(compareNumbers);
      return sorted[Math.floor(q * (sorted.length - 1))] ?? null;
    },
    write: writeQuantile,
    read: readQuantile,
    bytesOf: ({ values, sketch }) =>
      boxBytes + (values?.length ?? 0) * 8 + (sketch?.byteLength ?? 0),
  };
}

function mergeQuantiles(into: QuantileState, from: QuantileState, valuesMax: number): void {
  if (into.values !== null && from.values !== null) {
    for (const x of from.values) into.values.push(x);
    if (into.values.length > valuesMax) toSketch(into);
    return;
  }
  const sketch = toSketch(into);
  if (from.sketch !== null) sketch.merge(from.sketch);
  else for (const x of from.values ?? []) sketch.add(x);
}

function writeQuantile({ values, sketch }: QuantileState, to: StateWriter): void {
  to.u8(values === null ? 1 : 0);
  if (values === null) {
    to.bytes((sketch ?? new DdSketch()).toBytes());
    return;
  }
  to.varint(values.length);
  for (const value of values) to.f64(value);
}

function readQuantile(from: StateReader): QuantileState {
  if (from.u8() === 1) return { values: null, sketch: DdSketch.fromBytes(from.bytes()) };
  return { values: Array.from({ length: from.count() }, () => from.f64()), sketch: null };
}

function toSketch(state: QuantileState): DdSketch {
  const sketch = state.sketch ?? new DdSketch();
  for (const x of state.values ?? []) sketch.add(x);
  state.values = null;
  state.sketch = sketch;
  return sketch;
}

export const approxDistinctAccumulator: Accumulator<HyperLogLog> = {
  create: () => new HyperLogLog(),
  add: (state, value) => state.add(hashValue(identityOf(value))),
  merge: (into, from) => into.merge(from),
  reset: (state) => state.reset(),
  result: (state): Value => state.estimate(),
  write: (state, to) => to.bytes(state.toBytes()),
  read: (from) => HyperLogLog.fromBytes(from.bytes()),
  bytesOf: (state) => boxBytes + state.byteLength,
};

/** As `approxDistinctAccumulator`, over values that are hashed already. */
export const hashAccumulator: Accumulator<HyperLogLog> = {
  ...approxDistinctAccumulator,
  add: (state, value) => state.add(value as number),
};
