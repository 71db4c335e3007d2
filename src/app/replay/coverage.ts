// Whether one job's rows hold everything that another's show: every key is there, and has seen as new
// an event; under the same definition also as many records and as late an instant. What a reader could
// see when it began is what counts, so that it comes to an end while both jobs go on.
import { asOfMsOf, eventTimeMsOf, seqOf } from '../../columns/packed-row.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { StoreRows } from '../../ports/store-jobs.ts';
import type { StoredView } from '../../ports/stored-view.ts';
import { decodeKey } from '../../kernel/key-encoding.ts';
import type { Value } from '../../kernel/types/field-type.ts';

/** What rows of a second job still lack. */
export interface Coverage {
  /** Rows that were looked at. */
  readonly rows: number;
  /** Rows that the second job has not, or not as new. */
  readonly behind: number;
  readonly examples: readonly BehindRow[];
}

/** A row that a second job has not, or not as new. */
export interface BehindRow {
  readonly view: string;
  readonly key: Readonly<Record<string, Value>>;
  readonly event_time_ms: number;
  /** Null: it has no such row. */
  readonly has_event_time_ms: number | null;
}

export interface CoverageRequest {
  readonly shown: StoreRows;
  readonly candidate: StoreRows;
  readonly clock: Clock;
  /** How long to wait for rows that are behind. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

const examplesMax = 5;
const pageRows = 512;
const pauseMs = 100;

/** What a reader could see of a row. */
interface Mark {
  readonly key: Uint8Array;
  readonly eventTimeMs: number;
  readonly asOfMs: number;
  readonly seq: number;
}

/** Rows of a view that were seen and are not there yet. */
interface Open {
  readonly view: StoredView;
  readonly isSame: boolean;
  readonly marks: readonly Mark[];
}

/** Waits until nothing is behind, the time is over or the signal aborts; says what is behind then. */
export async function coverageOf(request: CoverageRequest): Promise<Coverage> {
  const { candidate, clock, waitMs, signal } = request;
  const first = await firstLook(request);
  const untilMs = clock.monotonicMs() + waitMs;
  let { open } = first;
  while (open.length > 0 && clock.monotonicMs() < untilMs && signal?.aborted !== true) {
    await clock.sleep(pauseMs, signal);
    const next: Open[] = [];
    for (const { view, isSame, marks } of open) {
      const left = await stillBehind(candidate, view.view, marks, isSame);
      if (left.length > 0) next.push({ view, isSame, marks: left });
    }
    open = next;
  }
  return { rows: first.rows, ...(await summary(open, candidate)) };
}

async function firstLook({
  shown,
  candidate,
}: CoverageRequest): Promise<{ readonly rows: number; readonly open: readonly Open[] }> {
  const open: Open[] = [];
  let rows = 0;
  for (const view of shown.views) {
    const isSame = isSameDefinition(view, candidate);
    const marks: Mark[] = [];
    let page: Mark[] = [];
    for await (const { key, row } of shown.scan(view.view)) {
      rows++;
      if (page.push(markOf(key, row)) < pageRows) continue;
      marks.push(...(await stillBehind(candidate, view.view, page, isSame)));
      page = [];
    }
    marks.push(...(await stillBehind(candidate, view.view, page, isSame)));
    if (marks.length > 0) open.push({ view, isSame, marks });
  }
  return { rows, open };
}

export function isSameDefinition(view: StoredView, store: StoreRows): boolean {
  return store.views.some((v) => v.view === view.view && v.fingerprint === view.fingerprint);
}

function markOf(key: Uint8Array, row: Uint8Array): Mark {
  return { key, eventTimeMs: eventTimeMsOf(row), asOfMs: asOfMsOf(row), seq: seqOf(row) };
}

async function stillBehind(
  store: StoreRows,
  view: string,
  marks: readonly Mark[],
  isSame: boolean,
): Promise<readonly Mark[]> {
  const left: Mark[] = [];
  for (let at = 0; at < marks.length; at += pageRows) {
    const page = marks.slice(at, at + pageRows);
    const rows = await store.read(
      view,
      page.map(({ key }) => key),
    );
    left.push(...page.filter((mark, i) => isBehind(mark, rows[i] ?? null, isSame)));
  }
  return left;
}

function isBehind(mark: Mark, row: Uint8Array | null, isSame: boolean): boolean {
  if (row === null || eventTimeMsOf(row) < mark.eventTimeMs) return true;
  return isSame && (seqOf(row) < mark.seq || asOfMsOf(row) < mark.asOfMs);
}

/** Whether `row` has seen less than `shown` has. */
export function isRowBehind(shown: Uint8Array, row: Uint8Array, isSame: boolean): boolean {
  return isBehind(markOf(shown, shown), row, isSame);
}

async function summary(open: readonly Open[], store: StoreRows): Promise<Omit<Coverage, 'rows'>> {
  const examples: BehindRow[] = [];
  for (const { view, marks } of open) {
    for (const { key, eventTimeMs } of marks.slice(0, examplesMax - examples.length)) {
      const [row] = await store.read(view.view, [key]);
      examples.push({
        view: view.view,
        key: decodeKey(view.key, key),
        event_time_ms: eventTimeMs,
        has_event_time_ms: row === null || row === undefined ? null : eventTimeMsOf(row),
      });
    }
  }
  return { behind: open.reduce((sum, { marks }) => sum + marks.length, 0), examples };
}
