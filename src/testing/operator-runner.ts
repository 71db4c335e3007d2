// Runs one operator over rows in delivery order, as a job would at parallelism 1, and collects what
// comes out as JavaScript values. Deterministic: nothing here reads a clock.
import type { Batch } from '../columns/batch.ts';
import { readRow } from '../columns/read-value.ts';
import type { VectorBatch } from '../columns/vector-batch.ts';
import type { Operator, OperatorContext, OperatorStats } from '../engine/operators/operator.ts';
import { decodeKey } from '../kernel/key-encoding.ts';
import type { Field, Value } from '../kernel/types/field-type.ts';
import { type Plan, streamOf, type ViewNode } from '../plan/plan.ts';
import type { RecordError } from '../ports/dead-letter-sink.ts';
import { batchOf, type OperatorCall, operatorCalls, spoil } from './batches.ts';
import { type DeliveryStep, splitCountOf, timeSteps } from './oracle/delivery.ts';
import type { OracleLate } from './oracle/view-oracle.ts';

/** One emitted row of a view. */
export interface ViewRow {
  readonly key: Readonly<Record<string, Value>>;
  readonly eventTimeMs: number;
  readonly asOfMs: number;
  readonly seq: number;
  readonly values: Readonly<Record<string, Value>>;
}

/** Everything an operator gave: rows in the order of emission, late records, failed records, counters. */
export interface OperatorRun {
  readonly vectors: readonly ViewRow[];
  readonly late: readonly OracleLate[];
  readonly errors: readonly RecordError[];
  readonly stats: OperatorStats;
}

export interface OperatorRunInput {
  readonly plan: Plan;
  readonly view: string;
  readonly steps: readonly DeliveryStep[];
  readonly splitCount?: number;
  /** Most rows in a batch; 1000 by default. Results must not depend on it. */
  readonly batchSize?: number;
  readonly create: (context: OperatorContext, view: ViewNode) => Operator;
}

/** Feeds the steps to a new operator in batches and returns everything it gave. */
export function runOperator(input: OperatorRunInput): OperatorRun {
  const view = input.plan.views.find(({ name }) => name === input.view);
  if (view === undefined) throw new TypeError(`the plan has no view "${input.view}"`);
  const stream = streamOf(input.plan, view);
  const vectors: ViewRow[] = [];
  const late: OracleLate[] = [];
  const errors: RecordError[] = [];
  const operator = input.create(
    {
      emit: (batch) => vectors.push(...rowsOf(batch, view)),
      late: ({ offset, features }, batch) =>
        late.push({ split: batch.split, offset, features: [...features] }),
      fail: (error) => errors.push(error),
    },
    view,
  );
  const splitCount = input.splitCount ?? splitCountOf(input.steps);
  const timed = timeSteps(stream, input.steps, splitCount);
  for (const call of operatorCalls(timed, input.batchSize ?? 1000)) {
    runCall(operator, call, (rows) => batchOf(stream, rows));
  }
  return { vectors, late, errors, stats: operator.stats() };
}

type ToBatch = (rows: Extract<OperatorCall, { kind: 'rows' }>['rows']) => Batch;

function runCall(operator: Operator, call: OperatorCall, toBatch: ToBatch): void {
  if (call.kind === 'idle') {
    operator.advanceIdleTime(call.nowMs);
    return;
  }
  if (call.kind === 'rows') {
    const batch = toBatch(call.rows);
    operator.processBatch(batch);
    spoil(batch);
  }
  if (call.afterMs !== Number.NEGATIVE_INFINITY) operator.advanceWatermark(call.afterMs);
}

/** The rows of an emitted batch; it is reused by its producer, so everything is copied. */
export function rowsOf(batch: VectorBatch, view: ViewNode): ViewRow[] {
  const keyFields: readonly Field[] = view.key.map(({ name, type, nullable }) => ({
    name,
    type,
    nullable,
  }));
  return Array.from({ length: batch.rowCount }, (_, i) => ({
    key: decodeKey(keyFields, batch.keyData.slice(batch.keyStarts[i], batch.keyEnds[i])),
    eventTimeMs: batch.eventTimeMs[i] ?? Number.NaN,
    asOfMs: batch.asOfMs[i] ?? Number.NaN,
    seq: batch.seq[i] ?? Number.NaN,
    values: structuredClone(readRow(batch.columns, batch.fields, i)),
  }));
}
