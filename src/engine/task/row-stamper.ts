// Gives decoded rows their times. Rows without an event time, or with one too far past their arrival,
// are refused here: they become dead letters and never reach the watermark.
import type { Batch, DecodedBatch } from '../../columns/batch.ts';
import type { Float64Column } from '../../columns/column.ts';
import { readRow, recordJson } from '../../columns/read-value.ts';
import { formatDuration } from '../../kernel/duration.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { formatInstant } from '../../kernel/instant.ts';
import type { StreamNode } from '../../plan/plan.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { WatermarkCombiner } from '../time/watermark-combiner.ts';
import { gatherRows } from './gather-rows.ts';

const utf8 = new TextEncoder();

export class RowStamper {
  readonly #stream: StreamNode;
  readonly #eventTimeIndex: number;
  #arrivalTimeMs: Float64Array = new Float64Array(0);
  #arrivalMs = Number.NaN;
  #watermarkMs: Float64Array = new Float64Array(0);

  constructor(stream: StreamNode) {
    this.#stream = stream;
    const { field } = stream.eventTime;
    this.#eventTimeIndex = stream.fields.findIndex(({ name }) => name === field);
  }

  /** The event times of a batch of this stream. */
  eventTimesOf(batch: DecodedBatch): Float64Column {
    const column = batch.columns[this.#eventTimeIndex];
    if (column?.kind === 'float64' && batch.columns.length === this.#stream.fields.length) {
      return column;
    }
    const what = `rows of stream "${this.#stream.name}" do not have the stream's columns`;
    throw new MillraceError('MR_INTERNAL', what);
  }

  /** The rows that have a usable event time; the others are pushed into `errors`. */
  admit(batch: DecodedBatch, arrivalMs: number, errors: RecordError[]): DecodedBatch {
    const { values, nulls } = this.eventTimesOf(batch);
    const { maxAheadMs } = this.#stream.eventTime;
    const limitMs = maxAheadMs === null ? Number.MAX_VALUE : arrivalMs + maxAheadMs;
    let isClean = true;
    for (let row = 0; row < batch.rowCount; row++) {
      // Also false for NaN.
      if (nulls[row] === 1 || !((values[row] as number) <= limitMs)) {
        isClean = false;
        break;
      }
    }
    if (isClean) return batch;
    const kept: number[] = [];
    for (let row = 0; row < batch.rowCount; row++) {
      if (nulls[row] === 1) errors.push(this.#withoutTime(batch, row));
      else if ((values[row] as number) <= limitMs) kept.push(row);
      else errors.push(this.#tooFarAhead(batch, row, arrivalMs));
    }
    return gatherRows(batch, kept);
  }

  /** Rows with their event time, arrival, and the combined watermark before each of them. */
  stamp(batch: DecodedBatch, split: number, arrivalMs: number, combiner: WatermarkCombiner): Batch {
    const { rowCount } = batch;
    if (this.#watermarkMs.length < rowCount) {
      this.#watermarkMs = new Float64Array(rowCount);
      this.#arrivalTimeMs = new Float64Array(rowCount);
      this.#arrivalMs = Number.NaN;
    }
    if (this.#arrivalMs !== arrivalMs) {
      this.#arrivalMs = arrivalMs;
      this.#arrivalTimeMs.fill(arrivalMs);
    }
    const eventTimeMs = this.eventTimesOf(batch).values;
    combiner.observeRows(split, eventTimeMs, rowCount, this.#watermarkMs);
    return {
      fields: batch.fields,
      columns: batch.columns,
      rowCount,
      offsets: batch.offsets,
      eventTimeMs,
      arrivalTimeMs: this.#arrivalTimeMs,
      watermarkMs: this.#watermarkMs,
      split,
    };
  }

  #withoutTime(batch: DecodedBatch, row: number): RecordError {
    return this.#error(batch, row, 'MR_DATA_EVENT_TIME', `it has no event time ("${this.#field}")`);
  }

  #tooFarAhead(batch: DecodedBatch, row: number, arrivalMs: number): RecordError {
    const time = this.eventTimesOf(batch).values[row] as number;
    const message =
      `its event time ("${this.#field}") ${shown(time)} is more than ` +
      `${formatDuration(this.#stream.eventTime.maxAheadMs ?? 0)} past its arrival ` +
      `${shown(arrivalMs)}; for data that is meant to be in the future set ` +
      `maxAhead: 'off' on the stream "${this.#stream.name}"`;
    return this.#error(batch, row, 'MR_DATA_TOO_FAR_AHEAD', message);
  }

  get #field(): string {
    return this.#stream.eventTime.field;
  }

  #error(
    batch: DecodedBatch,
    row: number,
    code: 'MR_DATA_EVENT_TIME' | 'MR_DATA_TOO_FAR_AHEAD',
    message: string,
  ): RecordError {
    const values = readRow(batch.columns, this.#stream.fields, row);
    return {
      code,
      category: 'processing_error',
      message,
      offset: batch.offsets[row] as number,
      bytes: utf8.encode(recordJson(this.#stream.fields, values)),
    };
  }
}

function shown(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? formatInstant(ms) : String(ms);
}
