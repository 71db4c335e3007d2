// The rows of one view in two stores, side by side: first every key of the left one, then those that
// only the right one has. Works for stores of any order, since it reads by key; what changes while it
// goes on is seen as it is when it is read.
import type { StoreRows } from '../../ports/store-jobs.ts';

export interface RowPair {
  readonly key: Uint8Array;
  readonly left: Uint8Array | null;
  readonly right: Uint8Array | null;
}

const pageRows = 512;

/** Pages of pairs; at least one side of a pair is there. */
export async function* pairRows(
  view: string,
  left: StoreRows,
  right: StoreRows,
): AsyncGenerator<readonly RowPair[]> {
  for await (const page of pages(left, view)) {
    const others = await right.read(view, page.map(keyOf));
    yield page.map(({ key, row }, i) => ({ key, left: row, right: others[i] ?? null }));
  }
  for await (const page of pages(right, view)) {
    const others = await left.read(view, page.map(keyOf));
    const alone = page.filter((_, i) => (others[i] ?? null) === null);
    yield alone.map(({ key, row }) => ({ key, left: null, right: row }));
  }
}

/** The same for keys that are known. */
export async function readPairs(
  view: string,
  keys: readonly Uint8Array[],
  [left, right]: readonly [StoreRows, StoreRows],
): Promise<readonly RowPair[]> {
  const lefts = await left.read(view, keys);
  const rights = await right.read(view, keys);
  return keys.map((key, i) => ({ key, left: lefts[i] ?? null, right: rights[i] ?? null }));
}

interface Entry {
  readonly key: Uint8Array;
  readonly row: Uint8Array;
}

async function* pages(store: StoreRows, view: string): AsyncGenerator<readonly Entry[]> {
  let page: Entry[] = [];
  for await (const entry of store.scan(view)) {
    page.push(entry);
    if (page.length < pageRows) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

function keyOf({ key }: Entry): Uint8Array {
  return key;
}
