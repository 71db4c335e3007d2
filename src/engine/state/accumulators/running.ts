// Running values of exact rolling windows: records enter in any order and leave in the order of
// (event time, id, arrival), each exactly once. Only what can be taken away without a rounding error
// runs; everything else is computed from the kept records again.
import type { Value } from '../../../kernel/types/field-type.ts';
import type { AggregateNode } from '../../../plan/aggregate.ts';
import {
  type Accumulator,
  comparePlaces,
  type RecordPlace,
  type RunningAccumulator,
} from './accumulator.ts';
import { type Counted, countsOf, identityOf } from './distinct.ts';
import { topKRunning } from './frequent.ts';

/** The running form of an aggregate, or null when it has none. */
export function createRunning(
  node: AggregateNode,
  accumulator: Accumulator,
): RunningAccumulator | null {
  switch (node.fn) {
    case 'first':
    case 'firstN':
    case 'last':
    case 'lastN':
      return listRunning(node) as RunningAccumulator;
    case 'countBy':
      return countByRunning(node.limit ?? Number.POSITIVE_INFINITY) as RunningAccumulator;
    case 'countDistinct':
      return countDistinctRunning as RunningAccumulator;
    case 'topK':
      return topKRunning(node) as RunningAccumulator;
    default:
      return byUnmerging(accumulator);
  }
}

function byUnmerging(accumulator: Accumulator): RunningAccumulator | null {
  if (accumulator.unmerge === undefined) return null;
  return {
    create: () => accumulator.create(),
    add: (state, value, place) => accumulator.add(state, value, place),
    removeFirst: (state, value, place) => {
      const single = accumulator.create();
      accumulator.add(single, value, place);
      accumulator.unmerge?.(state, single);
    },
    result: (state) => accumulator.result(state),
  };
}

interface Placed {
  readonly value: Value;
  readonly place: RecordPlace;
}

/** Sorted items that leave at the front; `items[head]` is the first. */
interface PlacedQueue {
  items: Placed[];
  head: number;
}

function insertPlaced(queue: PlacedQueue, item: Placed): void {
  const { items, head } = queue;
  let at = items.length;
  while (at > head && comparePlaces((items[at - 1] as Placed).place, item.place) > 0) at -= 1;
  if (at === items.length) items.push(item);
  else items.splice(at, 0, item);
}

function removeFirstPlaced(queue: PlacedQueue): void {
  queue.head += 1;
  if (queue.head < 32 || queue.head * 2 < queue.items.length) return;
  queue.items = queue.items.slice(queue.head);
  queue.head = 0;
}

function listRunning({ fn, limit }: AggregateNode): RunningAccumulator<PlacedQueue> {
  const wanted = limit ?? 1;
  return {
    create: () => ({ items: [], head: 0 }),
    add: (state, value, place) => insertPlaced(state, { value, place }),
    removeFirst: removeFirstPlaced,
    result: ({ items, head }) => {
      if (fn === 'first') return items[head]?.value ?? null;
      if (fn === 'last') return items.length > head ? (items.at(-1)?.value ?? null) : null;
      const from = fn === 'firstN' ? head : Math.max(head, items.length - wanted);
      return items.slice(from, from + wanted).map((item) => item.value);
    },
  };
}

type Identity = ReturnType<typeof identityOf>;

const countDistinctRunning: RunningAccumulator<Map<Identity, number>> = {
  create: () => new Map(),
  add: (state, value) => {
    const identity = identityOf(value);
    state.set(identity, (state.get(identity) ?? 0) + 1);
  },
  removeFirst: (state, value) => {
    const identity = identityOf(value);
    const left = (state.get(identity) ?? 1) - 1;
    if (left === 0) state.delete(identity);
    else state.set(identity, left);
  },
  result: (state) => state.size,
};

/** As `countByAccumulator`: the `limit` values that appeared first, the rest under `null`. */
function countByRunning(limit: number): RunningAccumulator<Map<Identity, PlacedQueue>> {
  return {
    create: () => new Map(),
    add: (state, value, place) => {
      const identity = identityOf(value);
      const queue = state.get(identity);
      if (queue === undefined) state.set(identity, { items: [{ value, place }], head: 0 });
      else insertPlaced(queue, { value, place });
    },
    removeFirst: (state, value) => {
      const identity = identityOf(value);
      const queue = state.get(identity);
      if (queue === undefined) return;
      removeFirstPlaced(queue);
      if (queue.items.length === queue.head) state.delete(identity);
    },
    result: (state) => countsOf([...state.values()].map(countedOf), limit),
  };
}

function countedOf({ items, head }: PlacedQueue): Counted {
  const { value, place } = items[head] as Placed;
  return { text: String(value), count: items.length - head, first: place };
}
