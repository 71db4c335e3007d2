// `POST /get-online-features` from body to bytes: parse, resolve, encode keys, read, write. Reads of a
// view are one call to the store, whatever the number of rows.
import type { Column } from '../../columns/column.ts';
import { JsonBuffer } from '../../columns/json-buffer.ts';
import { eventTimeMsOf } from '../../columns/packed-row.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { type EntityColumn, encodeColumn, joinParts } from './entity-columns.ts';
import type { ServingClock } from '../read/feature-status.ts';
import {
  type ComputedViewRows,
  type ResponseData,
  type ViewRows,
  writeOnlineResponse,
} from './online-response.ts';
import { type OnlineRequest, parseOnlineRequest } from './parse-request.ts';
import { noRows, tooManyValues, unequalLengths } from './request-problems.ts';
import { requestColumn } from './request-columns.ts';
import {
  type RequestShape,
  type ShapeComputed,
  type ShapeView,
  createShapeCache,
} from './request-shape.ts';
import type { ServeMetrics } from '../read/serve-metrics.ts';
import type { ServedListener } from '../read/served-rows.ts';
import type { ServedCatalogue } from '../read/served-catalogue.ts';

export interface OnlineFeaturesOptions {
  readonly catalogue: ServedCatalogue;
  readonly store: OnlineStore;
  readonly now: ServingClock;
  readonly project: string;
  readonly strict: boolean;
  /** Most values (rows × features) of one answer. */
  readonly valuesMax: number;
  readonly metrics: ServeMetrics;
  readonly onServed: ServedListener | null;
}

/** What is known of a request besides its body. */
export interface OnlineCall {
  readonly isJson: boolean;
  readonly requestId: string | null;
}

/** Answers one request; throws RequestFailure. The bytes are the caller's. */
export type OnlineFeatures = (body: Buffer, call: OnlineCall) => Buffer | Promise<Buffer>;

export function createOnlineFeatures(options: OnlineFeaturesOptions): OnlineFeatures {
  const shapeOf = createShapeCache(options.catalogue, options.project);
  return (body, call) => {
    const request = parseOnlineRequest(body, call.isJson);
    const shape = shapeOf(request);
    const rowCount = rowCountOf(request, shape, options);
    const columns = shape.joinKeys.map(({ field, column }) =>
      encodeColumn(field, request.entities.get(column) ?? [], 'seconds', `entities.${column}`),
    );
    const reads = shape.views.map((view) => readView(options.store, view, columns, rowCount));
    const requested = requestColumns(request, shape, rowCount);
    const write = (views: readonly ViewRows[]): Buffer => {
      const nowMs = options.now.nowMs();
      const computed = shape.computed.map((each) =>
        computeView(each, { views, requested, rowCount, nowMs }, options.metrics),
      );
      const data = { rowCount, columns, views, computed };
      return respond({ options, request, shape, call, nowMs }, data);
    };
    return reads.every((read): read is ViewRows => !(read instanceof Promise))
      ? write(reads)
      : Promise.all(reads.map((read) => Promise.resolve(read))).then(write);
  };
}

/** What the request brings for computed features, by name. */
function requestColumns(
  { entities }: OnlineRequest,
  { requestFields }: RequestShape,
  rowCount: number,
): ReadonlyMap<string, Column> {
  const columns = new Map<string, Column>();
  for (const field of requestFields) {
    const values = entities.get(field.name) ?? new Array<unknown>(rowCount).fill(field.default);
    const where = `entities.${field.name}`;
    columns.set(field.name, requestColumn(field, values, { unit: 'seconds', where }));
  }
  return columns;
}

interface ComputeFrom {
  readonly views: readonly ViewRows[];
  readonly requested: ReadonlyMap<string, Column>;
  readonly rowCount: number;
  readonly nowMs: number;
}

function computeView(
  { view, sources }: ShapeComputed,
  { views, requested: request, rowCount, nowMs }: ComputeFrom,
  metrics: ServeMetrics,
): ComputedViewRows {
  const stored = sources.map((source) => views[source]?.rows ?? []);
  const { rows, codes, failureCount } = view.compute({ rowCount, request, stored, nowMs });
  metrics.onDemandFailures.value += failureCount;
  return { view, rows, codes };
}

function rowCountOf(
  request: OnlineRequest,
  shape: RequestShape,
  { catalogue, valuesMax }: OnlineFeaturesOptions,
): number {
  const lengths = new Map([...request.entities].map(([name, values]) => [name, values.length]));
  const counts = new Set(lengths.values());
  if (counts.size > 1) throw unequalLengths(lengths);
  const [rowCount = 1] = counts;
  if (rowCount === 0) {
    const given = shape.joinKeys.map(({ field }) => field.name);
    throw noRows([...catalogue.joinKeys.keys()], given);
  }
  if (rowCount * shape.outputs.length > valuesMax) {
    throw tooManyValues(rowCount, shape.outputs.length, valuesMax);
  }
  return rowCount;
}

function readView(
  store: OnlineStore,
  { view, keyColumns }: ShapeView,
  columns: readonly EntityColumn[],
  rowCount: number,
): ViewRows | Promise<ViewRows> {
  if (keyColumns === null) {
    return { view, keys: [], rows: new Array<null>(rowCount).fill(null) };
  }
  const parts = keyColumns.map((index) => columns[index] as EntityColumn);
  const keys = joinParts(parts, rowCount);
  const rows = store.read(view.name, keys);
  return rows instanceof Promise
    ? rows.then((read) => ({ view, keys, rows: read }))
    : { view, keys, rows };
}

/** One request with what was resolved for it. */
interface Answering {
  readonly options: OnlineFeaturesOptions;
  readonly request: OnlineRequest;
  readonly shape: RequestShape;
  readonly call: OnlineCall;
  readonly nowMs: number;
}

function respond({ options, request, shape, call, nowMs }: Answering, data: ResponseData): Buffer {
  const { metrics, strict } = options;
  const target = new JsonBuffer(sizeGuess(shape, data.rowCount));
  writeOnlineResponse(target, shape, data, {
    nowMs,
    strict,
    versionMetadata: request.versionMetadata,
    counters: metrics.statuses,
  });
  for (const { view, rows } of data.views) {
    for (const row of rows) {
      if (row !== null) metrics.observeAge(view.name, nowMs - eventTimeMsOf(row));
    }
  }
  if (options.onServed !== null) {
    for (const [i, { view, keys, rows }] of data.views.entries()) {
      const features = featuresOf(shape, i);
      // Rows that were read only for what is computed of them were not sent.
      if (keys.length === 0 || features.length === 0) continue;
      options.onServed({ view, keys, rows, features, nowMs, requestId: call.requestId });
    }
  }
  return target.bytes.subarray(0, target.length);
}

/** Places of the features that the shape asks of its view `viewIndex`. */
function featuresOf({ outputs }: RequestShape, viewIndex: number): readonly number[] {
  return outputs.filter((o) => o.viewIndex === viewIndex).map((o) => o.featureIndex);
}

function sizeGuess(shape: RequestShape, rowCount: number): number {
  return 512 + shape.outputs.length * (80 + rowCount * 56);
}
