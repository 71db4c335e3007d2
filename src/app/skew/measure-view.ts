// One view's sample of served rows against the same engine over history: each row at its own instant
// (was it right?), at the time of serving less the promise (was it late?), and at the time of serving
// (what training has). Rows of other definitions are computed by those too: that proves a change.
import { systemClock } from '../../kernel/clock.ts';
import { encodeKey } from '../../kernel/key-encoding.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import {
  causeOf,
  instantOf,
  isOnItsWay,
  isStale,
  type ServedVersion,
  type SkewCause,
  staleCauseOf,
} from '../../observe/skew/skew-cause.ts';
import { type ValueAt, valuesAt } from '../../offline/values-at.ts';
import { featureFields, type Plan, streamOf, type ViewNode } from '../../plan/plan.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { openHistory } from '../open-history.ts';
import { isSameValue } from '../replay/same-value.ts';
import { type FormerView, featureChange } from './definition-change.ts';
import { FeatureSkewTally, type OffFacts } from './feature-skew-tally.ts';
import { valueOfJson } from './json-value.ts';
import type { ServedRow } from './read-served.ts';
import type { SkewThresholds } from './skew-report.ts';
import type { TrainingReference } from './training-reference.ts';

export interface MeasureViewOptions {
  readonly project: ResolvedProject;
  readonly view: ViewNode;
  readonly rows: readonly ServedRow[];
  /** Definitions other than those of today, by the name that rows call them. */
  readonly former: ReadonlyMap<string, FormerView>;
  readonly promiseMs: number;
  readonly thresholds: SkewThresholds;
  /** Field of the view's stream that says when a record arrived; null: it is not known. */
  readonly arrivalField: string | null;
  /** Null: what training has is computed, at the times of serving. */
  readonly training: TrainingReference | null;
  readonly signal: AbortSignal;
  onProgress(text: string): void;
}

export interface MeasuredView {
  readonly tallies: readonly FeatureSkewTally[];
  readonly servingAges: readonly number[];
  readonly trainingAges: readonly number[];
}

/** Floats that were summed in another order differ in their last digits. */
const tolerance = 1e-9;

export async function measureView(options: MeasureViewOptions): Promise<MeasuredView> {
  const { project, view, rows, training, promiseMs } = options;
  const versions = rows.map(versionOf);
  const instants = [
    versions.map(instantOf),
    versions.map(({ nowMs }) => nowMs - promiseMs),
    versions.map(({ nowMs }) => nowMs),
  ];
  const keys = rows.map((row) => keyOf(row, view));
  const all = await replayed(options, project.plan, view, {
    keys: [...keys, ...keys, ...keys],
    atMs: Float64Array.from(instants.flat()),
  });
  const { arrivalField } = options;
  const arrived =
    arrivalField === null
      ? null
      : await replayed(options, project.plan, view, {
          keys,
          atMs: Float64Array.from(instants[1] ?? []),
          arrivalField,
        });
  const computed = (which: number, row: number): ValueAt | null =>
    all[which * rows.length + row] ?? null;
  const thenBy = await formerValues(options, keys, instants[0] ?? []);
  const fields = featureFields(view);
  const tallies = fields.map((field) => tallyOf(options, field));
  for (const [i, row] of rows.entries()) {
    const facts: RowFacts = {
      row,
      served: versions[i] as ServedVersion,
      then: computed(0, i),
      promised: computed(1, i),
      former: thenBy.get(i) ?? null,
      ...(arrived === null ? {} : { arrived: arrived[i] ?? null }),
    };
    for (const [f, field] of fields.entries()) {
      if (!Object.hasOwn(row.features, field.name)) continue;
      const tally = tallies[f] as FeatureSkewTally;
      judge(tally, { within: toleranceOf(view, f), facts, field, index: f, promiseMs });
      if (training === null) tally.addTraining(valueAt(computed(2, i), f));
    }
  }
  for (const [f, { name }] of fields.entries()) {
    for (const value of training?.values(view.name, name) ?? []) tallies[f]?.addTraining(value);
  }
  const now = (row: number): number => versions[row]?.nowMs ?? 0;
  const recomputedAges = rows.flatMap((_, i) => {
    const value = computed(2, i);
    return value === null ? [] : [now(i) - value.eventTimeMs];
  });
  return {
    tallies,
    servingAges: versions.flatMap(({ nowMs, eventTimeMs }) =>
      eventTimeMs === null ? [] : [nowMs - eventTimeMs],
    ),
    trainingAges: training?.ages(view.name) ?? recomputedAges,
  };
}

function versionOf({ now_ms, as_of_ms, seq, event_time_ms }: ServedRow): ServedVersion {
  return { nowMs: now_ms, asOfMs: as_of_ms, seq, eventTimeMs: event_time_ms };
}

function keyOf({ key }: ServedRow, view: ViewNode): Uint8Array {
  const values = view.key.map(({ name, type }) => [name, valueOfJson(key[name], type)]);
  return encodeKey(view.key, Object.fromEntries(values));
}

interface Asked {
  readonly keys: readonly Uint8Array[];
  readonly atMs: Float64Array;
  readonly arrivalField?: string;
}

function replayed(
  options: MeasureViewOptions,
  plan: Plan,
  view: ViewNode,
  { keys, atMs, arrivalField }: Asked,
): Promise<readonly (ValueAt | null)[]> {
  const { project, signal } = options;
  const stream = streamOf(plan, view);
  const { maxAheadMs } = stream.eventTime;
  return valuesAt({
    plan,
    view,
    keys,
    atMs,
    ...(arrivalField === undefined ? {} : { arrivalField }),
    latestMs: maxAheadMs === null ? Number.POSITIVE_INFINITY : systemClock.nowMs() + maxAheadMs,
    openStream: () => openHistory(project, stream, signal),
    onRead: (records) => {
      signal.throwIfAborted();
      options.onProgress(`${view.name}: ${records.toLocaleString('en-US')} records of history`);
    },
  });
}

/** What the definitions of then give for the rows that were served by them, by the place of the row. */
async function formerValues(
  options: MeasureViewOptions,
  keys: readonly Uint8Array[],
  atMs: readonly number[],
): Promise<ReadonlyMap<number, FormerValue>> {
  const values = new Map<number, FormerValue>();
  for (const [name, former] of options.former) {
    const places = [...options.rows.keys()].filter((i) => options.rows[i]?.definition === name);
    const computed = await replayed(options, former.plan, former.view, {
      keys: places.map((i) => keys[i] as Uint8Array),
      atMs: Float64Array.from(places, (i) => atMs[i] as number),
    });
    const fields = featureFields(former.view);
    for (const [n, i] of places.entries()) values.set(i, { fields, value: computed[n] ?? null });
  }
  return values;
}

interface FormerValue {
  readonly fields: readonly Field[];
  readonly value: ValueAt | null;
}

function tallyOf(options: MeasureViewOptions, field: Field): FeatureSkewTally {
  const { project, view, former, thresholds, promiseMs } = options;
  const changes = [...former.values()].map((of) =>
    featureChange(of, project.plan, view, field.name),
  );
  const change = [...new Set(changes.filter((text) => text !== ''))].join('; before that ');
  return new FeatureSkewTally({ field, thresholds, change, promiseMs });
}

interface RowFacts {
  readonly row: ServedRow;
  readonly served: ServedVersion;
  readonly then: ValueAt | null;
  readonly promised: ValueAt | null;
  readonly arrived?: ValueAt | null;
  readonly former: FormerValue | null;
}

interface Judged {
  /** Relative difference of numbers that counts as none. */
  readonly within: number;
  readonly facts: RowFacts;
  readonly field: Field;
  readonly index: number;
  readonly promiseMs: number;
}

function judge(tally: FeatureSkewTally, { within, facts, field, index, promiseMs }: Judged): void {
  const { row, served, then, promised, former } = facts;
  const sent = valueOfJson(row.features[field.name], field.type);
  tally.addServed(sent);
  // Without a row, only what was due counts: the rest may have been on its way.
  const reference = valueAt(served.asOfMs === null ? promised : then, index);
  const due = valueAt(promised, index);
  if (isSameValue(sent, reference, within)) {
    const isLate = isStale(served, promised) && !isSameValue(sent, due, within);
    if (!isLate) tally.addEqual();
    else tally.addOff(sent, due, offFacts(staleCauseOf(facts), facts));
    return;
  }
  const place = former?.fields.findIndex(({ name }) => name === field.name) ?? -1;
  const isOfOldDefinition =
    place >= 0 && isSameValue(sent, valueAt(former?.value ?? null, place), within);
  const version = former?.value ?? then;
  if (!isOfOldDefinition && isOnItsWay(served, version, promised, served.nowMs - promiseMs)) {
    tally.addInFlight();
    return;
  }
  const cause = causeOf({ ...facts, then: version, isOfOldDefinition });
  tally.addOff(sent, reference, offFacts(cause, facts));
}

function offFacts(cause: SkewCause, { row, served, then, promised }: RowFacts): OffFacts {
  const { asOfMs, nowMs, seq, eventTimeMs } = served;
  const ms =
    cause === 'clock'
      ? (asOfMs ?? nowMs) - nowMs
      : nowMs - (eventTimeMs ?? promised?.eventTimeMs ?? nowMs);
  return {
    cause,
    ms,
    records: Math.abs((then?.seq ?? 0) - (seq ?? 0)),
    example: { key: row.key, as_of_ms: asOfMs, now_ms: nowMs },
  };
}

/** As it would have been sent: what is not finite is sent as null. */
function valueAt(at: ValueAt | null, index: number): Value {
  const value = at?.values[index] ?? null;
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

/** Sketches are equal within their stated error. */
function toleranceOf({ features }: ViewNode, index: number): number {
  const feature = features[index];
  if (feature?.aggregate.fn === 'approxDistinct') return 0.05;
  return feature?.aggregate.fn === 'quantile' ? 0.02 : tolerance;
}
