// Rows of one window group as the engine gives them, written like those that Flink writes: what the two
// are compared by.
import type { WindowGroup } from '../../src/flink/window-group.ts';
import type { Value } from '../../src/kernel/types/field-type.ts';
import type { FeatureNode, Plan } from '../../src/plan/plan.ts';
import {
  type DeliveredRow,
  type DeliveryOptions,
  deliver,
} from '../../src/testing/oracle/delivery.ts';
import { runPlan } from '../../src/testing/plan-runner.ts';
import { parityEvents } from '../parity/flink-cases.ts';

const count = 'own_count';

/** Rows of the group's view by itself; rows of windows without a record are ours only, and left out. */
export function engineRows(
  plan: Plan,
  group: WindowGroup,
  events: readonly DeliveredRow[] = eventsWithUser(),
  delivery: DeliveryOptions = {},
): readonly Record<string, unknown>[] {
  const [view] = plan.views;
  if (view === undefined) throw new TypeError('a case has a view');
  const counted: FeatureNode = {
    kind: 'feature',
    name: count,
    uid: count,
    type: { kind: 'count' },
    nullable: false,
    aggregate: {
      kind: 'aggregate',
      fn: 'count',
      input: null,
      where: null,
      distinct: false,
      limit: null,
      quantile: null,
    },
    window: group.window,
  };
  const own = {
    ...view,
    emit: 'watermark' as const,
    decayMs: null,
    features: [...group.features, counted],
    derived: group.derived,
  };
  const { vectors } = runPlan({
    plan: { ...plan, views: [own] },
    view: view.name,
    steps: deliver(events, delivery),
  });
  const types = new Map(
    [...view.features, ...view.derived, ...view.key].map((f) => [f.name, f.type]),
  );
  return vectors
    .filter(({ values }) => values[count] !== 0)
    .map(({ key, asOfMs, values }) => {
      const { [count]: _, ...features } = values;
      const row = Object.entries({ ...key, ...features }).map(([name, value]) => [
        name,
        types.get(name)?.kind === 'timestamp' ? instant(value) : value,
      ]);
      return { ...Object.fromEntries(row), as_of: instant(asOfMs) };
    });
}

/** A record without a user is a dead letter of these streams. */
function eventsWithUser(): readonly DeliveredRow[] {
  return parityEvents().filter(({ row }) => row['user_id'] !== null);
}

function instant(value: Value): string | null {
  return value === null ? null : new Date(Number(value)).toISOString();
}

const spreads = /sample|whole|of_ints|var_/;

type Row = readonly (readonly [name: string, value: unknown])[];

/** Rows in one order, whoever gave them: numbers that are nearly equal do not change it. */
export function comparableRows(rows: readonly Record<string, unknown>[]): readonly Row[] {
  return rows
    .map((row) =>
      Object.entries(row)
        .filter(([name]) => name !== 'event_time' && name !== 'date')
        .map(([name, value]) => [name, normal(value)] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    )
    .map((row) => ({ row, text: orderText(row) }))
    .toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ row }) => row);
}

/** The first difference between rows in one order; null: there is none. */
export function firstDifference(ours: readonly Row[], theirs: readonly Row[]): string | null {
  if (ours.length !== theirs.length) return `${ours.length} rows, Flink has ${theirs.length}`;
  const at = ours.findIndex(
    (row, i) => !row.every(([name, value], n) => isSame(name, value, theirs[i]?.[n]?.[1])),
  );
  return at < 0 ? null : `${JSON.stringify(ours[at])}\nFlink: ${JSON.stringify(theirs[at])}`;
}

/** Floats within 1e-9 of each other; spreads, of which Flink keeps less, within 1e-4. */
function isSame(name: string, a: unknown, b: unknown): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return a === b;
  const allowed = spreads.test(name) ? 1e-4 : 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
  return Math.abs(a - b) <= allowed;
}

/** Numbers come last, and roughly: nearly equal ones must not change the order. */
function orderText(row: Row): string {
  const isRough = ([name, value]: Row[number]): boolean =>
    typeof value === 'number' && name !== 'as_of';
  const exact = row.map((field) => (isRough(field) ? null : field[1]));
  const numbers = row.filter(isRough).map(([, value]) => Number(value).toPrecision(4));
  return JSON.stringify([exact, numbers]);
}

function normal(value: unknown): unknown {
  if (Array.isArray(value)) return JSON.stringify(value.map(normal));
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*Z$/.test(value)) return Date.parse(value);
  return value;
}
