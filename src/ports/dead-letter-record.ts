// Dead letters and late records as JSON, the same in files and in topics, so that one tool reads both.
import { isUtf8 } from 'node:buffer';
import { formatInstant } from '../kernel/instant.ts';
import type { DeadLetter, LateRecord } from './dead-letter-sink.ts';

/** What a dead letter says of the pipeline that wrote it. */
export interface Pipeline {
  /** Name of the project or job. */
  readonly pipeline: string;
  /** Version of its definitions, e.g. the fingerprint of the plan. */
  readonly pipelineVersion: string;
}

/** Header of a replayed record: how often it was tried, counted from 1. */
export const attemptHeader = 'millrace-attempt';

/** A dead letter as a line of JSON: why, where, when, and the bytes. */
export function deadLetterJson(
  letter: DeadLetter,
  { pipeline, pipelineVersion }: Pipeline,
): string {
  const bytes = bufferOf(letter.bytes);
  return JSON.stringify({
    dlq_metadata: {
      error_class: 'MillraceError',
      error_code: letter.code,
      error_message: letter.message,
      stack_trace: '',
      error_category: letter.category,
      pipeline,
      pipeline_version: pipelineVersion,
      operator_uid: letter.operatorUid,
      dlq_timestamp: formatInstant(letter.timestampMs),
      attempt: attemptOf(letter),
      source: sourceOf(letter),
    },
    original_event_base64: bytes.toString('base64'),
    original_event_string: isUtf8(bytes) ? bytes.toString() : null,
  });
}

/** How often the record was tried: a replayed one says so in a header. */
function attemptOf({ origin }: DeadLetter): number {
  const value = origin?.headers.find(([name]) => name === attemptHeader)?.[1];
  const attempt = value == null ? Number.NaN : Number(bufferOf(value).toString());
  return Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 1;
}

/** Where it came from: topic, partition and offset, or a stream, its split and the place in that. */
function sourceOf({ origin, stream, split, offset }: DeadLetter): Record<string, unknown> {
  if (origin === undefined) {
    const place = { topic: stream, partition: split, offset };
    return { ...place, key_base64: null, timestamp: null, headers: {} };
  }
  const { topic, partition, key, timestampMs, headers } = origin;
  const text = headers.map(([name, value]) => [name, value === null ? null : bufferOf(value)]);
  return {
    topic,
    partition,
    offset,
    key_base64: key === null ? null : bufferOf(key).toString('base64'),
    timestamp: timestampMs >= 0 ? formatInstant(timestampMs) : null,
    headers: Object.fromEntries(text.map(([name, value]) => [name, headerText(value)])),
  };
}

/** Text where it is text, else base64. */
function headerText(value: unknown): string | null {
  if (!Buffer.isBuffer(value)) return null;
  return isUtf8(value) ? value.toString() : value.toString('base64');
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A late record as a line of JSON; `notSampled`: how many before it were left out. */
export function lateRecordJson(record: LateRecord, notSampled: number): string {
  return JSON.stringify({
    view: record.view,
    stream: record.stream,
    split: record.split,
    offset: record.offset,
    event_time: formatInstant(record.eventTimeMs),
    watermark: Number.isFinite(record.watermarkMs) ? formatInstant(record.watermarkMs) : null,
    features: record.features,
    row: record.row,
    not_sampled: notSampled,
    sample_is_full: record.sampleIsFull === true,
  });
}
