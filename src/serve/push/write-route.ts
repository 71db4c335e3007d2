// `POST /write-to-online-store`, as Feast has it: rows of a view straight into the store, by the version
// rule of all rows. A written row is of the instant of its event and before any that a run computed for
// that instant, so it never takes the place of an equal or newer one.
import { type ColumnBuilder, columnForField, ensureRows } from '../../columns/column-builder.ts';
import { putValue } from '../../columns/put-value.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { encodeKey } from '../../kernel/key-encoding.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import { featureFields, type Plan, type ViewNode } from '../../plan/plan.ts';
import type { RouteAnswer, RouteRequest, ServerRoute } from '../http/server-route.ts';
import { requestValue } from '../read/request-columns.ts';
import { type DataFrame, parseFrameBody } from './data-frame.ts';
import { missingColumn, type RowProblem, RowProblems, unknownObject } from './push-problems.ts';
import { refusal } from './push-route.ts';

export interface WriteRouteOptions {
  readonly plan: Plan;
  /** Writes rows by version to what readers are given. */
  readonly write: (batch: VectorBatch) => Promise<void>;
}

const timeColumn = 'event_timestamp';

export function createWriteRoute(options: WriteRouteOptions): ServerRoute {
  return {
    method: 'POST',
    path: '/write-to-online-store',
    summary: 'Rows of a view straight into the online store; older ones change nothing',
    bodySchema: {
      type: 'object',
      required: ['feature_view_name', 'df'],
      properties: {
        feature_view_name: { enum: options.plan.views.map(({ name }) => name) },
        df: { type: 'object', additionalProperties: { type: 'array' } },
      },
    },
    handle: (request) => writeRows(options, request),
  };
}

async function writeRows(
  { plan, write }: WriteRouteOptions,
  { body, isJson, mayWrite }: RouteRequest,
): Promise<RouteAnswer> {
  const { name, df } = parseFrameBody(body, isJson, 'feature_view_name');
  const view = plan.views.find((candidate) => candidate.name === name);
  if (view === undefined) {
    const known = plan.views.map((candidate) => candidate.name);
    throw unknownObject(name, known);
  }
  mayWrite(name);
  try {
    if (df.rowCount > 0) await write(writeBatch(plan, view, df));
  } catch (error) {
    if (error instanceof RowProblems) return refusal(error);
    throw error;
  }
  return { body: 'null' };
}

/** A row of the request, checked. */
interface WrittenRow {
  readonly key: Uint8Array;
  readonly timeMs: number;
  readonly values: readonly Value[];
}

/** The rows as what an operator emits; throws RowProblems for values that do not fit. */
export function writeBatch(plan: Plan, view: ViewNode, df: DataFrame): VectorBatch {
  const features = featureFields(view);
  const rows = readRows(plan, view, features, df).sort((a, b) => a.timeMs - b.timeMs);
  const keys = rows.map(({ key }) => Buffer.from(key));
  const slots = new Map<string, number>();
  const slotOf = (key: Buffer): number => {
    const text = key.toString('latin1');
    slots.set(text, slots.get(text) ?? slots.size);
    return slots.get(text) as number;
  };
  const ends = new Int32Array(rows.length);
  let at = 0;
  for (const [i, key] of keys.entries()) ends[i] = at += key.length;
  const times = Float64Array.from(rows, ({ timeMs }) => timeMs);
  return {
    view: view.name,
    rowCount: rows.length,
    keyData: Buffer.concat(keys),
    keyStarts: Int32Array.from(keys, (key, i) => (ends[i] as number) - key.length),
    keyEnds: ends,
    keySlots: Int32Array.from(keys, slotOf),
    eventTimeMs: times,
    asOfMs: times,
    // Before every row that a run computes: those have applied one record at least.
    seq: new Float64Array(rows.length),
    arrivalTimeMs: times,
    fields: features,
    columns: features.map((field, f) => columnOf(field, rows, f)),
  };
}

function columnOf(field: Field, rows: readonly WrittenRow[], f: number): ColumnBuilder {
  const column = columnForField(field);
  ensureRows(column, rows.length);
  for (const [i, { values }] of rows.entries()) {
    putValue(column, field.type, i, values[f] ?? null);
  }
  return column;
}

function readRows(
  plan: Plan,
  view: ViewNode,
  features: readonly Field[],
  df: DataFrame,
): WrittenRow[] {
  const what = `view "${view.name}"`;
  const time = timeField(plan, view, df);
  const fields = [...view.key, time, ...features.map((field) => ({ ...field, nullable: true }))];
  const given = [...df.columns.keys()];
  const columns = fields.map(({ name }) => {
    const values = df.columns.get(name);
    if (values === undefined) throw missingColumn(name, what, given);
    return values;
  });
  const problems: RowProblem[] = [];
  const rows: WrittenRow[] = [];
  for (let row = 0; row < df.rowCount; row++) {
    const values = fields.map((field, i) => {
      try {
        return requestValue(field, columns[i]?.[row], 'milliseconds', `df.${field.name}[${row}]`);
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        problems.push({ row, field: field.name, message: error.message });
        return null;
      }
    });
    if (problems.length > 0) continue;
    const keyCount = view.key.length;
    const key = Object.fromEntries(view.key.map(({ name }, i) => [name, values[i]]));
    rows.push({
      key: encodeKey(view.key, key),
      timeMs: values[keyCount] as number,
      values: values.slice(keyCount + 1),
    });
  }
  if (problems.length > 0) throw new RowProblems(what, problems.slice(0, 100));
  return rows;
}

/** `event_timestamp`, or the event time of the view's stream by its own name. */
function timeField(plan: Plan, view: ViewNode, df: DataFrame): Field {
  let { from } = view;
  while (from.kind === 'filter') from = from.input;
  const name = from.stream;
  const own = plan.streams.find((stream) => stream.name === name)?.eventTime.field;
  const isOwn = own !== undefined && df.columns.has(own) && !df.columns.has(timeColumn);
  return { name: isOwn ? own : timeColumn, type: { kind: 'timestamp' }, nullable: false };
}
