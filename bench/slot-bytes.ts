// What a rolling window with a resolution costs in memory: count, sum and max over 60 slots, every
// slot of every key in use. Measured: resident memory and heap before and after, against the bytes
// that the slots' own numbers need (count, compensated sum, max: what a slot cannot do without).
// Run: node --expose-gc --conditions=millrace-src bench/slot-bytes.ts [--keys N] [--features count,sum,max]
import { buildPlan } from '../src/define/build-plan.ts';
import { count, max, sum } from '../src/define/aggregate.ts';
import { entity } from '../src/define/entity.ts';
import { featureView } from '../src/define/feature-view.ts';
import { stream } from '../src/define/stream.ts';
import { t } from '../src/define/type-builder.ts';
import { rolling } from '../src/define/window.ts';
import type { Batch } from '../src/columns/batch.ts';
import { ViewOperator } from '../src/engine/operators/view-operator.ts';
import { Arguments, rounded, startWatch } from './load/measure.ts';
import { userId } from './load/event-pool.ts';
import { processMemory } from './load/process-memory.ts';

const slots = 60;
const minuteMs = 60_000;
const startMs = 1_700_000_000_000 - (1_700_000_000_000 % minuteMs);
const batchRows = 8192;
/** Numbers of 8 bytes that a slot needs: a compensated sum is two. */
const ownNumbers = { count: 1, sum: 2, max: 1 } as const;

type Name = keyof typeof ownNumbers;

function planOf(names: readonly Name[]) {
  const window = rolling('1h', { resolution: '1m' });
  const events = stream('events', {
    schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
    eventTime: { field: 'ts', maxAhead: 'off' },
  });
  const view = featureView('slots', {
    entity: entity('user', { key: { user_id: t.string() } }),
    from: events,
    emit: 'arrival',
    decay: 'never',
    features: (e) => {
      const all = {
        count: count().over(window),
        sum: sum(e.amount).over(window),
        max: max(e.amount).over(window),
      };
      return Object.fromEntries(names.map((name) => [name, all[name]]));
    },
  });
  return buildPlan([{ view }]).plan;
}

/** Key `index % keys` at minute `index / keys`. */
function fill(batch: Batch, first: number, keys: number): void {
  const [user, amount, ts] = batch.columns;
  if (user?.kind !== 'bytes' || amount?.kind !== 'float64' || ts?.kind !== 'float64') return;
  for (let i = 0; i < batch.rowCount; i++) {
    const index = first + i;
    const id = userId(index % keys);
    for (let k = 0; k < id.length; k++) user.data[i * id.length + k] = id.charCodeAt(k);
    amount.values[i] = index % 997;
    ts.values[i] = startMs + Math.floor(index / keys) * minuteMs;
    batch.eventTimeMs[i] = ts.values[i] as number;
    batch.watermarkMs[i] = (ts.values[i] as number) - 1;
    batch.offsets[i] = index;
  }
}

function newBatch(fields: Batch['fields'], rowCount: number): Batch {
  const idLength = userId(0).length;
  const nulls = new Uint8Array(rowCount);
  const starts = Int32Array.from({ length: rowCount }, (_, i) => i * idLength);
  const ends = starts.map((start) => start + idLength);
  const numbers = (): Float64Array<ArrayBuffer> => new Float64Array(rowCount);
  const times = { eventTimeMs: numbers(), arrivalTimeMs: numbers(), watermarkMs: numbers() };
  const data = new Uint8Array(rowCount * idLength);
  const columns = [
    { kind: 'bytes' as const, nulls, data, starts, ends },
    { kind: 'float64' as const, nulls, values: numbers() },
    { kind: 'float64' as const, nulls, values: numbers() },
  ];
  return { fields, columns, rowCount, offsets: numbers(), ...times, split: 0 };
}

function used(): { readonly heap: number; readonly buffers: number; readonly anon: number } {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error('run with --expose-gc');
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers, anon: (processMemory()?.anonMb ?? 0) * 2 ** 20 };
}

function measure(names: readonly Name[], keys: number): void {
  const plan = planOf(names);
  const [view] = plan.views;
  const [events] = plan.streams;
  if (view === undefined || events === undefined) throw new Error('no view');
  const context = { emit: () => {}, late: () => {}, fail: () => {} };
  const operator = new ViewOperator({ plan, view, context });
  const batch = newBatch(events.fields, batchRows);
  const before = used();
  const watch = startWatch();
  const total = keys * slots;
  for (let first = 0; first < total; first += batchRows) {
    const rowCount = Math.min(batchRows, total - first);
    const part = rowCount === batchRows ? batch : newBatch(events.fields, rowCount);
    fill(part, first, keys);
    operator.processBatch(part);
  }
  const { elapsedMs } = watch();
  const after = used();
  const perKey = (bytes: number): number => rounded(bytes / keys);
  const own = names.reduce((sum, name) => sum + ownNumbers[name] * 8 * slots, 0);
  const bytes = after.heap - before.heap + after.buffers - before.buffers;
  const { stateBytes, entities } = operator.stats();
  console.log(
    JSON.stringify({
      name: 'slot-bytes',
      features: names.join(','),
      keys: entities,
      own_bytes_per_key: own,
      bytes_per_key: perKey(bytes),
      ratio: rounded(bytes / keys / own, 2),
      heap_per_key: perKey(after.heap - before.heap),
      buffers_per_key: perKey(after.buffers - before.buffers),
      resident_per_key: perKey(after.anon - before.anon),
      reported_per_key: perKey(stateBytes),
      events_per_second: rounded((total * 1000) / elapsedMs),
    }),
  );
}

const args = new Arguments();
const names = args.text('features', 'count,sum,max').split(',') as Name[];
measure(names, args.number('keys', 100_000));
