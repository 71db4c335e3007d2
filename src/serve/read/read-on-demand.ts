// One row of features computed at read time: its stored rows are read, each view once, then computed.
import type { Column } from '../../columns/column.ts';
import { eventTimeMsOf } from '../../columns/packed-row.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { FeatureStatus, ServingClock } from './feature-status.ts';
import { computedCodes, type ServedOnDemand } from './on-demand-view.ts';

/** What one computed row is made of. */
export interface OnDemandRequest {
  readonly view: ServedOnDemand;
  readonly store: OnlineStore;
  readonly now: ServingClock;
  /** The encoded key of a view with these join keys. */
  readonly encodeKey: (fields: readonly Field[]) => Uint8Array;
  /** Columns of one row, by name. */
  readonly request: ReadonlyMap<string, Column>;
}

export interface OnDemandRow {
  readonly row: Uint8Array;
  /** Event time of the oldest stored row that was read; null when there was none. */
  readonly eventTimeMs: number | null;
  readonly nowMs: number;
  /** Values that are null because they could not be computed. */
  readonly failureCount: number;
  /** Status of a feature, once it is known whether it has a value. */
  readonly statusOf: (index: number, isValue: boolean) => FeatureStatus;
}

export async function readOnDemand(options: OnDemandRequest): Promise<OnDemandRow> {
  const { view, store, now, encodeKey, request } = options;
  const stored = await Promise.all(
    view.sources.map(async (source) => store.read(source.name, [encodeKey(source.key)])),
  );
  const nowMs = now.nowMs();
  const { rows, codes, failureCount } = view.compute({ rowCount: 1, request, stored, nowMs });
  const times = stored.flatMap(([row]) => (row == null ? [] : [eventTimeMsOf(row)]));
  return {
    row: rows[0] as Uint8Array,
    eventTimeMs: times.length === 0 ? null : Math.min(...times),
    nowMs,
    failureCount,
    statusOf: (index, isValue) => statusOf(codes[index]?.[0] ?? computedCodes.fresh, isValue),
  };
}

function statusOf(code: number, isValue: boolean): FeatureStatus {
  if (code === computedCodes.outside) return 'OUTSIDE_MAX_AGE';
  if (isValue) return 'PRESENT';
  return code === computedCodes.missing ? 'NOT_FOUND' : 'NULL_VALUE';
}
