// Reads of the online store as JavaScript values, for programs in the same process. Types come from
// the definitions and are cast by the caller; what is checked here is the key and the name.
import type { Clock } from '../../kernel/clock.ts';
import { encodeKey } from '../../kernel/key-encoding.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { Plan } from '../../plan/plan.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import {
  type ClockMode,
  type FeatureStatus,
  isOutsideMaxAge,
  servingClock,
} from './feature-status.ts';
import type { ServedOnDemand } from './on-demand-view.ts';
import { type OnDemandRow, readOnDemand } from './read-on-demand.ts';
import { requestRow } from './request-columns.ts';
import { createServedCatalogue, onDemandNamed, viewNamed } from './served-catalogue.ts';
import { type ServedView, checkRow } from './served-view.ts';

/** One read. A value outside its ttl is still given, with its status. */
export interface FeatureRead {
  readonly values: Readonly<Record<string, Value>>;
  readonly status: Readonly<Record<string, FeatureStatus>>;
  /** Greatest event time of the key, epoch ms; null when it was never seen. */
  readonly eventTime: number | null;
  /** Now − event time in ms. */
  readonly ageMs: number | null;
}

/** A view by name or by its definition. */
export type ViewName = string | { readonly name: string };
/** Join keys with their values; an int64 may be a number or a bigint. */
export type KeyValues = Readonly<Record<string, unknown>>;

/** Reads of one store by the definitions of one plan. */
export interface FeatureReader {
  /** Errors: MR_UNKNOWN_VIEW, MR_UNKNOWN_KEY. */
  get(view: ViewName, key: KeyValues): Promise<FeatureRead>;
  /** The same for many keys of a view, in their order. */
  getMany(view: ViewName, keys: readonly KeyValues[]): Promise<readonly FeatureRead[]>;
  /**
   * Features computed for this read; event time and age are those of the oldest row that was read.
   * Errors: MR_UNKNOWN_VIEW, MR_UNKNOWN_KEY, MR_SERVE_REQUEST for request data that does not fit.
   */
  compute(view: ViewName, key: KeyValues, request: RequestValues): Promise<FeatureRead>;
  /** What *now* is for ages. */
  nowMs(): number;
}

/** What a request brings, by name. */
export type RequestValues = Readonly<Record<string, unknown>>;

/** The plan whose views are read, their store, and what *now* is. */
export interface FeatureReaderOptions {
  readonly plan: Plan;
  readonly store: OnlineStore;
  readonly clockMode: ClockMode;
  readonly clock: Clock;
}

/** A reader over an open store; closing the store is the caller's. */
export function createFeatureReader(options: FeatureReaderOptions): FeatureReader {
  const { store } = options;
  const catalogue = createServedCatalogue(options.plan);
  const now = servingClock(store, options.clockMode, options.clock);
  const getMany: FeatureReader['getMany'] = async (name, keys) => {
    const view = viewNamed(catalogue, typeof name === 'string' ? name : name.name);
    const encoded = keys.map((key) => encodeKey(view.key, key));
    const rows = await store.read(view.name, encoded);
    const nowMs = now.nowMs();
    return rows.map((row) => readRow(view, row, nowMs));
  };
  return {
    getMany,
    async get(view, key) {
      const [read] = await getMany(view, [key]);
      return read as FeatureRead;
    },
    async compute(name, key, values) {
      const view = onDemandNamed(catalogue, typeof name === 'string' ? name : name.name);
      const read = await readOnDemand({
        view,
        store,
        now,
        request: requestRow(view.node.request, values),
        encodeKey: (fields) => encodeKey(fields, key),
      });
      return computedRead(view, read);
    },
    nowMs: () => now.nowMs(),
  };
}

function computedRead(
  view: ServedOnDemand,
  { row, eventTimeMs, nowMs, statusOf }: OnDemandRow,
): FeatureRead {
  const values = view.reader.values(row);
  const status = Object.fromEntries(
    view.fields.map(({ name }, i) => [name, statusOf(i, values[name] !== null)]),
  );
  const ageMs = eventTimeMs === null ? null : nowMs - eventTimeMs;
  return { values, status, eventTime: eventTimeMs, ageMs };
}

function readRow(view: ServedView, row: Uint8Array | null, nowMs: number): FeatureRead {
  const values: Record<string, Value> = {};
  const status: Record<string, FeatureStatus> = {};
  if (row === null) {
    for (const { name } of view.fields) {
      values[name] = null;
      status[name] = 'NOT_FOUND';
    }
    return { values, status, eventTime: null, ageMs: null };
  }
  checkRow(view, row);
  const eventTime = view.reader.eventTimeMs(row);
  const isOld = isOutsideMaxAge(view.ttlMs, eventTime, nowMs);
  for (const [index, { name }] of view.fields.entries()) {
    const value = view.reader.value(row, index);
    values[name] = value;
    status[name] = isOld ? 'OUTSIDE_MAX_AGE' : value === null ? 'NULL_VALUE' : 'PRESENT';
  }
  return { values, status, eventTime, ageMs: nowMs - eventTime };
}
