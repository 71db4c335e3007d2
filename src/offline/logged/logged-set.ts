// Training sets from the feature log: each label takes the newest row of its key that was there at
// its time. First only keys and versions are read, a day after the other, to find which row that is;
// then of the row groups that hold such rows the features. Memory: labels, results, one day's rows.
import { type ColumnBuilder, columnForField } from '../../columns/column-builder.ts';
import type { Float64Column } from '../../columns/column.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { type ViewNode, streamOf } from '../../plan/plan.ts';
import { joinedTable } from '../joined-table.ts';
import { type LabelKeys, labelKeys } from '../label-keys.ts';
import { type LabelTimes, labelTimes } from '../label-times.ts';
import type { JoinOptions, TrainingSet } from '../training-set.ts';
import { ViewColumns } from '../view-columns.ts';
import { DayRows, type GroupPlace } from './day-rows.ts';
import { KeyVersions, type Matches, matchUntil, noRow } from './key-versions.ts';
import { KnownTimes } from './known-times.ts';
import { loggedForm } from './logged-form.ts';
import { LogChanged, type LogSource } from './log-source.ts';

export interface LoggedSetOptions extends JoinOptions {
  readonly log: LogSource;
  /** A row counts only when the record that caused it had arrived by the label's time. */
  readonly isByArrival: boolean;
}

const triesMax = 5;

/** Label columns, then the features of each view, then the age of each view's vector. */
export async function makeLoggedSet(options: LoggedSetOptions): Promise<TrainingSet> {
  const { views, labels, labelsPath, timeColumn } = options;
  const times = labelTimes(labels, timeColumn, labelsPath);
  const keys = views.map((view) => labelKeys(labels, view, labelsPath));
  const columns: ViewColumns[] = [];
  let recordsRead = 0;
  for (const [i, view] of views.entries()) {
    const joined = await joinSteadily(options, { view, times, keys: keys[i] as LabelKeys });
    columns.push(joined.columns);
    recordsRead += joined.rowsRead;
  }
  return { ...joinedTable(options, columns), recordsRead, recordsFailed: 0 };
}

interface ViewJoin {
  readonly view: ViewNode;
  readonly times: LabelTimes;
  readonly keys: LabelKeys;
}

interface Joined {
  readonly columns: ViewColumns;
  readonly rowsRead: number;
}

/** Joins a view; once more when files of the log were replaced meanwhile. */
async function joinSteadily(options: LoggedSetOptions, join: ViewJoin): Promise<Joined> {
  for (let tries = 1; ; tries++) {
    try {
      return await joinView(options, join);
    } catch (error) {
      if (!(error instanceof LogChanged) || tries === triesMax) throw error;
    }
  }
}

async function joinView(options: LoggedSetOptions, join: ViewJoin): Promise<Joined> {
  const { order, timesMs } = join.times;
  const columns = new ViewColumns(join.view, timesMs.length);
  if (order.length === 0) return { columns, rowsRead: 0 };
  let rowsRead = 0;
  for (const log of options.log.logsOf(join.view)) {
    const places: GroupPlace[] = [];
    const found = await findRows(options, join, log, places);
    await takeFeatures(join, places, found.matches, columns);
    rowsRead += found.rowsRead;
  }
  return { columns, rowsRead };
}

/** The days that can matter: not after the last label, nor so old that every value has expired. */
async function findRows(
  options: LoggedSetOptions,
  { view, times, keys: { keys, keySlots } }: ViewJoin,
  log: string,
  places: GroupPlace[],
): Promise<{ readonly matches: Matches; readonly rowsRead: number }> {
  const { order, timesMs } = times;
  const boundMs = view.emit === 'watermark' ? outOfOrdernessOf(options, view) : 0;
  const firstMs = timesMs[order[0] as number] as number;
  const lastMs = timesMs[order.at(-1) as number] as number;
  const fromMs = view.ttlMs === null ? Number.NEGATIVE_INFINITY : firstMs - view.ttlMs - boundMs;
  const days = await options.log.days(log, fromMs, lastMs);
  const known = options.isByArrival ? new KnownTimes(boundMs) : null;
  const rows = new DayRows(view, keys);
  const versions = new KeyVersions(keys.slotCount);
  const matches = {
    groups: new Int32Array(timesMs.length).fill(noRow),
    rows: new Int32Array(timesMs.length),
  };
  const labels = { order, timesMs, keySlots };
  let next = 0;
  for (const [i, day] of days.entries()) {
    const carried = rows.count;
    await rows.read(day, places);
    rows.setKnown(carried, known);
    const endMs = days[i + 1]?.startMs ?? Number.POSITIVE_INFINITY;
    const done = matchUntil(endMs, rows, versions, { labels, first: next, matches });
    next = done.next;
    rows.keep(done.pending.filter((row) => (rows.knownMs[row] as number) <= lastMs));
    const text = rows.rowsRead.toLocaleString('en-US');
    options.onProgress(`joining ${log}: ${text} rows, ${i + 1} of ${days.length} days`);
  }
  return { matches, rowsRead: rows.rowsRead };
}

function outOfOrdernessOf({ plan }: LoggedSetOptions, view: ViewNode): number {
  return streamOf(plan, view).eventTime.outOfOrdernessMs;
}

const eventTimeField: Field = {
  name: 'event_time',
  type: { kind: 'timestamp' },
  nullable: false,
};

/** Reads the features of the matched rows, row group by row group. */
async function takeFeatures(
  { times: { timesMs } }: ViewJoin,
  places: readonly GroupPlace[],
  matches: Matches,
  columns: ViewColumns,
): Promise<void> {
  const { labels, starts } = byGroup(matches, places.length);
  const forms = columns.fields.map((field) => loggedForm(field));
  const builders = forms.map(({ field }) => columnForField(field));
  const eventTime = columnForField(eventTimeField);
  for (const [group, place] of places.entries()) {
    const own = labels.subarray(starts[group], starts[group + 1]);
    if (own.length === 0) continue;
    const part = await place.day.open(place.part);
    try {
      await part.read(place.group, eventTimeField, eventTime);
      const rowCount = part.groups[place.group] ?? 0;
      const vectors = [];
      for (const [f, form] of forms.entries()) {
        const builder = builders[f] as ColumnBuilder;
        const isThere = await part.read(place.group, form.field, builder);
        vectors.push(isThere ? form.decode(builder, rowCount) : null);
      }
      const from = new Int32Array(own.length);
      for (let i = 0; i < own.length; i++) from[i] = matches.rows[own[i] as number] as number;
      const eventTimeMs = (eventTime as Float64Column).values;
      columns.put({ columns: vectors, eventTimeMs, from, count: own.length }, own, timesMs);
    } finally {
      await part.close();
    }
  }
}

/** Labels with a row, by the row group that it lies in. */
function byGroup({ groups }: Matches, groupCount: number) {
  const starts = new Uint32Array(groupCount + 2);
  for (let label = 0; label < groups.length; label++) {
    const group = groups[label] as number;
    if (group !== noRow) starts[group + 2] = (starts[group + 2] as number) + 1;
  }
  for (let i = 1; i < starts.length; i++) {
    starts[i] = (starts[i] as number) + (starts[i - 1] as number);
  }
  const labels = new Uint32Array(starts.at(-1) ?? 0);
  for (let label = 0; label < groups.length; label++) {
    const group = groups[label] as number;
    if (group === noRow) continue;
    const at = starts[group + 1] as number;
    labels[at] = label;
    starts[group + 1] = at + 1;
  }
  return { labels, starts };
}
