// `GET /v1/features/{view}/{key}`: one key for people and scripts. Instants are epoch milliseconds
// here, times of the row RFC 3339. Of an on-demand view the query brings what the request asks for:
// `?amount=5`.
import { JsonBuffer } from '../../columns/json-buffer.ts';
import { eventTimeMsOf, viewOfBytes } from '../../columns/packed-row.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { RowOrigin } from '../../ports/stores/read-origin.ts';
import {
  type EntityColumn,
  encodeColumn,
  joinParts,
  writePartJson,
} from '../online/entity-columns.ts';
import { type FeatureStatus, type ServingClock, isOutsideMaxAge } from '../read/feature-status.ts';
import { formatInstantExact } from '../read/instant-text.ts';
import { checkRead } from '../online/caller.ts';
import type { OnlineCall } from '../online/online-features.ts';
import { RequestFailure } from '../online/request-failure.ts';
import { sourceOf } from '../read/answer-source.ts';
import type { ServeMetrics } from '../read/serve-metrics.ts';
import type { ServedListener } from '../read/served-rows.ts';
import { type ServedCatalogue, viewNamed } from '../read/served-catalogue.ts';
import type { ServedOnDemand } from '../read/on-demand-view.ts';
import { readOnDemand } from '../read/read-on-demand.ts';
import { requestRow, valueOfText } from '../read/request-columns.ts';
import { type ServedRowFields, type ServedView, checkRow } from '../read/served-view.ts';

export interface FeatureRouteOptions {
  readonly catalogue: ServedCatalogue;
  readonly store: OnlineStore;
  readonly now: ServingClock;
  readonly metrics: ServeMetrics;
  readonly onServed: ServedListener | null;
}

export interface FeatureAnswer {
  readonly body: Buffer;
  /** Null when the key was never seen. */
  readonly ageMs: number | null;
  /** Where the row came from, when the store is a region's. */
  readonly source?: RowOrigin;
}

export type FeatureRoute = (url: string, call: FeatureCall) => Promise<FeatureAnswer>;

/** What is known of a request besides its URL. */
export type FeatureCall = Pick<OnlineCall, 'requestId' | 'caller'>;

/** Path of the route; behind it `{view}` and `{key}`. */
export const featurePath = '/v1/features/';

export function createFeatureRoute(options: FeatureRouteOptions): FeatureRoute {
  return async (url, { requestId, caller }) => {
    const split = splitUrl(url);
    const { view: name, parts, query } = split;
    const onDemand = options.catalogue.onDemand.get(name);
    if (onDemand !== undefined) {
      checkRead(caller, name);
      return computedAnswer(options, onDemand, split);
    }
    const view = viewNamed(options.catalogue, name);
    checkRead(caller, name);
    const columns = keyColumns(view, parts, query);
    const selected = selectedFeatures(view, query.get('features'));
    const keys = joinParts(columns, 1);
    const rows = await options.store.read(view.name, keys);
    const [row = null] = rows;
    const source = sourceOf([{ rows }], options.metrics);
    const nowMs = options.now.nowMs();
    if (row !== null) {
      checkRow(view, row);
      options.metrics.observeAge(view.name, nowMs - eventTimeMsOf(row));
    }
    options.onServed?.({ view, keys, rows: [row], features: selected, nowMs, requestId });
    const isOld = row !== null && isOutsideMaxAge(view.ttlMs, eventTimeMsOf(row), nowMs);
    return writeAnswer({
      view,
      columns,
      selected,
      row,
      eventTimeMs: row === null ? null : eventTimeMsOf(row),
      statusOf: (_, isValue) => (isOld ? 'OUTSIDE_MAX_AGE' : isValue ? 'PRESENT' : 'NULL_VALUE'),
      nowMs,
      ...(source === null ? {} : { source }),
      metrics: options.metrics,
    });
  };
}

/** Features computed for this request of stored ones and of the query. */
async function computedAnswer(
  { store, now, metrics }: FeatureRouteOptions,
  view: ServedOnDemand,
  { parts, query }: SplitUrl,
): Promise<FeatureAnswer> {
  const columns = keyColumns(view, parts, query);
  const selected = selectedFeatures(view, query.get('features'));
  const given = view.node.request.filter(({ name }) => query.has(name));
  const values = given.map((field) => [
    field.name,
    valueOfText(field, query.get(field.name) ?? ''),
  ]);
  const read = await readOnDemand({
    view,
    store,
    now,
    request: requestRow(view.node.request, Object.fromEntries(values)),
    encodeKey: (fields) => joinParts(columnsNamed(columns, fields), 1)[0] ?? noKey,
  });
  metrics.onDemandFailures.value += read.failureCount;
  return writeAnswer({ ...read, view, columns, selected, metrics });
}

const noKey = new Uint8Array(0);

function columnsNamed(
  columns: readonly EntityColumn[],
  fields: readonly Field[],
): readonly EntityColumn[] {
  return fields.flatMap(({ name }) => columns.find(({ field }) => field.name === name) ?? []);
}

interface SplitUrl {
  readonly view: string;
  /** Parts of the key: a comma in a value is written %2C. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

function splitUrl(url: string): SplitUrl {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [view = '', ...key] = pathname.slice(featurePath.length).split('/');
  const text = key.join('/');
  return {
    view: decode(view),
    parts: text === '' ? [] : text.split(',').map(decode),
    query: searchParams,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RequestFailure({
      code: 'MR_SERVE_REQUEST',
      status: 400,
      message: `"${text}" is not valid percent-encoding`,
      where: 'path',
    });
  }
}

type KeyedView = Pick<ServedView, 'name' | 'key'>;

function keyColumns(
  view: KeyedView,
  parts: readonly string[],
  query: URLSearchParams,
): readonly EntityColumn[] {
  const [only] = view.key;
  const values = view.key.length === 1 && parts.length > 1 ? [parts.join(',')] : parts;
  if (values.length > 0 && values.length !== view.key.length) {
    throw badKey(view, `${values.length} values are given`);
  }
  if (values.length === 0 && only !== undefined) {
    const absent = view.key.find(({ name }) => !query.has(name));
    if (absent !== undefined) throw badKey(view, `${absent.name} is missing`);
  }
  return view.key.map((field, i) =>
    encodeColumn(field, [values[i] ?? query.get(field.name)], 'milliseconds', field.name),
  );
}

function badKey(view: KeyedView, why: string): RequestFailure {
  const names = view.key.map(({ name }) => name);
  return new RequestFailure({
    code: 'MR_UNKNOWN_KEY',
    status: 400,
    message: `the key of view "${view.name}" is (${names.join(', ')}): ${why}`,
    where: 'path',
    fix: `GET ${featurePath}${view.name}/${names.map((name) => `<${name}>`).join(',')}`,
  });
}

/** Places of the features asked for (`?features=a,b`), or all. */
function selectedFeatures(view: ServedRowFields, list: string | null): readonly number[] {
  if (list === null) return view.fields.map((_, i) => i);
  return list.split(',').map((name) => {
    const index = view.indexOf.get(name);
    if (index !== undefined) return index;
    throw new RequestFailure({
      code: 'MR_UNKNOWN_FEATURE',
      status: 400,
      message: `view "${view.name}" has no feature "${name}"`,
      where: 'features',
      fix: suggestName(name, [...view.indexOf.keys()]),
    });
  });
}

interface AnswerParts {
  readonly view: ServedRowFields;
  readonly columns: readonly EntityColumn[];
  readonly selected: readonly number[];
  readonly row: Uint8Array | null;
  /** Of the row, or of what it was computed of. */
  readonly eventTimeMs: number | null;
  /** Status of a feature of a row that is there. */
  statusOf(index: number, isValue: boolean): FeatureStatus;
  readonly nowMs: number;
  readonly source?: RowOrigin;
  readonly metrics: ServeMetrics;
}

function writeAnswer(parts: AnswerParts): FeatureAnswer {
  const { view, columns, selected, row, eventTimeMs, nowMs, source, metrics } = parts;
  const target = new JsonBuffer(256 + selected.length * 64);
  target.ascii('{"view":');
  target.string(view.name);
  target.ascii(',"key":{');
  for (const [i, { field, parts }] of columns.entries()) {
    writeName(target, field.name, i);
    writePartJson(target, field, parts[0] as Uint8Array, 'milliseconds');
  }
  const ageMs = eventTimeMs === null ? null : nowMs - eventTimeMs;
  target.ascii('},"event_time":');
  if (eventTimeMs === null) target.ascii('null');
  else target.string(formatInstantExact(eventTimeMs));
  target.ascii(`,"age_ms":${ageMs}`);
  if (source !== undefined) target.ascii(`,"source":"${source}"`);
  target.ascii(',"features":{');
  const dataView = row === null ? null : viewOfBytes(row);
  for (const [i, index] of selected.entries()) {
    writeName(target, view.fields[index]?.name ?? '', i);
    target.ascii('{"value":');
    let status: FeatureStatus = 'NOT_FOUND';
    if (row === null || dataView === null) target.ascii('null');
    else {
      const isValue = view.json.write(target, row, dataView, index);
      status = parts.statusOf(index, isValue);
    }
    metrics.statuses[status].value += 1;
    target.ascii(`,"status":"${status}"}`);
  }
  target.ascii('}}');
  const body = target.bytes.subarray(0, target.length);
  return { body, ageMs, ...(source === undefined ? {} : { source }) };
}

function writeName(target: JsonBuffer, name: string, position: number): void {
  if (position > 0) target.byte(44);
  target.string(name);
  target.byte(58);
}
