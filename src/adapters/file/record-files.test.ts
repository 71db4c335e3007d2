import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileDeadLetterSink, fileLateRecordSink } from 'millrace/file';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DeadLetter, LateRecord } from '../../ports/dead-letter-sink.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-records-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function lines(name: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(directory, name), 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const letter: DeadLetter = {
  code: 'MR_DATA_TYPE',
  category: 'schema_mismatch',
  message: '"amount" must be float64, not the string "x"',
  offset: 42,
  bytes: new TextEncoder().encode('{"amount":"x"}'),
  stream: 'purchases',
  split: 'data/a.jsonl',
  operatorUid: 'stream:purchases',
  timestampMs: 1_700_000_000_123,
};
const identity = { pipeline: 'shop', pipelineVersion: 'v1' };

test('a dead letter keeps its bytes, its reason and its place', async () => {
  const sink = fileDeadLetterSink(directory, identity);
  await sink.write([letter, { ...letter, stream: 'refunds', bytes: Uint8Array.of(0xff, 0x0a) }]);
  await sink.close();
  expect(await lines('purchases.dlq.jsonl')).toEqual([
    {
      dlq_metadata: {
        error_class: 'MillraceError',
        error_code: 'MR_DATA_TYPE',
        error_message: '"amount" must be float64, not the string "x"',
        stack_trace: '',
        error_category: 'schema_mismatch',
        pipeline: 'shop',
        pipeline_version: 'v1',
        operator_uid: 'stream:purchases',
        dlq_timestamp: '2023-11-14T22:13:20.123Z',
        attempt: 1,
        source: {
          topic: 'purchases',
          partition: 'data/a.jsonl',
          offset: 42,
          key_base64: null,
          timestamp: null,
          headers: {},
        },
      },
      original_event_base64: 'eyJhbW91bnQiOiJ4In0=',
      original_event_string: '{"amount":"x"}',
    },
  ]);
  const [binary] = await lines('refunds.dlq.jsonl');
  expect(binary).toMatchObject({ original_event_base64: '/wo=', original_event_string: null });
});

test('dead letters of a later run are appended, after a line that a crash cut short', async () => {
  const first = fileDeadLetterSink(directory, identity);
  await first.write([letter]);
  await first.close();
  await appendFile(join(directory, 'purchases.dlq.jsonl'), '{"half');
  const second = fileDeadLetterSink(directory, identity);
  await Promise.all([second.write([letter]), second.write([{ ...letter, offset: 43 }])]);
  await second.close();
  const text = await readFile(join(directory, 'purchases.dlq.jsonl'), 'utf8');
  const written = text.split('\n');
  expect(written).toHaveLength(5);
  expect(written[1]).toBe('{"half');
  expect(JSON.parse(written[3] as string)).toMatchObject({
    dlq_metadata: { source: { offset: 43 } },
  });
});

test('late records are a sample per second that says how many it left out', async () => {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => undefined };
  const sink = fileLateRecordSink(directory, { recordsPerSecondMax: 2, clock });
  const late = (offset: number): LateRecord => ({
    view: 'spend',
    stream: 'purchases',
    split: 'a.jsonl',
    offset,
    eventTimeMs: 1000,
    watermarkMs: Number.NEGATIVE_INFINITY,
    features: ['spend_5m'],
    row: { amount: 1 },
  });
  await sink.write([late(0), late(1), late(2), late(3)]);
  nowMs = 1000;
  await sink.write([late(4)]);
  await sink.close();
  const written = await lines('spend.late.jsonl');
  expect(written.map((line) => [line['offset'], line['not_sampled']])).toEqual([
    [0, 0],
    [1, 0],
    [4, 2],
  ]);
  expect(written[0]).toMatchObject({
    event_time: '1970-01-01T00:00:01Z',
    watermark: null,
    features: ['spend_5m'],
    row: { amount: 1 },
  });
});

test('going back to a checkpoint cuts off what came after it, and no more', async () => {
  const open = () =>
    fileDeadLetterSink(directory, {
      pipeline: 'shop',
      pipelineVersion: '1',
      streams: ['purchases'],
    });
  const first = open();
  await first.epochs?.recover(null);
  await first.write([letter]);
  const state = await first.epochs?.prepare(1, {});
  await first.write([{ ...letter, offset: 43 }]);
  const second = open();
  await second.epochs?.recover({ id: 1, positions: {}, state: state ?? null });
  await second.write([{ ...letter, offset: 44 }]);
  await second.epochs?.recover({ id: 2, positions: {}, state: null });
  await second.close();
  const written = await lines('purchases.dlq.jsonl');
  expect(written.map((line) => (line as never as Line).dlq_metadata.source.offset)).toEqual([
    42, 44,
  ]);
});

interface Line {
  readonly dlq_metadata: { readonly source: { readonly offset: number } };
}
