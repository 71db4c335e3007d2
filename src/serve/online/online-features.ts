// `POST /get-online-features` from body to bytes: parse, resolve, encode keys, read, write. Reads of a
// view are one call to the store, whatever the number of rows.
import { JsonBuffer } from '../../columns/json-buffer.ts';
import { eventTimeMsOf } from '../../columns/packed-row.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { type EntityColumn, encodeColumn, joinParts } from './entity-columns.ts';
import type { ServingClock } from '../read/feature-status.ts';
import { type ViewRows, writeOnlineResponse } from './online-response.ts';
import { type OnlineRequest, parseOnlineRequest } from './parse-request.ts';
import { noRows, tooManyValues, unequalLengths } from './request-problems.ts';
import { type RequestShape, type ShapeView, createShapeCache } from './request-shape.ts';
import type { ServeMetrics } from '../read/serve-metrics.ts';
import type { ServedListener } from '../read/served-rows.ts';
import type { ServedCatalogue } from '../read/served-view.ts';

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
    const write = (views: readonly ViewRows[]): Buffer =>
      respond({ options, request, shape, call }, { columns, views });
    return reads.every((read): read is ViewRows => !(read instanceof Promise))
      ? write(reads)
      : Promise.all(reads.map((read) => Promise.resolve(read))).then(write);
  };
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
}

function respond(
  { options, request, shape, call }: Answering,
  data: { readonly columns: readonly EntityColumn[]; readonly views: readonly ViewRows[] },
): Buffer {
  const { metrics, strict } = options;
  const nowMs = options.now.nowMs();
  const target = new JsonBuffer(sizeGuess(shape, data.views[0]?.rows.length ?? 0));
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
      if (keys.length === 0) continue;
      const features = featuresOf(shape, i);
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
