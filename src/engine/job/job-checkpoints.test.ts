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
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { Plan } from '../../plan/plan.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';
import type { EpochSink } from '../../ports/epoch-sink.ts';
import type { Source, SourceSplit } from '../../ports/source.ts';
import { EpochVectors } from '../../testing/epoch-vectors.ts';
import {
  callNode,
  columnNode,
  featureNode,
  literalNode,
  singleViewPlan,
} from '../../testing/plan-nodes.ts';
import { type ScriptStep, scriptedSource } from '../../testing/scripted-source.ts';
import type { TriggerOptions } from '../checkpoint/decide-trigger.ts';
import { openCheckpointStore } from '../checkpoint/checkpoint-store.ts';
import { startJob } from './job.ts';
import type { Job, JobSpec, JobSummary } from './job-spec.ts';

const startMs = Date.UTC(2026, 0, 1);
const minute = 60_000;

const user: Field = { name: 'user', type: { kind: 'string' }, nullable: false };
const amount: Field = { name: 'amount', type: { kind: 'int32' }, nullable: true };
const ts: Field = { name: 'ts', type: { kind: 'timestamp' }, nullable: false };

function planOf(emit: 'arrival' | 'watermark' = 'watermark'): Plan {
  const tumbling = { kind: 'tumbling', sizeMs: minute, offsetMs: 0 } as const;
  return singleViewPlan({
    fields: [user, amount, ts],
    eventTime: { field: 'ts', outOfOrdernessMs: 5000 },
    key: ['user'],
    predicate: callNode('gte', columnNode(amount), literalNode(0, { kind: 'int32' })),
    features: [
      featureNode('sum_10m', {
        fn: 'sum',
        input: columnNode(amount),
        window: { kind: 'rolling', sizeMs: 10 * minute, resolutionMs: null },
      }),
      featureNode('count_1m', {
        fn: 'count',
        window: { ...tumbling, serve: 'complete', allowedLatenessMs: 0 },
      }),
    ],
    emit,
    decayMs: 30_000,
  });
}

const bad: RecordError = {
  code: 'MR_DATA_MALFORMED',
  category: 'deserialization',
  message: 'no record',
  offset: 0,
  bytes: new Uint8Array(0),
};

/** Minutes of slightly disordered rows of a few users, a bad one now and then. */
function history(seed: number, count: number, first = 0): ScriptStep[] {
  return Array.from({ length: count }, (_, at) => {
    const i = first + at;
    if (i % 83 === 11) return { kind: 'error', error: bad };
    const time = startMs + i * 700 + (((i * 7919 + seed * 104_729) % 4900) - 4900);
    const row = { user: `u${(i * 31 + seed) % 9}`, amount: (i * 13) % 50, ts: time };
    return { kind: 'row', row };
  });
}

/** A millisecond passes with every look at it. */
function busyClock(): Clock {
  let now = 0;
  return {
    nowMs: () => startMs + now,
    monotonicMs: () => (now += 1),
    sleep: (ms) => {
      now += ms;
      return new Promise((resolve) => void setImmediate(resolve));
    },
    turn: () => new Promise((resolve) => void setImmediate(resolve)),
  };
}

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-job-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** What outlives the processes of a test. */
class Outside {
  readonly log = new EpochVectors();
  readonly reports: string[] = [];
}

type Life = Partial<Omit<JobSpec, 'checkpoints'>> & {
  readonly storage?: (storage: CheckpointStorage) => CheckpointStorage;
  readonly limits?: Partial<TriggerOptions>;
  readonly source: Source;
  readonly intervalMs?: number;
  readonly during?: (job: Job) => Promise<void>;
};

/** One process: runs the job to its end or failure. */
async function live(outside: Outside, life: Life): Promise<JobSummary> {
  const { source, intervalMs = 40, during, limits, storage = (s) => s, ...spec } = life;
  const clock = busyClock();
  const store = await openCheckpointStore({
    storage: storage(localCheckpointStorage(join(directory, 'checkpoints'))),
    job: 'test',
    clock,
  });
  try {
    const job = startJob({
      plan: planOf(),
      sources: new Map([['events', source]]),
      formats: new Map(),
      sinks: [outside.log.sink()],
      deadLetters: memoryDeadLetters(),
      lateRecords: memoryLateRecords(),
      clock,
      baseDirectory: '.',
      nowMode: 'event',
      batchRowCount: 7,
      state: {
        files: fileStateFiles(join(directory, 'state')),
        threads: threadStateFiles(join(directory, 'state')),
        memoryBytesMax: null,
      },
      checkpoints: {
        store,
        intervalMs,
        minPauseMs: 0,
        timeoutMs: 1e9,
        failuresTolerated: 0,
        ...limits,
        report: (message) => outside.reports.push(message),
      },
      ...spec,
    });
    job.done.catch(() => undefined);
    await during?.(job);
    return await job.done;
  } finally {
    await store.close();
  }
}

const crash = new MillraceError('MR_CHECKPOINT_STORAGE', 'killed by the test');

/** The same source, which fails at the given reads (counted over all opened splits). */
function failingAt(source: Source, reads: readonly number[]): Source {
  let count = 0;
  const failing = (split: SourceSplit): SourceSplit => ({
    id: split.id,
    next: (rowCountMax) => {
      count += 1;
      return reads.includes(count) ? Promise.reject(crash) : split.next(rowCountMax);
    },
    close: () => split.close(),
  });
  return { ...source, open: async (context) => (await source.open(context)).map(failing) };
}

/** The rows of a run that nothing disturbs. */
async function undisturbed(spec: Omit<Life, 'intervalMs'>): Promise<readonly string[]> {
  const outside = new Outside();
  await live(outside, { ...spec, intervalMs: 1e9 });
  rmSync(directory, { recursive: true, force: true });
  return outside.log.rows.toSorted();
}

const split = history(1, 400);
const twoSplits = { a: history(1, 300), b: history(2, 300) };

describe('a job that is killed and started again', () => {
  for (const [batchRowCount, reads] of [
    [1, 401],
    [7, 58],
    [1000, 2],
  ] as const) {
    it(`logs the same rows, in batches of ${batchRowCount}, wherever it dies`, async () => {
      const source = scriptedSource({ splits: { a: split } });
      const expected = await undisturbed({ source, batchRowCount });
      expect(expected.length).toBeGreaterThan(400);
      const step = Math.max(1, Math.floor(reads / 6));
      const intervalMs = batchRowCount === 1 ? 400 : 40;
      for (let at = 1; at <= reads; at += step) {
        const outside = new Outside();
        const dying = live(outside, { source: failingAt(source, [at]), batchRowCount, intervalMs });
        await expect(dying).rejects.toBe(crash);
        const summary = await live(outside, { source, batchRowCount, intervalMs });
        expect(outside.log.rows.toSorted()).toEqual(expected);
        expect(summary.restored_checkpoint).not.toBeNull();
        expect(outside.log.problems).toEqual([]);
        rmSync(directory, { recursive: true, force: true });
      }
    }, 60_000);
  }

  it('also with several splits, again and again, and at another parallelism', async () => {
    const source = scriptedSource({ splits: twoSplits });
    const expected = await undisturbed({ source });
    const outside = new Outside();
    for (const parallelism of [1, 2, 1]) {
      const dying = live(outside, { source: failingAt(source, [30]), parallelism });
      await expect(dying).rejects.toBe(crash);
    }
    await live(outside, { source });
    expect(outside.log.rows.toSorted()).toEqual(expected);
  });

  it('goes on by itself after a failure that may pass', async () => {
    const source = scriptedSource({ splits: { a: split } });
    const expected = await undisturbed({ source });
    const outside = new Outside();
    const states = new Set<string>();
    const summary = await live(outside, {
      source: failingAt(source, [20, 45, 46]),
      restart: { kind: 'fixedDelay', delayMs: 10, attempts: 2 },
      onProgress: ({ state, restarts }) => states.add(`${state} ${restarts.last?.reason ?? ''}`),
      progressIntervalMs: 1,
    });
    expect(outside.log.rows.toSorted()).toEqual(expected);
    expect(summary).toMatchObject({ restarts: 3, records_in: 400, rows_out: expected.length });
    expect(states).toContain('running MR_CHECKPOINT_STORAGE: killed by the test');
  });

  it('stops when the failure stays, and does not go on after one of definitions', async () => {
    const source = scriptedSource({ splits: { a: split } });
    const restart = { kind: 'fixedDelay', delayMs: 10, attempts: 2 } as const;
    const outside = new Outside();
    const always = failingAt(
      source,
      Array.from({ length: 99 }, (_, i) => 20 + i),
    );
    await expect(live(outside, { source: always, restart })).rejects.toBe(crash);
    const wrong = new MillraceError('MR_SOURCE_POSITION', 'the file is gone');
    let opened = 0;
    const closed: Source = {
      ...source,
      open: () => {
        opened += 1;
        return Promise.reject(wrong);
      },
    };
    await expect(live(outside, { source: closed, restart })).rejects.toBe(wrong);
    expect(opened).toBe(1);
  });
});

/** Storage in which some uploads of files fail, or take long. */
function badStorage(isBad: (upload: number) => boolean, harm: () => Promise<void>) {
  let uploads = 0;
  return (storage: CheckpointStorage): CheckpointStorage => ({
    description: storage.description,
    list: (prefix) => storage.list(prefix),
    read: (name) => storage.read(name),
    write: (name, bytes, condition) => storage.write(name, bytes, condition),
    readTo: (name, path) => storage.readTo(name, path),
    copy: (from, to) => storage.copy(from, to),
    remove: (names) => storage.remove(names),
    writeFrom: async (name, path) => {
      uploads += 1;
      if (isBad(uploads)) await harm();
      await storage.writeFrom(name, path);
    },
  });
}

describe('checkpoints that fail', () => {
  const source = scriptedSource({ splits: { a: split } });
  const fail = (): Promise<void> => Promise.reject(crash);

  it('are counted, and what they held counts with the next one', async () => {
    const expected = await undisturbed({ source });
    const outside = new Outside();
    const storage = badStorage((upload) => upload >= 4 && upload < 8, fail);
    const limits = { failuresTolerated: 9 };
    const summary = await live(outside, { source, storage, limits });
    expect(summary.failed_checkpoints).toBeGreaterThan(0);
    expect(summary.checkpoints).toBeGreaterThan(2);
    expect(outside.log.rows.toSorted()).toEqual(expected);
  });

  it('send the job back when there are too many, and end it when that does not help', async () => {
    const expected = await undisturbed({ source });
    const outside = new Outside();
    const storage = badStorage((upload) => upload >= 4 && upload < 8, fail);
    const restart = { kind: 'fixedDelay', delayMs: 1, attempts: 9 } as const;
    const summary = await live(outside, { source, storage, restart });
    expect(summary.restarts).toBeGreaterThan(0);
    expect(outside.log.rows.toSorted()).toEqual(expected);
    const never = badStorage((upload) => upload >= 4, fail);
    rmSync(directory, { recursive: true, force: true });
    await expect(live(new Outside(), { source, storage: never, restart })).rejects.toThrow(
      /killed by the test|checkpoints in a row failed/,
    );
  });

  it('are given up when they take too long', async () => {
    const expected = await undisturbed({ source });
    const outside = new Outside();
    let hold = (): void => undefined;
    const slow = (): Promise<void> =>
      new Promise((resolve) => {
        hold = resolve;
      });
    const storage = badStorage((upload) => upload === 4, slow);
    const summary = await live(outside, {
      source,
      storage,
      limits: { timeoutMs: 100, failuresTolerated: 9 },
      onProgress: ({ checkpoints }) => checkpoints.failed > 0 && hold(),
      progressIntervalMs: 1,
    });
    // Those behind it may be given up too: this clock moves with every look at it.
    expect(summary.failed_checkpoints).toBeGreaterThan(0);
    expect(outside.log.rows.toSorted()).toEqual(expected);
  });

  it('because of a sink send the job back at once', async () => {
    const expected = await undisturbed({ source });
    const outside = new Outside();
    const sink = outside.log.sink();
    let prepares = 0;
    const prepare: EpochSink['prepare'] = (...call) => {
      prepares += 1;
      return prepares === 4 ? Promise.reject(crash) : (sink.epochs as EpochSink).prepare(...call);
    };
    const failing = { ...sink, epochs: { ...(sink.epochs as EpochSink), prepare } };
    const restart = { kind: 'fixedDelay', delayMs: 1, attempts: 1 } as const;
    const limits = { failuresTolerated: 9 };
    const summary = await live(outside, { source, sinks: [failing], restart, limits });
    expect(summary.restarts).toBe(1);
    expect(outside.log.rows.toSorted()).toEqual(expected);
  });
});

describe('what is told', () => {
  it('metrics by the names of the field', async () => {
    const metrics = new MetricsRegistry();
    const source = failingAt(scriptedSource({ splits: { a: split } }), [30]);
    const restart = { kind: 'fixedDelay', delayMs: 1, attempts: 1 } as const;
    await live(new Outside(), { source, metrics, restart });
    const text = metrics.render();
    expect(text).toMatch(/^millrace_num_restarts_total 1$/m);
    expect(text).toMatch(/^millrace_number_of_failed_checkpoints_total 0$/m);
    for (const name of ['duration_ms', 'pause_ms', 'size_bytes', 'full_size_bytes']) {
      expect(text).toMatch(new RegExp(`^millrace_last_checkpoint_${name} \\d`, 'm'));
    }
  });
});

describe('bounded input', () => {
  it('adds nothing when it is run again, and goes on when there is more', async () => {
    const grown = [...split, ...history(1, 200, 400)];
    const expected = await undisturbed({ source: scriptedSource({ splits: { a: grown } }) });
    const outside = new Outside();
    await live(outside, { source: scriptedSource({ splits: { a: split } }) });
    const before = outside.log.rows;
    const again = await live(outside, { source: scriptedSource({ splits: { a: split } }) });
    expect(outside.log.rows).toEqual(before);
    expect(again).toMatchObject({ records_in: 0, rows_out: 0, checkpoints: 0 });
    const more = await live(outside, { source: scriptedSource({ splits: { a: grown } }) });
    expect(more.records_in).toBe(200);
    expect(outside.log.rows.toSorted()).toEqual(expected);
  });

  it('takes a checkpoint when asked, and a last one when stopped', async () => {
    const source = scriptedSource({ splits: { a: split }, bounded: false });
    const outside = new Outside();
    const summary = await live(outside, {
      source,
      intervalMs: 1e9,
      during: async (job) => {
        const manifest = await job.checkpoint();
        expect(manifest.id).toBe(2);
        while (job.progress().recordsIn < 400) await new Promise((r) => void setImmediate(r));
        await job.stop();
      },
    });
    expect(summary.checkpoints).toBe(3);
    const bounded = scriptedSource({ splits: { a: split } });
    await live(outside, { source: bounded });
    const rows = outside.log.rows.toSorted();
    rmSync(directory, { recursive: true, force: true });
    expect(rows).toEqual(await undisturbed({ source: bounded }));
  });
});
