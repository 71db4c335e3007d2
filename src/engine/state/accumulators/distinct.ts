// Aggregates over distinct values. Each distinct value is kept: the state grows with their number.
import type { Value } from '../../../kernel/types/field-type.ts';
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import { type Accumulator, comparePlaces, type RecordPlace, type Result } from './accumulator.ts';
import { boxBytes, readPlace, valueBytes, writePlace } from './places.ts';

type Identity = string | number | bigint | boolean;

/** Equal values have equal identities: NaN is NaN, −0 is 0, bytes and lists by content. */
export function identityOf(value: Value): Identity {
  if (typeof value !== 'object' || value === null) return value ?? 'null';
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? `${item}n` : item,
  );
}

type DistinctSet = Map<Identity, Value>;

export const countDistinctAccumulator: Accumulator<DistinctSet> = {
  create: () => new Map(),
  add: (state, value) => {
    state.set(identityOf(value), value);
  },
  merge: (into, from) => {
    for (const [identity, value] of from) into.set(identity, value);
  },
  result: (state) => state.size,
  write: (state, to) => {
    to.varint(state.size);
    for (const value of state.values()) to.value(value);
  },
  read: (from) => {
    const state: DistinctSet = new Map();
    for (let left = from.count(); left > 0; left--) {
      const value = from.value() ?? null;
      state.set(identityOf(value), value);
    }
    return state;
  },
  bytesOf: mapBytes,
};

/** From the size of its first key: entries of a map are much alike. */
function mapBytes(state: ReadonlyMap<Identity, unknown>): number {
  for (const identity of state.keys())
    return boxBytes * (2 + state.size) + state.size * valueBytes(identity);
  return boxBytes * 2;
}

/** Each distinct value enters `inner` once. */
export function distinctAccumulator<S>(inner: Accumulator<S>): Accumulator<DistinctSet> {
  const nowhere: RecordPlace = { ts: 0, id: null, order: 0 };
  return {
    ...countDistinctAccumulator,
    result: (state): Result => {
      const total = inner.create();
      for (const value of state.values()) inner.add(total, value, nowhere);
      return inner.result(total);
    },
  };
}

/** How often a value occurs, and where first. */
export interface Counted {
  readonly text: string;
  count: number;
  first: RecordPlace;
}

/** Counts by value: the `limit` values that appeared first, the rest under `null`. */
export function countByAccumulator(limit: number): Accumulator<Map<Identity, Counted>> {
  const take = (state: Map<Identity, Counted>, identity: Identity, more: Counted): void => {
    const known = state.get(identity);
    if (known === undefined) {
      state.set(identity, { ...more });
      return;
    }
    known.count += more.count;
    if (comparePlaces(more.first, known.first) < 0) known.first = more.first;
  };
  return {
    create: () => new Map(),
    add: (state, value, first) =>
      take(state, identityOf(value), { text: String(value), count: 1, first }),
    merge: (into, from) => {
      for (const [identity, counted] of from) take(into, identity, counted);
    },
    result: (state) => countsOf([...state.values()], limit),
    write: writeCounts,
    read: readCounts,
    bytesOf: (state) => mapBytes(state) + state.size * boxBytes * 2,
  };
}

function writeCounts(state: ReadonlyMap<Identity, Counted>, to: StateWriter): void {
  to.varint(state.size);
  for (const [identity, { text, count, first }] of state) {
    to.value(identity);
    to.string(text);
    to.varint(count);
    writePlace(first, to);
  }
}

function readCounts(from: StateReader): Map<Identity, Counted> {
  const state = new Map<Identity, Counted>();
  for (let left = from.count(); left > 0; left--) {
    const identity = from.value() as Identity;
    const text = from.string();
    state.set(identity, { text, count: from.varint(), first: readPlace(from) });
  }
  return state;
}

/** As a record: the `limit` values that appeared first, the rest under `null`. */
export function countsOf(counted: Counted[], limit: number): Value {
  counted.sort((a, b) => comparePlaces(a.first, b.first));
  const counts: Record<string, number> = {};
  for (const [i, { text, count }] of counted.entries()) {
    const key = i < limit ? text : 'null';
    counts[key] = (counts[key] ?? 0) + count;
  }
  return counts;
}
