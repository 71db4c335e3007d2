import { describe, expect, it } from 'vitest';
import { memoryDeadLetters, memoryLateRecords } from '../../adapters/memory/memory-sinks.ts';
import type { Batch } from '../../columns/batch.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { SourceSplit } from '../../ports/source.ts';
import { featureNode, singleViewPlan } from '../../testing/plan-nodes.ts';
import { type ScriptStep, scriptedSource } from '../../testing/scripted-source.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { JobOutput } from '../job/job-output.ts';
import { SourceTask } from './source-task.ts';

const fields: readonly Field[] = [
  { name: 'user', type: { kind: 'string' }, nullable: false },
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
];
const plan = singleViewPlan({
  fields,
  eventTime: { field: 'ts', outOfOrdernessMs: 0, maxAheadMs: 1e6 },
  key: ['user'],
  features: [
    featureNode('n', {
      fn: 'count',
      window: { kind: 'rolling', sizeMs: 60_000, resolutionMs: null },
    }),
  ],
});
const row = (ts: number): ScriptStep => ({ kind: 'row', row: { user: 'u', ts } });

/** Splits of a script that never ends. */
async function splitsOf(splits: Readonly<Record<string, readonly ScriptStep[]>>) {
  const context = { rowType: { fields }, startAt: new Map() };
  return scriptedSource({ splits, bounded: false }).open(
    context as unknown as Parameters<ReturnType<typeof scriptedSource>['open']>[0],
  );
}

interface Run {
  readonly task: SourceTask;
  /** What the views got: rows as split and event time, watermarks as numbers. */
  readonly seen: (string | number)[];
  readonly refused: readonly RecordError[];
  /** Lets every split be read and everything go to the views. */
  turn(): Promise<void>;
}

function start(splits: readonly SourceSplit[]): Run {
  const clock = virtualClock(0);
  const seen: (string | number)[] = [];
  const letters = memoryDeadLetters();
  const [stream] = plan.streams;
  if (stream === undefined) throw new Error('the plan has no stream');
  const output = new JobOutput({
    sinks: [],
    deadLetters: letters,
    lateRecords: memoryLateRecords(),
    clock,
    hasEpochs: false,
  });
  const task: SourceTask = new SourceTask({
    stream,
    index: 0,
    views: {
      process: (_source: number, batch: Batch) => {
        const times = [...batch.eventTimeMs.subarray(0, batch.rowCount)];
        seen.push(...times.map((ts) => `${task.splitId(batch.split)} ${ts}`));
      },
      advanceWatermark: (_source: number, watermarkMs: number) => void seen.push(watermarkMs),
      advanceIdleTime: () => undefined,
    },
    splits,
    isBounded: false,
    output,
    clock,
    batchRowCount: 10,
    onRead: () => undefined,
    restored: null,
    holdsEnd: false,
  });
  const turn = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      await clock.advance(10);
      task.requestReads(clock.monotonicMs());
      await new Promise((resolve) => setImmediate(resolve));
      task.step();
      await output.drain();
    }
  };
  return { task, seen, refused: letters.letters, turn };
}

describe('a split that appears while others are read', () => {
  it('is read too, holds the watermark until it has rows, and does not lower it', async () => {
    const run = start(await splitsOf({ a: [row(100), row(200)] }));
    await run.turn();
    expect(run.seen).toEqual(['a 100', 'a 200', 200]);
    const [added] = await splitsOf({ b: [row(150), row(300)] });
    run.task.addSplit(added as SourceSplit);
    await run.turn();
    expect(run.seen.slice(3)).toEqual(['b 150', 'b 300']);
    expect(run.task.save().positions).toEqual({
      a: { step: 2, offset: 2 },
      b: { step: 2, offset: 2 },
    });
    expect(run.task.progress().splits.map(({ split }) => split)).toEqual(['a', 'b']);
    expect(run.task.progress().holder?.split).toBe('a');
  });
});

describe('a row that is refused', () => {
  it('is reported with what the split knows of it', async () => {
    const [split] = await splitsOf({ a: [row(100), row(Number.MAX_SAFE_INTEGER)] });
    const origin = { topic: 't', partition: 0, key: null, timestampMs: 7, headers: [] };
    const run = start([{ ...(split as SourceSplit), originOf: () => origin }]);
    await run.turn();
    expect(run.refused).toMatchObject([{ code: 'MR_DATA_TOO_FAR_AHEAD', offset: 1, origin }]);
  });
});

describe('where a split begins', () => {
  it('is kept until the split has been read', async () => {
    const [a, b] = await splitsOf({ a: [row(100)], b: [] });
    const begins = [a, { ...b, position: { offset: 7 } }] as readonly SourceSplit[];
    const run = start(begins);
    expect(run.task.save().positions).toEqual({ b: { offset: 7 } });
    await run.turn();
    expect(run.task.save().positions).toEqual({ a: { step: 1, offset: 1 }, b: { offset: 7 } });
  });
});
