import { describe, expect, it } from 'vitest';
import {
  memoryDeadLetters,
  memoryLateRecords,
  memoryVectors,
} from '../../adapters/memory/memory-sinks.ts';
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import type { EventTimeNode, Plan } from '../../plan/plan.ts';
import type { Source } from '../../ports/source.ts';
import type { VectorSink } from '../../ports/vector-sink.ts';
import {
  callNode,
  columnNode,
  featureNode,
  literalNode,
  singleViewPlan,
} from '../../testing/plan-nodes.ts';
import { type ScriptStep, scriptedSource } from '../../testing/scripted-source.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { startJob } from './job.ts';
import type { Job, JobSpec } from './job-spec.ts';

const startMs = Date.UTC(2026, 0, 1);
const minute = 60_000;

const user: Field = { name: 'user', type: { kind: 'string' }, nullable: false };
const amount: Field = { name: 'amount', type: { kind: 'int32' }, nullable: true };
const ts: Field = { name: 'ts', type: { kind: 'timestamp' }, nullable: true };

const rolling = { kind: 'rolling', sizeMs: 10 * minute, resolutionMs: null } as const;
const tumbling = {
  kind: 'tumbling',
  sizeMs: minute,
  offsetMs: 0,
  serve: 'complete',
  allowedLatenessMs: 0,
} as const;

interface PlanOptions {
  readonly eventTime?: Partial<EventTimeNode>;
  readonly emit?: 'arrival' | 'watermark';
}

function planOf({ eventTime = {}, emit = 'watermark' }: PlanOptions = {}): Plan {
  return singleViewPlan({
    fields: [user, amount, ts],
    eventTime: { field: 'ts', outOfOrdernessMs: 5000, ...eventTime },
    key: ['user'],
    predicate: callNode('gte', columnNode(amount), literalNode(0, { kind: 'int32' })),
    features: [
      featureNode('sum_10m', { fn: 'sum', input: columnNode(amount), window: rolling }),
      featureNode('count_1m', { fn: 'count', window: tumbling }),
    ],
    emit,
    decayMs: null,
  });
}

const row = (offsetMs: number, name = 'u', value: Value = 1): ScriptStep => ({
  kind: 'row',
  row: { user: name, amount: value, ts: startMs + offsetMs },
});

interface TestJob {
  readonly job: Job;
  readonly vectors: ReturnType<typeof memoryVectors>;
  readonly letters: ReturnType<typeof memoryDeadLetters>;
  readonly late: ReturnType<typeof memoryLateRecords>;
}

function start(plan: Plan, source: Source, options: Partial<JobSpec> = {}): TestJob {
  const vectors = memoryVectors();
  const letters = memoryDeadLetters();
  const late = memoryLateRecords();
  const job = startJob({
    plan,
    sources: new Map([['events', source]]),
    formats: new Map(),
    sinks: [vectors],
    deadLetters: letters,
    lateRecords: late,
    clock: virtualClock(startMs),
    baseDirectory: '.',
    nowMode: 'event',
    ...options,
  });
  return { job, vectors, letters, late };
}

/** Vectors as one line each, in the order of emission. */
function lines({ vectors }: TestJob): string[] {
  return vectors.vectors.map(
    ({ key, asOfMs, seq, values }) =>
      `${Buffer.from(key.subarray(5)).toString()} ${asOfMs - startMs} #${seq} ${shown(values)}`,
  );
}

function shown(values: Readonly<Record<string, Value>>): string {
  return `${String(values['sum_10m'])} ${String(values['count_1m'])}`;
}

/** What clocks say does not matter; waiting lets other promises run. */
const noClock: Clock = {
  nowMs: () => startMs,
  monotonicMs: () => 0,
  sleep: () => Promise.resolve(),
};

/** Time passes by asking for it. */
function fastClock(): Clock {
  let ms = 0;
  return { ...noClock, monotonicMs: () => (ms += 1) };
}

/** Minutes of slightly disordered rows of a few users. */
function history(seed: number, count: number): ScriptStep[] {
  return Array.from({ length: count }, (_, i) => {
    const jitter = ((i * 7919 + seed * 104_729) % 4900) - 4900;
    return row(i * 700 + jitter, `u${(i * 31 + seed) % 5}`, (i * 13) % 50);
  });
}

describe('a job over one bounded split', () => {
  const split = history(1, 400);

  it('gives the same rows for every batch size', async () => {
    const runs = await Promise.all(
      [1, 7, 64, 1000].map(async (batchRowCount) => {
        const run = start(planOf(), scriptedSource({ splits: { a: split } }), { batchRowCount });
        await run.job.done;
        return lines(run);
      }),
    );
    expect(runs[0]?.length).toBeGreaterThan(400);
    for (const run of runs) expect(run).toEqual(runs[0]);
  });

  it('says what it did', async () => {
    const run = start(planOf(), scriptedSource({ splits: { a: split } }));
    const summary = await run.job.done;
    expect(summary).toEqual({
      records_in: 400,
      late_records: 0,
      dead_letters: 0,
      rows_out: run.vectors.vectors.length,
      elapsed_ms: 0,
      events_per_second: 0,
      checkpoints: 0,
      failed_checkpoints: 0,
      restarts: 0,
      restored_checkpoint: null,
      views: { view: { entities: expect.any(Number), updates: run.vectors.vectors.length } },
    });
    expect(run.job.progress()).toMatchObject({ state: 'finished', recordsIn: 400 });
  });

  it('keeps metrics', async () => {
    const metrics = new MetricsRegistry();
    const clock = virtualClock(startMs);
    const source = scriptedSource({ splits: { a: split }, bounded: false });
    const run = start(planOf(), source, { metrics, clock });
    await clock.advance(0);
    await clock.advance(2000);
    await run.job.stop();
    const text = metrics.render();
    expect(text).toContain('millrace_num_records_in_total{operator="events"} 400');
    expect(text).toContain('millrace_idle_time_ms_per_second 1000');
    expect(text).toContain('millrace_busy_time_ms_per_second 0');
  });

  it('computes only the views that were named, and knows their names', async () => {
    const { job } = start(planOf(), scriptedSource({ splits: { a: split } }), { views: [] });
    expect((await job.done).records_in).toBe(0);
    const wrong = start(planOf(), scriptedSource({ splits: {} }), { views: ['veiw'] });
    await expect(wrong.job.done).rejects.toMatchObject({
      code: 'MR_UNKNOWN_VIEW',
      fix: 'did you mean "view"?',
    });
  });

  it('needs a source for every stream', async () => {
    const { job } = start(planOf(), scriptedSource({ splits: {} }), { sources: new Map() });
    await expect(job.done).rejects.toMatchObject({ code: 'MR_CONFIG_UNBOUND_STREAM' });
  });
});

describe('a job over several bounded splits', () => {
  it('gives the same last rows whichever split is the last to end', async () => {
    const near = [row(10_000), row(10 * minute), row(11 * minute + 10_000, 'v')];
    const far = [row(1000, 'w'), row(10 * minute + 50_000, 'w')];
    const late: ScriptStep[] = Array.from({ length: 20 }, () => ({ kind: 'empty' }));
    const runs = [
      { a: near, b: far },
      { a: [...near, ...late], b: far },
      { a: near, b: [...far, ...late] },
    ].map((splits) => start(planOf(), scriptedSource({ splits }), { clock: fastClock() }));
    const results = await Promise.all(
      runs.map(async (run) => {
        await run.job.done;
        return lines(run).sort();
      }),
    );
    expect(results[0]).toContain('u 659999 #2 1 1');
    for (const result of results) expect(result).toEqual(results[0]);
  });

  it('reads them by event time, whatever their order and lengths', async () => {
    const day = 24 * 60 * minute;
    const files = [0, 1, 2].map((d) =>
      Array.from({ length: 50 }, (_, i) => row(d * day + i * 1000)),
    );
    const [a = [], b = [], c = []] = files;
    const run = start(planOf({ emit: 'arrival' }), scriptedSource({ splits: { c, a, b } }), {
      batchRowCount: 8,
    });
    const summary = await run.job.done;
    expect(summary.late_records).toBe(0);
    const times = run.vectors.vectors.map((vector) => vector.asOfMs);
    expect(times).toEqual([...times].sort((x, y) => x - y));
  });

  it('gives the rows of one split that holds all of them', async () => {
    const all = history(1, 600);
    const third = (n: number): ScriptStep[] => all.filter((_, i) => i % 3 === n);
    const splits = { a: third(0), b: third(1), c: third(2) };
    for (const batchRowCount of [1, 10, 1000]) {
      const one = start(planOf(), scriptedSource({ splits: { all } }));
      const three = start(planOf(), scriptedSource({ splits }), { batchRowCount });
      await Promise.all([one.job.done, three.job.done]);
      expect(lines(three).sort()).toEqual(lines(one).sort());
    }
  });

  it('does the same every time', async () => {
    const splits = { a: history(1, 90), b: history(2, 300), c: [], d: history(3, 10) };
    const runs = [0, 1].map(() =>
      start(planOf(), scriptedSource({ splits }), { batchRowCount: 16 }),
    );
    await Promise.all(runs.map((run) => run.job.done));
    expect(lines(runs[0] as TestJob)).toEqual(lines(runs[1] as TestJob));
  });
});

describe('a job over several streams and views', () => {
  const plan = planOf({ emit: 'arrival' });
  const [stream] = plan.streams;
  const [view] = plan.views;
  if (stream === undefined || view === undefined) throw new Error('no stream');
  const scan = { kind: 'scan', stream: 'other' } as const;
  const both: Plan = {
    ...plan,
    streams: [stream, { ...stream, name: 'other', uid: 'other' }],
    views: [
      view,
      { ...view, name: 'all', uid: 'all', from: { kind: 'scan', stream: 'events' } },
      { ...view, name: 'others', uid: 'others', from: scan },
    ],
  };

  it('reads a stream once for all its views; streams do not wait for each other', async () => {
    const sources = new Map([
      ['events', scriptedSource({ splits: { a: [row(0), row(1, 'u', -1), row(2)] } })],
      ['other', scriptedSource({ splits: { b: [row(10 * minute)] } })],
    ]);
    const run = start(both, scriptedSource({ splits: {} }), { sources });
    const { records_in, views } = await run.job.done;
    expect(records_in).toBe(4);
    // The negative amount is filtered out of the first view only. Each view has a firing at the end.
    const { updates = 0 } = views['view'] ?? {};
    expect(views['all']?.updates).toBe(updates + 1);
    expect(views['others']?.updates).toBeGreaterThan(0);
  });

  it('opens only what the chosen views need', async () => {
    const sources = new Map([['other', scriptedSource({ splits: { b: [row(0)] } })]]);
    const run = start(both, scriptedSource({ splits: {} }), { sources, views: ['others'] });
    expect(Object.keys((await run.job.done).views)).toEqual(['others']);
  });
});

describe('records that cannot be taken', () => {
  it('become dead letters; the job goes on', async () => {
    const steps: ScriptStep[] = [
      row(0),
      { kind: 'row', row: { user: 'x', amount: 1, ts: null } },
      {
        kind: 'error',
        error: {
          code: 'MR_DATA_MALFORMED',
          category: 'deserialization',
          message: 'not JSON',
          offset: 0,
          bytes: Buffer.from('{'),
        },
      },
      row(25 * 60 * minute, 'far'),
      row(1000),
    ];
    const plan = planOf({ eventTime: { maxAheadMs: 60 * minute } });
    const run = start(plan, scriptedSource({ splits: { a: steps } }));
    const summary = await run.job.done;
    expect(summary).toMatchObject({ records_in: 5, dead_letters: 3, late_records: 0 });
    const { letters } = run.letters;
    expect(letters.map(({ code, offset }) => `${code} ${offset}`)).toEqual([
      'MR_DATA_MALFORMED 2',
      'MR_DATA_EVENT_TIME 1',
      'MR_DATA_TOO_FAR_AHEAD 3',
    ]);
    expect(letters[0]).toMatchObject({ stream: 'events', split: 'a', operatorUid: 'events' });
    expect(JSON.parse(Buffer.from(letters[1]?.bytes ?? []).toString())).toEqual({
      user: 'x',
      amount: 1,
      ts: null,
    });
    expect(letters[2]?.message).toContain("maxAhead: 'off'");
    // The row of one second later was not late: the far one did not move the watermark.
    expect(run.late.records).toEqual([]);
    expect(lines(run).filter((line) => line.startsWith('u '))).toContain('u 1000 #2 2 0');
  });

  it('may be far ahead where that is wanted', async () => {
    const steps = [row(0), row(25 * 60 * minute), row(1000)];
    const run = start(planOf(), scriptedSource({ splits: { a: steps } }));
    expect(await run.job.done).toMatchObject({ dead_letters: 0, late_records: 1 });
    expect(run.late.records[0]).toMatchObject({ view: 'view', split: 'a', offset: 2 });
  });
});

describe('a live job', () => {
  const live = (steps: Readonly<Record<string, readonly ScriptStep[]>>): Source =>
    scriptedSource({ splits: steps, bounded: false });

  it('waits for a quiet split until it is idle', async () => {
    const clock = virtualClock(startMs);
    const plan = planOf({ eventTime: { idleTimeoutMs: 30_000, outOfOrdernessMs: 0 } });
    const run = start(plan, live({ a: [row(0), row(2 * minute)], b: [] }), { clock });
    await clock.advance(0);
    await clock.advance(29_000);
    expect(lines(run)).toEqual([]);
    expect(run.job.progress().sources[0]).toMatchObject({
      watermarkMs: null,
      holder: { split: 'b' },
    });
    await clock.advance(2000);
    expect(lines(run)).not.toEqual([]);
    expect(run.job.progress().sources[0]).toMatchObject({ watermarkMs: startMs + 2 * minute });
    await run.job.stop();
    expect(run.job.progress().state).toBe('stopped');
  });

  it('lets values shrink by the wall clock while all is idle, but not by the events clock', async () => {
    const counts = await Promise.all(
      (['wall', 'event'] as const).map(async (nowMode) => {
        const clock = virtualClock(startMs);
        const plan = planOf({ eventTime: { idleTimeoutMs: 1000, outOfOrdernessMs: 0 } });
        const run = start(plan, live({ a: [row(0), row(1000)] }), { clock, nowMode });
        await clock.advance(0);
        await clock.advance(2 * minute);
        await run.job.stop();
        return run.vectors.vectors.length;
      }),
    );
    // The window that held data passes with an empty one after it: only the clock can tell.
    expect(counts[0]).toBeGreaterThan(counts[1] ?? 0);
  });

  it('does not let one split run ahead of another by more than the drift', async () => {
    const clock = virtualClock(startMs);
    const plan = planOf({ eventTime: { maxDriftMs: minute, idleTimeoutMs: 60_000 } });
    const fast = Array.from({ length: 100 }, (_, i) => row(i * minute, 'fast'));
    const run = start(plan, live({ fast, slow: [row(0, 'slow')] }), { clock, batchRowCount: 1 });
    await clock.advance(0);
    await clock.advance(1000);
    const [split] = run.job.progress().sources[0]?.splits ?? [];
    expect(split).toMatchObject({ split: 'fast', isWaiting: true });
    expect(split?.recordsIn).toBeLessThan(5);
    await clock.advance(62_000);
    for (let i = 0; i < 20; i++) await clock.advance(10);
    expect(run.job.progress().recordsIn).toBe(101);
    await run.job.stop();
  });

  it('stops in the middle, with all that was taken written and everything closed', async () => {
    const clock = virtualClock(startMs);
    const calls: string[] = [];
    const sink: VectorSink = {
      write: () => void calls.push('write'),
      flush: async () => void calls.push('flush'),
      close: async () => void calls.push('close'),
    };
    const { job } = start(planOf({ emit: 'arrival' }), live({ a: [row(0), row(1)] }), {
      clock,
      sinks: [sink],
    });
    await clock.advance(10);
    await job.stop();
    await job.stop();
    expect(calls).toEqual(['write', 'flush', 'close']);
    expect(await job.done).toMatchObject({ records_in: 2 });
  });

  it('flushes on its interval', async () => {
    const clock = virtualClock(startMs);
    let flushes = 0;
    const sink: VectorSink = {
      write: () => undefined,
      flush: async () => {
        flushes += 1;
      },
      close: async () => undefined,
    };
    const steps = live({ a: [row(0), { kind: 'empty' }, row(1)] });
    const { job } = start(planOf({ emit: 'arrival' }), steps, { clock, sinks: [sink] });
    await clock.advance(0);
    await clock.advance(5000);
    expect(flushes).toBe(1);
    await job.stop();
  });
});

describe('a failing neighbour', () => {
  const full = new MillraceError('MR_STORE_FULL', 'the store is full');

  it('stops the job with its own error, after everything was closed', async () => {
    let closed = 0;
    const failing: VectorSink = {
      write: () => Promise.reject(full),
      flush: async () => undefined,
      close: async () => {
        closed += 1;
      },
    };
    const run = start(planOf({ emit: 'arrival' }), scriptedSource({ splits: { a: [row(0)] } }), {
      sinks: [failing, failing],
    });
    await expect(run.job.done).rejects.toBe(full);
    expect(closed).toBe(2);
    expect(run.job.progress().state).toBe('failed');
    expect(run.job.summary().records_in).toBe(1);
  });

  it('is named when it is a source', async () => {
    const error = new MillraceError('MR_FILE_ACCESS', 'gone');
    const splits = { a: [row(0), { kind: 'throw', error } as const] };
    const run = start(planOf(), scriptedSource({ splits }));
    await expect(run.job.done).rejects.toBe(error);
  });

  it('is waited for: no more is read than what a slow sink has taken', async () => {
    const reads: number[] = [];
    let release = (): void => undefined;
    const slow: VectorSink = {
      write: () =>
        new Promise((resolve) => {
          release = resolve;
        }),
      flush: async () => undefined,
      close: async () => undefined,
    };
    const inner = scriptedSource({ splits: { a: history(1, 100) } });
    const counting: Source = {
      ...inner,
      open: async (context) =>
        (await inner.open(context)).map((split) => ({
          id: split.id,
          close: () => split.close(),
          next: (rowCountMax) => {
            reads.push(rowCountMax);
            return split.next(rowCountMax);
          },
        })),
    };
    const { job } = start(planOf({ emit: 'arrival' }), counting, {
      sinks: [slow],
      batchRowCount: 10,
      clock: noClock,
    });
    for (let i = 0; i < 50; i++) await Promise.resolve();
    expect(reads.length).toBe(2);
    expect(job.progress().recordsIn).toBe(10);
    const draining = (async () => {
      for (;;) {
        release();
        await new Promise((resolve) => setImmediate(resolve));
        if (job.progress().state === 'finished') return;
      }
    })();
    await Promise.all([job.done, draining]);
    expect(job.progress().recordsIn).toBe(100);
  });
});
