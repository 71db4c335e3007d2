// `POST /get-online-features` from body to bytes: parse, resolve, encode keys, read, write. Reads of a
// view are one call to the store, whatever the number of rows.
import type { Column } from '../../columns/column.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { type Answer, type AnswerBuffers, createAnswerBuffers } from './answer-buffers.ts';
import { type Caller, checkRead } from './caller.ts';
import { type EntityColumn, encodeColumn, joinParts } from './entity-columns.ts';
import type { ServingClock } from '../read/feature-status.ts';
import {
  type ComputedViewRows,
  type ResponseData,
  type ViewRows,
  writeOnlineResponse,
} from './online-response.ts';
import { type OnlineRequest, createRequestParser } from './parse-request.ts';
import { noRows, tooManyValues, unequalLengths } from './request-problems.ts';
import { requestColumn } from '../read/request-columns.ts';
import {
  type RequestShape,
  type ShapeComputed,
  type ShapeView,
  createShapeCache,
} from './request-shape.ts';
import { sourceOf } from '../read/answer-source.ts';
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
  readonly caller: Caller;
}

/** Answers one request; throws RequestFailure. */
export type OnlineFeatures = (body: Buffer, call: OnlineCall) => Answer | Promise<Answer>;

export function createOnlineFeatures(options: OnlineFeaturesOptions): OnlineFeatures {
  const shapeOf = createShapeCache(options.catalogue, options.project);
  const parse = createRequestParser();
  const buffers = createAnswerBuffers();
  return (body, call) => {
    const request = parse(body, call.isJson);
    const shape = shapeOf(request);
    for (const view of shape.asked) checkRead(call.caller, view);
    const rowCount = rowCountOf(request, shape, options);
    const { instants } = request.asked;
    const columns = shape.joinKeys.map(({ field, column }) =>
      encodeColumn(field, request.entities.get(column) ?? [], instants, `entities.${column}`),
    );
    const reads = shape.views.map((view) => readView(options.store, view, columns, rowCount));
    const requested = requestColumns(request, shape, rowCount);
    const write = (views: readonly ViewRows[]): Answer => {
      const nowMs = options.now.nowMs();
      const computed = shape.computed.map((each) =>
        computeView(each, { views, requested, rowCount, nowMs }, options.metrics),
      );
      const data = { rowCount, columns, views, computed };
      return respond({ options, request, shape, call, nowMs, buffers }, data);
    };
    return reads.every((read): read is ViewRows => !(read instanceof Promise))
      ? write(reads)
      : Promise.all(reads.map((read) => Promise.resolve(read))).then(write);
  };
}

/** What the request brings for computed features, by name. */
function requestColumns(
  { entities, asked }: OnlineRequest,
  { requestFields }: RequestShape,
  rowCount: number,
): ReadonlyMap<string, Column> {
  const columns = new Map<string, Column>();
  for (const field of requestFields) {
    const values = entities.get(field.name) ?? new Array<unknown>(rowCount).fill(field.default);
    const where = `entities.${field.name}`;
    columns.set(field.name, requestColumn(field, values, { unit: asked.instants, where }));
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
  let rowCount = -1;
  for (const { length } of request.entities.values()) {
    if (rowCount >= 0 && length !== rowCount) throw unequal(request);
    rowCount = length;
  }
  if (rowCount < 0) rowCount = 1;
  if (rowCount === 0) {
    const given = shape.joinKeys.map(({ field }) => field.name);
    throw noRows([...catalogue.joinKeys.keys()], given);
  }
  if (rowCount * shape.outputs.length > valuesMax) {
    throw tooManyValues(rowCount, shape.outputs.length, valuesMax);
  }
  return rowCount;
}

function unequal({ entities }: OnlineRequest): Error {
  return unequalLengths(new Map([...entities].map(([name, values]) => [name, values.length])));
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
  readonly buffers: AnswerBuffers;
}

function respond(
  { options, request, shape, call, nowMs, buffers }: Answering,
  data: ResponseData,
): Answer {
  const { metrics, strict } = options;
  const target = buffers.take(sizeGuess(shape, data.rowCount));
  writeOnlineResponse(target, shape, data, {
    nowMs,
    strict,
    versionMetadata: request.asked.versionMetadata,
    instants: request.asked.instants,
    counters: metrics.statuses,
    observeAge: metrics.observeAge,
  });
  if (options.onServed !== null) {
    for (const [i, { view, keys, rows }] of data.views.entries()) {
      const features = featuresOf(shape, i);
      // Rows that were read only for what is computed of them were not sent.
      if (keys.length === 0 || features.length === 0) continue;
      options.onServed({ view, keys, rows, features, nowMs, requestId: call.requestId });
    }
  }
  const source = sourceOf(data.views, metrics);
  const answer = buffers.answer(target);
  if (source === null && request.asked.instants === 'seconds') return answer;
  return { ...answer, servedAtMs: nowMs, ...(source === null ? {} : { source }) };
}

/** Places of the features that the shape asks of its view `viewIndex`. */
function featuresOf({ outputs }: RequestShape, viewIndex: number): readonly number[] {
  return outputs.filter((o) => o.viewIndex === viewIndex).map((o) => o.featureIndex);
}

function sizeGuess(shape: RequestShape, rowCount: number): number {
  return 512 + shape.outputs.length * (80 + rowCount * 56);
}
