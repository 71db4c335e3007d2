// Late records of an environment: seen, and applied: the features of their keys are computed again
// from history, with everything in its time, and what differs is written with a new version.
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { formatInstant } from '../../kernel/instant.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { recomputeKeys } from '../../offline/recompute-keys.ts';
import { type ViewNode, streamOf } from '../../plan/plan.ts';
import type { SetAsideRecords } from '../../ports/set-aside.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { openSetAside, streamSource } from '../dead-letters/stream-records.ts';
import { openHistory } from '../open-history.ts';
import { correctLog } from './correct-log.ts';
import { correctStore, greatestAsOfMs } from './correct-store.ts';
import { pendingRecords } from './pending-records.ts';
import { type LateRecordInfo, storedLateRecords } from './stored-late.ts';

/** Which late records are listed; without any of it, all of them. */
export interface LateFilter {
  readonly view?: string;
  readonly state?: LateRecordInfo['state'];
}

/** Late records of one view. */
export interface LateGroup {
  readonly view: string;
  /** As they were kept; the metrics say how many there were. */
  readonly count: number;
  readonly open: number;
  readonly applied: number;
  /** How many of them each feature missed. */
  readonly features: Readonly<Record<string, number>>;
  readonly first_event_time: string;
  readonly last_event_time: string;
  /** More came than were kept. */
  readonly is_sample: boolean;
}

/** What `app.late.list` gives. */
export interface LateList {
  readonly total: number;
  readonly groups: readonly LateGroup[];
  /** The last ones that came, newest first. */
  readonly records: readonly LateRecordInfo[];
}

/** Options of `app.late.apply`. */
export interface ApplyLateOptions {
  /** Default: every view. */
  readonly view?: string;
  /** Say what would be written. Default false. */
  readonly dryRun?: boolean;
  /** Also for records that were applied before: whatever still differs is corrected. Default false. */
  readonly again?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

/** What was corrected in one view. */
export interface AppliedView {
  readonly late_records: number;
  readonly replayed_records: number;
  /** Keys that were computed again. */
  readonly keys: number;
  /** All keys were computed again, since not every late record was kept. */
  readonly all_keys: boolean;
  readonly log_rows: number;
  readonly store_rows: number;
  readonly records_read: number;
}

/** What was corrected, by view. */
export interface AppliedLate {
  readonly views: Readonly<Record<string, AppliedView>>;
  readonly dry_run: boolean;
}

/** Late records of an environment. */
export interface LateRecords {
  /** What came late, by view, and the last `limit` (default 20). */
  list(filter?: LateFilter & { readonly limit?: number }): Promise<LateList>;
  /** One of them; throws MR_DEAD_LETTER_UNKNOWN. */
  show(id: string): Promise<LateRecordInfo>;
  /** Corrects the features of the keys of late and replayed records. Again: nothing is left to do. */
  apply(options?: ApplyLateOptions): Promise<AppliedLate>;
}

export function lateRecordsOf(project: ResolvedProject): LateRecords {
  return {
    list: ({ limit = 20, ...filter } = {}) => list(project, filter, limit),
    show: (id) => show(project, id),
    apply: (options = {}) => apply(project, options),
  };
}

async function* lateRecords(project: ResolvedProject): AsyncGenerator<LateRecordInfo> {
  const ofViews = project.plan.views.map((view) => streamOf(project.plan, view).name);
  for (const stream of new Set([...project.streamsInUse, ...ofViews])) {
    const records = await openSetAside(project, stream, 'read');
    try {
      yield* storedLateRecords(records);
    } finally {
      await records.close();
    }
  }
}

async function list(
  project: ResolvedProject,
  { view, state }: LateFilter,
  limit: number,
): Promise<LateList> {
  if (view !== undefined) viewsMeant(project, view);
  const groups = new Map<string, LateGroup>();
  let newest: LateRecordInfo[] = [];
  let total = 0;
  for await (const record of lateRecords(project)) {
    if (view !== undefined && record.view !== view) continue;
    if (state !== undefined && record.state !== state) continue;
    total++;
    groups.set(record.view, counted(groups.get(record.view), record));
    newest.push(record);
    if (newest.length > 2 * limit + 1000) newest = newest.slice(-limit);
  }
  const records = limit === 0 ? [] : newest.slice(-limit).toReversed();
  return { total, groups: [...groups.values()], records };
}

function counted(before: LateGroup | undefined, record: LateRecordInfo): LateGroup {
  const { event_time, view, state, is_sample } = record;
  const features: Record<string, number> = { ...before?.features };
  for (const name of record.features) features[name] = (features[name] ?? 0) + 1;
  const first = before?.first_event_time ?? event_time;
  const last = before?.last_event_time ?? event_time;
  return {
    view,
    count: (before?.count ?? 0) + 1,
    open: (before?.open ?? 0) + Number(state === 'open'),
    applied: (before?.applied ?? 0) + Number(state === 'applied'),
    features,
    first_event_time: event_time < first ? event_time : first,
    last_event_time: event_time > last ? event_time : last,
    is_sample: is_sample || before?.is_sample === true,
  };
}

async function show(project: ResolvedProject, id: string): Promise<LateRecordInfo> {
  const found: LateRecordInfo[] = [];
  for await (const record of lateRecords(project)) if (record.id.startsWith(id)) found.push(record);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const message =
    first === undefined
      ? `there is no late record "${id}"`
      : `${found.length} late records begin with "${id}"`;
  const fix = 'millrace late ls shows their ids';
  throw new MillraceError('MR_DEAD_LETTER_UNKNOWN', message, { fix });
}

function viewsMeant({ plan }: ResolvedProject, view: string | undefined): readonly ViewNode[] {
  if (view === undefined) return plan.views;
  const found = plan.views.filter(({ name }) => name === view);
  if (found.length > 0) return found;
  const names = plan.views.map(({ name }) => name);
  throw new MillraceError('MR_UNKNOWN_VIEW', `there is no view "${view}"`, {
    fix: suggestName(view, names),
  });
}

async function apply(project: ResolvedProject, options: ApplyLateOptions): Promise<AppliedLate> {
  const { dryRun = false } = options;
  const views: Record<string, AppliedView> = {};
  for (const view of viewsMeant(project, options.view)) {
    const stream = streamOf(project.plan, view).name;
    const records = await openSetAside(project, stream, dryRun ? 'read' : 'write');
    try {
      views[view.name] = await applyTo(project, view, records, options);
    } finally {
      await records.close();
    }
  }
  return { views, dry_run: dryRun };
}

const nothingApplied: AppliedView = {
  late_records: 0,
  replayed_records: 0,
  keys: 0,
  all_keys: false,
  log_rows: 0,
  store_rows: 0,
  records_read: 0,
};

/** The log first, then the store, then the notes: whatever stops it, the next time does the rest. */
async function applyTo(
  project: ResolvedProject,
  view: ViewNode,
  records: SetAsideRecords,
  { dryRun = false, again = false, signal, onProgress }: ApplyLateOptions,
): Promise<AppliedView> {
  const pending = await pendingRecords(project, view, records, again);
  if (pending.ids.length === 0) return nothingApplied;
  const nowMs = systemClock.nowMs();
  const stream = streamOf(project.plan, view);
  const isEnding = streamSource(project, stream.name)?.bounded === true;
  const { maxAheadMs } = stream.eventTime;
  const recomputed = await recomputeKeys({
    plan: project.plan,
    view,
    keys: pending.keys,
    fromMs: pending.fromMs,
    latestMs: maxAheadMs === null ? Number.POSITIVE_INFINITY : nowMs + maxAheadMs,
    isEnding,
    idleUntilMs: isEnding ? Number.NEGATIVE_INFINITY : await greatestAsOfMs(project, view),
    openStream: () => openHistory(project, stream, signal),
    onRead: (count) => {
      signal?.throwIfAborted();
      onProgress?.(`computing ${view.name} again: ${count.toLocaleString('en-US')} events`);
    },
  });
  const correction = { view, recomputed, nowMs, dryRun };
  const log_rows = await correctLog(project, { ...correction, fromMs: pending.fromMs });
  const store_rows = await correctStore(project, correction);
  const at = formatInstant(nowMs);
  const notes = pending.ids.map((id) => ({ kind: 'applied' as const, view: view.name, id, at }));
  if (!dryRun) await records.note(notes);
  return {
    late_records: pending.late,
    replayed_records: pending.replayed,
    keys: recomputed.rows.size,
    all_keys: pending.keys === null,
    log_rows,
    store_rows,
    records_read: recomputed.recordsRead,
  };
}
