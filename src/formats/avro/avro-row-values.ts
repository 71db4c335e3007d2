// Rows of a view as Avro records behind the id of their schema: key, times, features, number, as the
// JSON of outputs has them.
import type { Field, RowType } from '../../kernel/types/field-type.ts';
import type { RowValues } from '../../ports/row-values.ts';
import { AvroOutput } from './avro-output.ts';
import { writeColumn, writeField } from './avro-writer.ts';

const instant = { kind: 'timestamp' } as const;

/** The fields of a row that is written out. */
export function outputRowType(key: readonly Field[], features: readonly Field[]): RowType {
  return {
    fields: [
      ...key,
      { name: 'event_time', type: instant, nullable: true },
      { name: 'as_of', type: instant, nullable: true },
      ...features,
      { name: '_seq', type: { kind: 'int64' }, nullable: false },
    ],
  };
}

/** Encodes rows by the schema derived from `outputRowType`; `prefix` says its id. */
export function createAvroRowValues(key: readonly Field[], prefix: Uint8Array): RowValues {
  const out = new AvroOutput();
  const range = { bytes: out.bytes, start: 0, end: 0 };
  return {
    encode(batch, row, values) {
      out.reset(prefix);
      for (const field of key) writeField(out, field, values[field.name] ?? null);
      writeInstant(out, batch.eventTimeMs[row] as number);
      writeInstant(out, batch.asOfMs[row] as number);
      for (const [i, field] of batch.fields.entries()) {
        const column = batch.columns[i];
        if (column !== undefined) writeColumn(out, field, column, row);
      }
      out.whole(batch.seq[row] as number);
      range.bytes = out.bytes;
      range.end = out.length;
      return range;
    },
  };
}

/** A union with null, which stands for a time that is not finite. */
function writeInstant(out: AvroOutput, ms: number): void {
  out.byte(Number.isFinite(ms) ? 2 : 0);
  if (Number.isFinite(ms)) out.whole(ms);
}
