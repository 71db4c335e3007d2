// Rows of a request as records of a stream: every value is judged by its field before any row is taken,
// so that what is acknowledged can be read. Records are written as the stream's JSON has them.
import { exactJson, recordJson } from '../../columns/read-value.ts';
import type { PushedRecord } from '../../ports/push.ts';
import { type Field, formatType, type Value } from '../../kernel/types/field-type.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { StreamNode } from '../../plan/plan.ts';
import { requestValue } from '../read/request-columns.ts';
import type { DataFrame } from './data-frame.ts';
import { missingColumn, type RowProblem, RowProblems } from './push-problems.ts';

/** Most problems that are told of one request. */
const problemsMax = 100;
const utf8 = new TextEncoder();

/**
 * The rows as records; `keyFields` name what keeps records of equal keys in order. Throws RequestFailure
 * for a missing column, RowProblems for values that do not fit.
 */
export function encodeRows(
  stream: StreamNode,
  df: DataFrame,
  keyFields: readonly string[],
): readonly PushedRecord[] {
  const columns = stream.fields.map((field) => columnOf(stream, field, df));
  const problems: RowProblem[] = [];
  const records: PushedRecord[] = [];
  for (let row = 0; row < df.rowCount && problems.length < problemsMax; row++) {
    const record = encodeRow(stream, columns, row, problems);
    records.push(pushedRecord(stream, record, keyFields));
  }
  if (problems.length > 0) throw new RowProblems(`stream "${stream.name}"`, problems);
  return records;
}

/** Null: every row has the default, or null. */
function columnOf(stream: StreamNode, field: Field, df: DataFrame): readonly unknown[] | null {
  const values = df.columns.get(field.name);
  if (values !== undefined) return values;
  if (field.nullable || field.default !== undefined) return null;
  throw missingColumn(field.name, `stream "${stream.name}"`, [...df.columns.keys()]);
}

function encodeRow(
  { fields }: StreamNode,
  columns: readonly (readonly unknown[] | null)[],
  row: number,
  problems: RowProblem[],
): Record<string, Value> {
  const record: Record<string, Value> = {};
  for (const [i, field] of fields.entries()) {
    const values = columns[i];
    if (values == null) continue;
    const where = `df.${field.name}[${row}]`;
    try {
      record[field.name] = requestValue(field, values[row], 'milliseconds', where);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      const message = `${error.message} (${field.name} is ${formatType(field.type)})`;
      problems.push({ row, field: field.name, message });
    }
  }
  return record;
}

function pushedRecord(
  { fields, eventTime }: StreamNode,
  record: Record<string, Value>,
  keyFields: readonly string[],
): PushedRecord {
  const time = record[eventTime.field];
  return {
    json: utf8.encode(recordJson(fields, record)),
    key: keyFields.length === 0 ? null : utf8.encode(keyText(record, keyFields)),
    eventTimeMs: typeof time === 'number' ? time : 0,
  };
}

function keyText(record: Record<string, Value>, keyFields: readonly string[]): string {
  const values = keyFields.map((name) => record[name] ?? null);
  const [only] = values;
  return values.length === 1 && typeof only === 'string' ? only : exactJson(values);
}
