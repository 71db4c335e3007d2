import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localCheckpointStorage } from '../../adapters/file/checkpoint/local-checkpoint-storage.ts';
import { fileStateFiles } from '../../adapters/file/state/state-files.ts';
import { threadStateFiles } from '../../adapters/file/state/thread-state-files.ts';
import { memoryDeadLetters, memoryLateRecords } from '../../adapters/memory/memory-sinks.ts';
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { VectorSink } from '../../ports/vector-sink.ts';
import { EpochVectors } from '../../testing/epoch-vectors.ts';
import { columnNode, featureNode, singleViewPlan } from '../../testing/plan-nodes.ts';
import { type ScriptStep, scriptedSource } from '../../testing/scripted-source.ts';
import { type CutCommit, TransactionVectors } from '../../testing/transaction-vectors.ts';
import { openCheckpointStore } from '../checkpoint/checkpoint-store.ts';
import { startJob } from './job.ts';
import type { JobCheckpointOptions, JobSpec, JobSummary } from './job-spec.ts';

const user: Field = { name: 'user', type: { kind: 'string' }, nullable: false };
const amount: Field = { name: 'amount', type: { kind: 'int32' }, nullable: true };
const ts: Field = { name: 'ts', type: { kind: 'timestamp' }, nullable: false };
const window = { kind: 'rolling', sizeMs: 600_000, resolutionMs: null } as const;
const plan = singleViewPlan({
  fields: [user, amount, ts],
  eventTime: { field: 'ts', outOfOrdernessMs: 0 },
  key: ['user'],
  features: [featureNode('sum_10m', { fn: 'sum', input: columnNode(amount), window })],
  emit: 'arrival',
});
const cutOff = new MillraceError('MR_CHECKPOINT_STORAGE', 'cut off by the test');
/** Pauses give checkpoints time. */
const rows = Array.from({ length: 400 }, (_, i): ScriptStep => {
  if (i % 10 === 9) return { kind: 'empty' };
  return { kind: 'row', row: { user: `u${i % 7}`, amount: i, ts: Date.UTC(2026, 0, 1) + i * 700 } };
});

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-authority-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A millisecond passes with every look at it. */
function busyClock(): Clock {
  let now = 0;
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  return { nowMs: () => now, monotonicMs: () => (now += 1), sleep: turn, turn };
}

interface Life extends Partial<Pick<JobSpec, 'restart'>> {
  readonly sinks: readonly VectorSink[];
  readonly named?: JobCheckpointOptions['named'];
}

/** One process: runs the job to its end or failure. */
async function live({ sinks, named, ...spec }: Life): Promise<JobSummary> {
  const clock = busyClock();
  const storage = localCheckpointStorage(join(directory, 'checkpoints'));
  const store = await openCheckpointStore({ storage, job: 'test', clock });
  const files = fileStateFiles(join(directory, 'state'));
  const threads = threadStateFiles(join(directory, 'state'));
  const limits = { intervalMs: 10, minPauseMs: 0, timeoutMs: 1e9, failuresTolerated: 0 };
  try {
    const job = startJob({
      plan,
      sources: new Map([['events', scriptedSource({ splits: { a: rows } })]]),
      formats: new Map(),
      sinks,
      deadLetters: memoryDeadLetters(),
      lateRecords: memoryLateRecords(),
      clock,
      baseDirectory: '.',
      nowMode: 'event',
      batchRowCount: 7,
      state: { files, threads, memoryBytesMax: null },
      checkpoints: { store, ...limits, ...(named === undefined ? {} : { named }) },
      ...spec,
    });
    return await job.done;
  } finally {
    await store.close();
  }
}

async function undisturbed(): Promise<readonly string[]> {
  const outside = new TransactionVectors();
  await live({ sinks: [outside.sink()] });
  rmSync(directory, { recursive: true, force: true });
  return outside.rows;
}

function cut(commit: number, when: CutCommit['when']): CutCommit {
  return { commit, when, error: cutOff };
}

describe('a job with a sink that decides which checkpoint counts', () => {
  for (const when of ['before', 'after'] as const) {
    for (const commit of [1, 2, 4]) {
      it(`gives each row once when it dies ${when} commit ${commit} counts`, async () => {
        const expected = await undisturbed();
        const outside = new TransactionVectors([cut(commit, when)]);
        const log = new EpochVectors();
        const dying = live({ sinks: [outside.sink(), log.sink()] });
        await expect(dying).rejects.toBe(cutOff);
        // Nobody shows what the one that decides did not take in.
        expect(log.rows.length).toBeLessThanOrEqual(outside.rows.length);
        const summary = await live({ sinks: [log.sink(), outside.sink()] });
        expect(outside.rows).toEqual(expected);
        expect(log.rows).toEqual(expected);
        expect(summary.restored_checkpoint).toBe(
          when === 'after' ? commit : commit === 1 ? null : commit - 1,
        );
        expect(outside.positions).toBe(1);
      });
    }
  }

  it('also when it goes on by itself', async () => {
    const expected = await undisturbed();
    const outside = new TransactionVectors([cut(2, 'before'), cut(4, 'after'), cut(5, 'before')]);
    const restart = { kind: 'fixedDelay', delayMs: 1, attempts: 9 } as const;
    const summary = await live({ sinks: [outside.sink()], restart });
    expect(outside.rows).toEqual(expected);
    expect(summary.restarts).toBe(3);
  });

  it('stops when that checkpoint is not there, whatever the reason', async () => {
    const outside = new TransactionVectors([cut(3, 'after')]);
    await expect(live({ sinks: [outside.sink()] })).rejects.toBe(cutOff);
    outside.committedId = 99;
    await expect(live({ sinks: [outside.sink()] })).rejects.toThrow(/ends with checkpoint 99/);
    outside.committedId = null;
    await expect(live({ sinks: [outside.sink()] })).rejects.toThrow(/has gone/);
    outside.problem = 'its offsets were moved';
    await expect(live({ sinks: [outside.sink()] })).rejects.toThrow(/its offsets were moved/);
  });

  it('goes on from an older one when duplicates are accepted, and knows it afterwards', async () => {
    const expected = await undisturbed();
    const outside = new TransactionVectors([cut(3, 'after'), cut(4, 'before')]);
    await expect(live({ sinks: [outside.sink()] })).rejects.toBe(cutOff);
    rmSync(join(directory, 'checkpoints/test/manifests/000000000003.json'));
    const hadCommitted = (): boolean => true;
    const named = { sink: 'transactions', id: 3, hadCommitted, acceptsDuplicates: true };
    await expect(live({ sinks: [outside.sink()], named })).rejects.toBe(cutOff);
    expect(outside.committedId).toBe(2);
    await live({ sinks: [outside.sink()] });
    const [older = 0, newer = 0] = [2, 3].map((id) => outside.lengths.get(id));
    expect(newer).toBeGreaterThan(older);
    expect(outside.rows).toEqual([...expected.slice(0, newer), ...expected.slice(older)]);
  });

  it('cannot have two of them', () => {
    const other = new TransactionVectors().sink();
    const renamed = { ...other, epochs: { ...other.epochs, name: 'other' } } as VectorSink;
    const sinks = [new TransactionVectors().sink(), renamed];
    return expect(live({ sinks })).rejects.toThrow(/two sinks decide/);
  });
});
