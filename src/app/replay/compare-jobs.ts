// Compares the rows of two jobs feature by feature, each read by the definitions that it was written
// with. Jobs that go on move their rows while they are compared: a pair whose rows are not of the same
// instant is read again a few times before it counts as unsettled.
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { formatField } from '../../kernel/types/field-type.ts';
import type { StoreRows } from '../../ports/store-jobs.ts';
import type { StoredView } from '../../ports/stored-view.ts';
import { type RowPair, pairRows, readPairs } from './pair-rows.ts';
import { type OpenPair, type ViewComparison, ViewPairing } from './view-pairing.ts';

/** Options of `app.replay.compare`. */
export interface CompareOptions {
  /** The other side. Default: the job whose rows readers are given. */
  readonly with?: string;
  /** Default: all views that either job has. */
  readonly views?: readonly string[];
  /** Floats count as equal within this share of the larger one. Default 1e-9; 0: the same bits. */
  readonly tolerance?: number;
  /** Examples per feature. Default 3. */
  readonly examples?: number;
}

/** Rows of two jobs, compared. */
export interface Comparison {
  readonly left: string;
  readonly right: string;
  /** Every view, row and value is the same. */
  readonly equal: boolean;
  readonly views: readonly ViewComparison[];
}

const settleAttempts = 5;
const settleMs = 100;
const pageRows = 512;
const defaultTolerance = 1e-9;
const defaultExamples = 3;

export interface CompareRequest {
  readonly left: StoreRows;
  readonly right: StoreRows;
  readonly options: CompareOptions;
  readonly clock: Clock;
}

export async function compareRows(request: CompareRequest): Promise<readonly ViewComparison[]> {
  const { left, right, options } = request;
  const names = [...new Set([...left.views, ...right.views].map(({ view }) => view))];
  for (const name of options.views ?? []) {
    if (names.includes(name)) continue;
    throw new MillraceError('MR_UNKNOWN_VIEW', `neither job has a view "${name}"`, {
      fix: suggestName(name, names),
    });
  }
  const compared: ViewComparison[] = [];
  for (const name of options.views ?? names) compared.push(await compareView(name, request));
  return compared;
}

async function compareView(name: string, request: CompareRequest): Promise<ViewComparison> {
  const { left, right } = request;
  const leftView = viewOf(left, name);
  const rightView = viewOf(right, name);
  refuseOtherKeys(leftView, rightView);
  const pairing = new ViewPairing(leftView, rightView, {
    tolerance: request.options.tolerance ?? defaultTolerance,
    examplesMax: request.options.examples ?? defaultExamples,
  });
  const late: OpenPair[] = [];
  for await (const page of pairRows(name, left, right)) late.push(...pairing.addSettled(page));
  let open: readonly OpenPair[] = late;
  for (let tries = 0; open.length > 0 && tries < settleAttempts; tries++) {
    await request.clock.sleep(settleMs);
    const next: OpenPair[] = [];
    for await (const page of pagesOf(name, open, request)) next.push(...pairing.addSettled(page));
    // Rows that stand still do not settle by waiting.
    const before = new Set(open.map(({ instants }) => instants));
    const isStill = next.length === open.length && next.every((pair) => before.has(pair.instants));
    open = next;
    if (isStill) break;
  }
  for await (const page of pagesOf(name, open, request)) for (const pair of page) pairing.add(pair);
  return pairing.result(name);
}

async function* pagesOf(
  view: string,
  open: readonly OpenPair[],
  { left, right }: CompareRequest,
): AsyncGenerator<readonly RowPair[]> {
  for (let at = 0; at < open.length; at += pageRows) {
    const keys = open.slice(at, at + pageRows).map(({ key }) => key);
    yield await readPairs(view, keys, [left, right]);
  }
}

/** A view that a job does not have is one without rows and features. */
function viewOf(rows: StoreRows, name: string): StoredView | null {
  return rows.views.find(({ view }) => view === name) ?? null;
}

function refuseOtherKeys(left: StoredView | null, right: StoredView | null): void {
  if (left === null || right === null) return;
  const text = ({ key }: StoredView): string => key.map(formatField).join(', ');
  if (text(left) === text(right)) return;
  const message = `the keys of "${left.view}" differ: ${text(left)}, and ${text(right)}`;
  throw new MillraceError('MR_REPLAY_SHAPE', message, {
    fix: 'rows of other keys cannot be compared: compare the other views by their names',
  });
}
