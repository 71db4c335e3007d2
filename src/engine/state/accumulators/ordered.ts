// Aggregates that depend on the order of records (event time, id, arrival) and the extremes.
import { parseDecimal } from '../../../columns/parse-decimal.ts';
import type { FieldType, Value } from '../../../kernel/types/field-type.ts';
import { type Accumulator, compareNumbers, comparePlaces, compareText } from './accumulator.ts';
import { boxBytes, type Placed, readPlaced, valueBytes, writePlaced } from './places.ts';

interface PlacedList {
  items: Placed[];
}

/** The first or last `limit` values, oldest first. */
export function listAccumulator(end: 'first' | 'last', limit: number): Accumulator<PlacedList> {
  return {
    create: () => ({ items: [] }),
    add: (state, value, place) => insert(state.items, { value, place }, end, limit),
    merge: (into, from) => {
      for (const item of from.items) insert(into.items, item, end, limit);
    },
    result: (state) => state.items.map((item) => item.value),
    write: ({ items }, to) => writePlaced(items, to),
    read: (from) => ({ items: readPlaced(from) }),
    bytesOf: ({ items }) =>
      boxBytes + items.length * (boxBytes * 2 + valueBytes(items[0]?.value ?? null)),
  };
}

/** The first or last value. */
export function edgeAccumulator(end: 'first' | 'last'): Accumulator<PlacedList> {
  const list = listAccumulator(end, 1);
  return { ...list, result: (state) => state.items[0]?.value ?? null };
}

function insert(items: Placed[], item: Placed, end: 'first' | 'last', limit: number): void {
  let at = items.length;
  while (at > 0 && comparePlaces((items[at - 1] as Placed).place, item.place) > 0) at -= 1;
  if (items.length === limit && (end === 'first' ? at === limit : at === 0)) return;
  items.splice(at, 0, item);
  if (items.length <= limit) return;
  if (end === 'first') items.pop();
  else items.shift();
}

interface Extreme {
  value: Value;
}

export function extremeAccumulator(type: FieldType, sign: 1 | -1): Accumulator<Extreme> {
  const compare = comparatorOf(type);
  const add = (state: Extreme, value: Value): void => {
    if (value === null) return;
    if (state.value === null || compare(value, state.value) * sign > 0) state.value = value;
  };
  return {
    create: () => ({ value: null }),
    add,
    merge: (into, from) => add(into, from.value),
    result: (state) => state.value,
    write: ({ value }, to) => to.value(value),
    read: (from) => ({ value: from.value() ?? null }),
    bytesOf: ({ value }) => boxBytes + valueBytes(value),
  };
}

/** The order of values of a type, as min, max and comparisons use it. */
export function comparatorOf(type: FieldType): (a: Value, b: Value) => number {
  switch (type.kind) {
    case 'string':
    case 'date':
      return (a, b) => compareText(a as string, b as string);
    case 'decimal':
      return (a, b) => compareNumbers(unscaled(a, type.scale), unscaled(b, type.scale));
    default:
      return (a, b) => compareNumbers(Number(a), Number(b)) || compareBigInts(a, b);
  }
}

/** Large int64 values can be equal as doubles. */
function compareBigInts(a: Value, b: Value): number {
  return typeof a === 'bigint' && typeof b === 'bigint' ? compareNumbers(a, b) : 0;
}

function unscaled(value: Value, scale: number): bigint {
  const result = parseDecimal(String(value), 76, scale);
  return typeof result === 'bigint' ? result : 0n;
}
