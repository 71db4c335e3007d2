// The answer to `POST /get-online-features`, written column by column from packed rows into one
// buffer: no object and no string per value. What is the same for all features of a view (the event
// times) is written once and repeated as bytes.
import type { JsonBuffer } from '../../columns/json-buffer.ts';
import { packedRowLayout, viewOfBytes } from '../../columns/packed-row.ts';
import type { Counter } from '../../kernel/metrics/metrics-registry.ts';
import { type EntityColumn, writePartJson } from './entity-columns.ts';
import { type FeatureStatus, isOutsideMaxAge } from '../read/feature-status.ts';
import { writeInstantExact } from '../read/instant-text.ts';
import type { RequestShape } from './request-shape.ts';
import { computedCodes } from '../read/on-demand-view.ts';
import { type ServedRowFields, type ServedView, checkRow } from '../read/served-view.ts';

/** Rows of one view in the order of the request, with what can be said of each. */
export interface ViewRows {
  readonly view: ServedView;
  /** Encoded keys; none when the request lacks a join key of the view. */
  readonly keys: readonly Uint8Array[];
  readonly rows: readonly (Uint8Array | null)[];
}

/** Rows that were computed for the request, in its order. */
export interface ComputedViewRows {
  readonly view: ServedRowFields;
  readonly rows: readonly Uint8Array[];
  /** Of each feature, `computedCodes` of its rows. */
  readonly codes: readonly Uint8Array[];
}

/** All that an answer is written of. */
export interface ResponseData {
  readonly rowCount: number;
  readonly columns: readonly EntityColumn[];
  readonly views: readonly ViewRows[];
  readonly computed: readonly ComputedViewRows[];
}

export interface ResponseOptions {
  readonly nowMs: number;
  /** Feast's server says PRESENT of everything. */
  readonly strict: boolean;
  readonly versionMetadata: boolean;
  readonly instants: 'seconds' | 'milliseconds';
}

export interface Observers {
  readonly counters: Readonly<Record<FeatureStatus, Counter>>;
  readonly observeAge: (view: string, ageMs: number) => void;
}

const codes = ['PRESENT', 'NULL_VALUE', 'NOT_FOUND', 'OUTSIDE_MAX_AGE'] as const;
const present = 0;
const nullValue = 1;
const notFound = 2;
const outsideMaxAge = 3;
const statusOfComputed = {
  [computedCodes.fresh]: present,
  [computedCodes.missing]: notFound,
  [computedCodes.outside]: outsideMaxAge,
} as Readonly<Record<number, number>>;
const epoch = '"1970-01-01T00:00:00Z"';

/** Where bytes that come again stand in the buffer, once written; `end` is 0 before. */
interface RepeatedBlock {
  start: number;
  end: number;
}

interface PreparedView {
  readonly view: ServedRowFields;
  readonly rows: readonly (Uint8Array | null)[];
  readonly dataViews: readonly (DataView | null)[];
  /** Status of each row before its values are seen, by feature where they differ. */
  rowCodes(featureIndex: number): Uint8Array;
  /** All rows are there and fresh, for all features. */
  readonly isPlain: boolean;
  readonly eventTimesMs: Float64Array;
  /** The event times of the view: the same for each of its features. */
  readonly times: RepeatedBlock;
  /** Statuses that are all PRESENT, and the event times after them. */
  readonly plainEnd: RepeatedBlock;
}

/** Writes one answer; `counters` are added to. */
export function writeOnlineResponse(
  target: JsonBuffer,
  shape: RequestShape,
  data: ResponseData,
  options: ResponseOptions & Observers,
): void {
  const { rowCount } = data;
  const frame = frameOf(shape, options);
  writeText(target, frame.head);
  let isFirst = true;
  for (const column of data.columns) {
    if (!isFirst) target.byte(44);
    isFirst = false;
    writeJoinKey(target, column, options.instants);
  }
  const prepared = [
    ...data.views.map((rows) => prepare(rows, options)),
    ...data.computed.map(prepareComputed),
  ];
  const statuses = new Uint8Array(rowCount);
  const allPresent = { start: 0, end: 0 };
  for (const { viewIndex, featureIndex } of shape.outputs) {
    if (!isFirst) target.byte(44);
    isFirst = false;
    const view = prepared[viewIndex] as PreparedView;
    target.ascii('{"values":[');
    const { feastJson, json } = view.view;
    const writer = options.instants === 'seconds' ? feastJson : json;
    const nullCount = writer.writeColumn(target, view, featureIndex, statuses);
    if (nullCount === 0 && view.isPlain) writePlainEnd(target, view, allPresent, options);
    else {
      writeStatuses(target, view.rowCodes(featureIndex), statuses, options);
      writeTimes(target, view);
    }
  }
  writeText(target, frame.tail);
}

interface Frame {
  readonly head: string;
  readonly tail: string;
}

/** Text before and after the results, per shape. */
const frames = new WeakMap<RequestShape, Map<string, Frame>>();

function frameOf(shape: RequestShape, { strict, versionMetadata }: ResponseOptions): Frame {
  const ofShape = frames.get(shape) ?? new Map<string, Frame>();
  frames.set(shape, ofShape);
  const key = `${strict}${versionMetadata}`;
  const known = ofShape.get(key);
  if (known !== undefined) return known;
  const asked = new Set(shape.outputs.map(({ viewIndex }) => viewIndex));
  const views = [...shape.views, ...shape.computed]
    .filter((_, i) => asked.has(i))
    .map(({ view }) => ({ name: view.name }));
  const metadata = JSON.stringify({
    feature_names: shape.names,
    ...(versionMetadata ? { feature_view_metadata: views } : {}),
  });
  const frame = strict
    ? { head: '{"results":[', tail: `],"metadata":${metadata}}` }
    : { head: `{"metadata":${metadata},"results":[`, tail: ']}' };
  ofShape.set(key, frame);
  return frame;
}

function writeText(target: JsonBuffer, text: string): void {
  target.ensure(text.length * 3);
  target.length += target.bytes.write(text, target.length, 'utf8');
}

function writeJoinKey(
  target: JsonBuffer,
  { field, parts }: EntityColumn,
  instants: ResponseOptions['instants'],
): void {
  target.ascii('{"values":[');
  for (const [i, part] of parts.entries()) {
    if (i > 0) target.byte(44);
    writePartJson(target, field, part, instants);
  }
  target.ascii('],"statuses":[');
  writeRepeated(target, '"PRESENT"', parts.length);
  target.ascii('],"event_timestamps":[');
  writeRepeated(target, epoch, parts.length);
  target.ascii(']}');
}

function writeRepeated(target: JsonBuffer, text: string, times: number): void {
  for (let i = 0; i < times; i++) {
    if (i > 0) target.byte(44);
    target.ascii(text);
  }
}

function prepare({ view, rows }: ViewRows, { nowMs, observeAge }: Prepared): PreparedView {
  const rowCodes = new Uint8Array(rows.length);
  const eventTimesMs = new Float64Array(rows.length);
  const dataViews = new Array<DataView | null>(rows.length).fill(null);
  let isPlain = true;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as Uint8Array | null;
    if (row === null) {
      rowCodes[i] = notFound;
      isPlain = false;
      continue;
    }
    const dataView = checkRow(view, row);
    const eventTimeMs = dataView.getFloat64(packedRowLayout.eventTimeMs, true);
    dataViews[i] = dataView;
    eventTimesMs[i] = eventTimeMs;
    observeAge(view.name, nowMs - eventTimeMs);
    if (!isOutsideMaxAge(view.ttlMs, eventTimeMs, nowMs)) continue;
    rowCodes[i] = outsideMaxAge;
    isPlain = false;
  }
  const times = { start: 0, end: 0 };
  const plainEnd = { start: 0, end: 0 };
  return {
    view,
    rows,
    dataViews,
    rowCodes: () => rowCodes,
    isPlain,
    eventTimesMs,
    times,
    plainEnd,
  };
}

function prepareComputed({ view, rows, codes }: ComputedViewRows): PreparedView {
  const statuses = codes.map((ofFeature) => ofFeature.map((code) => statusOfComputed[code] ?? 0));
  const none = new Uint8Array(rows.length);
  return {
    view,
    rows,
    dataViews: rows.map(viewOfBytes),
    rowCodes: (featureIndex) => statuses[featureIndex] ?? none,
    isPlain: statuses.every((ofFeature) => ofFeature.every((code) => code === present)),
    eventTimesMs: new Float64Array(rows.length),
    times: { start: 0, end: 0 },
    plainEnd: { start: 0, end: 0 },
  };
}

type Prepared = Pick<ResponseOptions & Observers, 'nowMs' | 'observeAge'>;

/** Statuses and times of a feature whose values are all there: one copy, after the first of its view. */
function writePlainEnd(
  target: JsonBuffer,
  view: PreparedView,
  allPresent: RepeatedBlock,
  { counters }: Observers,
): void {
  const { plainEnd } = view;
  counters.PRESENT.value += view.rows.length;
  if (plainEnd.end > 0) {
    target.repeat(plainEnd.start, plainEnd.end);
    return;
  }
  const start = target.length;
  writePresent(target, view.rows.length, allPresent);
  writeTimes(target, view);
  plainEnd.start = start;
  plainEnd.end = target.length;
}

/** Every status is PRESENT: written once, then repeated. */
function writePresent(target: JsonBuffer, rowCount: number, block: RepeatedBlock): void {
  if (block.end > 0) {
    target.repeat(block.start, block.end);
    return;
  }
  block.start = target.length;
  target.ascii('],"statuses":[');
  writeRepeated(target, '"PRESENT"', rowCount);
  block.end = target.length;
}

function writeStatuses(
  target: JsonBuffer,
  rowCodes: Uint8Array,
  nulls: Uint8Array,
  { strict, counters }: ResponseOptions & Observers,
): void {
  target.ascii('],"statuses":["');
  for (let i = 0; i < rowCodes.length; i++) {
    if (i > 0) target.ascii('","');
    const code = codes[statusOf(rowCodes[i] as number, nulls[i] === 0)] as FeatureStatus;
    counters[code].value += 1;
    target.ascii(strict ? 'PRESENT' : code);
  }
  target.byte(34);
}

/** A value may be computed although a row that it is computed of is missing. */
function statusOf(rowCode: number, isValue: boolean): number {
  if (isValue) return rowCode === notFound ? present : rowCode;
  return rowCode === present ? nullValue : rowCode;
}

function writeTimes(target: JsonBuffer, { rows, eventTimesMs, times }: PreparedView): void {
  if (times.end > 0) {
    target.repeat(times.start, times.end);
    return;
  }
  const start = target.length;
  target.ascii('],"event_timestamps":[');
  for (let i = 0; i < rows.length; i++) {
    if (i > 0) target.byte(44);
    if (rows[i] === null) target.ascii(epoch);
    else writeInstantExact(target, eventTimesMs[i] as number);
  }
  target.ascii(']}');
  times.start = start;
  times.end = target.length;
}
