// What the oracle knows of a view before any record: its windows, orders and intervals, and how a
// delivered row becomes a record with its key. Nothing here changes while it runs.
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import {
  type EmitMode,
  type Plan,
  predicatesOf,
  type StreamNode,
  streamOf,
  type ViewNode,
} from '../../plan/plan.ts';
import type { RollingWindow } from '../../plan/window.ts';
import { type DeliveredRow, eventTimeOf } from './delivery.ts';
import { evaluate } from './expressions.ts';
import { type OracleRecord, type RecordOrder, recordOrder } from './records.ts';
import { distinctWindows, isOpen, type OracleWindow } from './windows.ts';

export interface ViewContext {
  readonly view: ViewNode;
  readonly stream: StreamNode;
  readonly emit: EmitMode;
  readonly windows: readonly OracleWindow[];
  /** True when records wait for the watermark and give a row each. */
  readonly hasWaitingRows: boolean;
  readonly order: RecordOrder;
}

export function viewContext(plan: Plan, viewName: string): ViewContext {
  const view = plan.views.find(({ name }) => name === viewName);
  if (view === undefined) throw new TypeError(`the plan has no view "${viewName}"`);
  const stream = streamOf(plan, view);
  const windows = distinctWindows(view.features);
  return {
    view,
    stream,
    emit: view.emit,
    windows,
    hasWaitingRows: view.emit === 'watermark' && windows.some(({ node }) => givesRows(node)),
    order: recordOrder(idType(stream)),
  };
}

function idType(stream: StreamNode): FieldType | null {
  const field = stream.fields.find(({ name }: Field) => name === stream.idField);
  return field?.type ?? null;
}

function givesRows(node: OracleWindow['node']): boolean {
  return (
    node.kind === 'rolling' ||
    node.kind === 'rollingRows' ||
    node.kind === 'lifetime' ||
    isOpen(node)
  );
}

/** The interval of decay of a rolling window; null when its values do not decay. */
export function decayOf(context: ViewContext, node: RollingWindow): number | null {
  const { decayMs } = context.view;
  if (decayMs !== 'default') return decayMs;
  return context.emit === 'watermark' ? null : Math.max(1000, Math.floor(node.sizeMs / 60));
}

/** True when the view's filters let the row through. */
export function isSelected(context: ViewContext, row: DeliveredRow['row']): boolean {
  return predicatesOf(context.view).every((predicate) => evaluate(predicate, row) === true);
}

export function keyOf(context: ViewContext, row: DeliveredRow['row']): Record<string, Value> {
  return Object.fromEntries(
    context.view.key.map(({ name, value }) => [name, evaluate(value, row)] as const),
  );
}

/** The record of a row that the filters let through; throws MR_DATA_OVERFLOW. */
export function recordOf(
  context: ViewContext,
  delivered: DeliveredRow,
  arrival: number,
  watermarkMs: number,
): OracleRecord {
  const { row } = delivered;
  const { idField } = context.stream;
  return {
    ts: eventTimeOf(context.stream, row),
    id: idField === null ? null : (row[idField] ?? null),
    arrival,
    delivered,
    watermarkMs,
    takenBy: new Set(),
    forgottenBy: new Set(),
    inputs: context.view.features.map(({ aggregate: { input } }) =>
      input === null ? null : evaluate(input, row),
    ),
    passes: context.view.features.map(
      ({ aggregate: { where } }) => where === null || evaluate(where, row) === true,
    ),
  };
}
