// topK: the most frequent values of a window. A window that keeps its records counts them all, and
// lets them go one by one; any other has the summary that is exact up to 1,000 different values.
import type { FieldType, Value } from '../../../kernel/types/field-type.ts';
import type { AggregateNode } from '../../../plan/aggregate.ts';
import { FrequentValues, mostFrequent, plain } from '../../../sketch/frequent-values.ts';
import type { SketchValue } from '../../../sketch/sketch-bytes.ts';
import type { Accumulator, RunningAccumulator } from './accumulator.ts';
import { identityOf } from './distinct.ts';
import { comparatorOf } from './ordered.ts';
import { boxBytes } from './places.ts';

const anyType: FieldType = { kind: 'string' };

/** `isExact`: every value of the window is counted, however many there are. */
export function topKAccumulator(
  { input, limit }: AggregateNode,
  isExact: boolean,
): Accumulator<FrequentValues> {
  const compare = comparatorOf(input?.type ?? anyType);
  const valuesMax = isExact ? Number.POSITIVE_INFINITY : undefined;
  return {
    create: () => new FrequentValues(valuesMax),
    add: (state, value, { ts, id }) =>
      state.add(value as SketchValue, ts, id === null ? null : identityOf(id)),
    merge: (into, from) => into.merge(from),
    reset: (state) => state.reset(),
    result: (state) => state.top(limit ?? 1, compare).map(({ value }) => value),
    write: (state, to) => to.bytes(state.toBytes()),
    read: (from) => FrequentValues.fromBytes(from.bytes()),
    bytesOf: (state) => boxBytes + state.byteLength,
  };
}

/** Counts of all values of a window that keeps its records. */
export function topKRunning({
  input,
  limit,
}: AggregateNode): RunningAccumulator<Map<SketchValue, number>> {
  const compare = comparatorOf(input?.type ?? anyType);
  const count = (state: Map<SketchValue, number>, given: Value, change: 1 | -1): void => {
    const value = plain(given as SketchValue);
    const counted = (state.get(value) ?? 0) + change;
    if (counted === 0) state.delete(value);
    else state.set(value, counted);
  };
  return {
    create: () => new Map(),
    add: (state, value) => count(state, value, 1),
    removeFirst: (state, value) => count(state, value, -1),
    result: (state) => {
      const counted = Array.from(state, ([value, times]) => ({ value, count: times }));
      return mostFrequent(counted, limit ?? 1, compare).map(({ value }) => value);
    },
  };
}
