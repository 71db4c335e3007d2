// Rows under construction from messages, shared by the readers of all schemas that a topic holds.
// Text columns point into the messages' bytes: the batch is valid until the next `begin`.
import { type ColumnBuilder, columnForField, ensureRows } from '../../columns/column-builder.ts';
import { ExtraText } from '../../columns/decode/extra-text.ts';
import type { FieldProblem } from '../../columns/decode/field-problem.ts';
import { putValue } from '../../columns/put-value.ts';
import type { DecodedBatch } from '../../columns/batch.ts';
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import type { Field, RowType, Value } from '../../kernel/types/field-type.ts';
import type { DeadLetterCategory, RecordError } from '../../ports/dead-letter-sink.ts';
import type { MessageInput } from '../../ports/format.ts';
import type { RowTarget } from '../../ports/schema-registry.ts';
import { noValue } from './wire-prefix.ts';

/** Codes of records that are not what their format says; others are of its form and do not fit. */
const unreadable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'MR_DATA_MALFORMED',
  'MR_DATA_UTF8',
  'MR_DATA_TOO_LONG',
  'MR_SCHEMA_UNKNOWN_ID',
]);

const utf8 = new TextEncoder();

export class MessageRows implements RowTarget {
  readonly rowType: RowType;
  readonly builders: readonly ColumnBuilder[];
  readonly extras: readonly (ExtraText | null)[];
  bytes: Uint8Array = new Uint8Array(0);
  bounds: Int32Array = new Int32Array(0);
  positions: Float64Array = new Float64Array(0);
  offsets: Float64Array = new Float64Array(0);
  messageCount = 0;
  rowCount = 0;
  errors: RecordError[] = [];

  constructor(rowType: RowType) {
    this.rowType = rowType;
    this.builders = rowType.fields.map((field) => columnForField(field));
    this.extras = this.builders.map(({ kind }) => (kind === 'bytes' ? new ExtraText() : null));
  }

  /** Gets ready for these messages. */
  begin({ bytes, bounds, offsets, from, count }: MessageInput): void {
    this.bytes = bytes;
    this.bounds = bounds;
    this.positions = offsets;
    this.messageCount = count;
    this.rowCount = 0;
    this.errors = [];
    const rowMax = count - from;
    if (this.offsets.length < rowMax) {
      this.offsets = new Float64Array(Math.max(rowMax, this.offsets.length * 2));
    }
    for (const builder of this.builders) {
      ensureRows(builder, rowMax);
      if (builder.kind === 'bytes') builder.data = bytes;
      if (builder.kind === 'object') builder.values = [];
    }
    for (const extra of this.extras) extra?.begin();
  }

  put(field: number, row: number, value: Value): void {
    const builder = this.builders[field] as ColumnBuilder;
    if (builder.kind !== 'bytes') {
      putValue(builder, (this.rowType.fields[field] as Field).type, row, value);
      return;
    }
    builder.nulls[row] = value === null ? 1 : 0;
    if (value === null) {
      builder.starts[row] = 0;
      builder.ends[row] = 0;
      return;
    }
    const bytes = value instanceof Uint8Array ? value : utf8.encode(String(value));
    this.extras[field]?.put(builder, row, bytes);
  }

  /** Reports a message that names no schema. */
  reportUnprefixed(message: number, what: number): void {
    if (what === noValue) {
      this.report(message, 'MR_DATA_NO_VALUE', 'message has no value (a tombstone)');
    } else {
      const text = 'record does not begin with the id of a schema (byte 0, then four bytes)';
      this.report(message, 'MR_DATA_MALFORMED', text);
    }
  }

  fail(message: number, { code, message: text }: FieldProblem): void {
    this.report(message, code, text);
  }

  /** Reports a message that became no row. */
  report(message: number, code: ErrorCode, text: string): void {
    const start = this.bounds[2 * message] as number;
    const end = this.bounds[2 * message + 1] as number;
    const category: DeadLetterCategory = unreadable.has(code)
      ? 'deserialization'
      : 'schema_mismatch';
    this.errors.push({
      code,
      category,
      message: text,
      offset: this.positions[message] as number,
      bytes: this.bytes.slice(Math.max(start, 0), Math.max(end, 0)),
    });
  }

  /** The rows so far as a batch. */
  finish(): DecodedBatch {
    const { rowCount, offsets, builders: columns } = this;
    for (const [i, builder] of columns.entries()) {
      if (builder.kind === 'bytes') this.extras[i]?.finish(builder, rowCount);
    }
    return { fields: this.rowType.fields, columns, rowCount, offsets };
  }
}
