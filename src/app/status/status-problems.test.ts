import { expect, it } from 'vitest';
import type { JobProgress } from '../../engine/job/job-spec.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { judgeStatus } from './judge-status.ts';
import { noProgress, statusDocument } from './status-document.ts';
import { statusProblems } from './status-problems.ts';

const nowMs = Date.UTC(2026, 0, 5);
const process = { host: 'one', pid: 7, place: 'p' };

interface Case {
  readonly error?: unknown;
  readonly isAlive?: boolean;
  readonly hasCheckpoints?: boolean;
}

function problemsOf(progress: Partial<JobProgress>, of: Case = {}): readonly string[] {
  const { error = null, isAlive = true, hasCheckpoints = true } = of;
  const run = {
    job: 'shop-local',
    process,
    has_checkpoints: hasCheckpoints,
    interval_ms: 2000,
    started_at_ms: nowMs - 60_000,
  };
  const now: JobProgress = { ...noProgress, state: 'running', elapsedMs: 1000, ...progress };
  const document = statusDocument(run, now, null, { nowMs: nowMs - 2000, error });
  const self = { host: 'one', place: 'p', isAlive: () => isAlive };
  const verdict = judgeStatus({ document, lease: null, self, nowMs });
  return statusProblems(verdict, document, nowMs).map(
    ({ level, message, fix }) => `${level}: ${message} → ${fix}`,
  );
}

const subtask = { entities: 1, busyMs: 900, idleMs: 100, backPressuredMs: 0 };

it('says nothing of a job that runs well', () => {
  const even = [
    { ...subtask, subtask: 0, recordsIn: 10_000 },
    { ...subtask, subtask: 1, recordsIn: 9000 },
  ];
  expect(problemsOf({ subtasks: even, blockedMs: 400 })).toEqual([]);
  expect(problemsOf({ state: 'stopped' }, { isAlive: false })).toEqual([]);
});

it('says that a process is gone, and where the job goes on', () => {
  const last = { id: 12, atMs: nowMs, durationMs: 1, pauseMs: 1, bytes: 1, fullBytes: 1 };
  const checkpoints = { ...noProgress.checkpoints, completed: 3, last };
  const gone = 'critical: not running: process 7 on one is gone, 2s after it was last heard from';
  expect(problemsOf({ checkpoints, blockedMs: 900 }, { isAlive: false })).toEqual([
    `${gone} → killed, out of memory (dmesg), or the machine was restarted: start the job again; it goes on from checkpoint 12 or a later one`,
  ]);
  expect(problemsOf({}, { isAlive: false, hasCheckpoints: false })[0]).toContain(
    'it takes no checkpoints and begins anew',
  );
});

it('says what a job failed with, and its fix', () => {
  const error = new MillraceError('MR_WORKER_MEMORY', 'a thread is full', { fix: 'give it more' });
  expect(problemsOf({}, { error })).toEqual([
    'critical: failed with MR_WORKER_MEMORY: a thread is full → give it more',
  ]);
  expect(problemsOf({}, { error: new Error('oh') })[0]).toMatch(
    /^critical: failed with MR_INTERNAL/,
  );
});

it('says that the breaker has paused the job, and why', () => {
  const failing = {
    stream: 'purchases',
    failed: 501,
    records: 600,
    isAlerting: true,
    isBroken: true,
    code: 'MR_DATA_TYPE',
    message: '"amount" is 1.5',
  } as const;
  expect(problemsOf({ state: 'paused', failures: [failing] })).toEqual([
    'critical: paused by the dead-letter breaker: 501 of the last 600 records of "purchases" failed, ' +
      'the newest with MR_DATA_TYPE: "amount" is 1.5; no more input is taken → millrace dlq ls; ' +
      'correct the definition or the producer and start the job again, or raise deadLetters.breaker',
  ]);
  const judgedAgain = { ...failing, isBroken: false, isAlerting: false };
  expect(problemsOf({ state: 'paused', failures: [judgedAgain] })).toHaveLength(1);
  const alerting = { ...failing, isBroken: false };
  expect(problemsOf({ failures: [alerting] })[0]).toMatch(/^warning: 501 of the last 600 records/);
});

it('says why it restarted, while that is news', () => {
  const last = { reason: 'MR_WORKER_LOST: a thread has ended', atMs: nowMs - 60_000 };
  expect(problemsOf({ restarts: { count: 2, last } })).toEqual([
    'warning: restarted 2 times, last 1m ago: MR_WORKER_LOST: a thread has ended → it went back to ' +
      'its last checkpoint by itself; if it goes on: docs/errors.md, MR_WORKER_LOST',
  ]);
  const old = { ...last, atMs: nowMs - 700_000 };
  expect(problemsOf({ restarts: { count: 2, last: old } })).toEqual([]);
  expect(problemsOf({ state: 'restarting', restarts: { count: 2, last: old } })).toHaveLength(1);
});

it('says that checkpoints fail', () => {
  const checkpoints = { ...noProgress.checkpoints, failed: 2, failure: 'the disk is full' };
  expect(problemsOf({ checkpoints })[0]).toContain(
    'the newest checkpoint failed (2 in all, none was completed yet): the disk is full',
  );
});

it('says where it is held up', () => {
  expect(problemsOf({ blockedMs: 900 })[0]).toContain(
    'sinks are slower than the input: it waits for them 90 % of the time',
  );
  const waiting = { ...subtask, subtask: 1, recordsIn: 1, backPressuredMs: 700 };
  expect(problemsOf({ subtasks: [waiting] })[0]).toContain(
    'results of worker threads wait to be taken (1), 70 % of the time',
  );
});

it('says which key makes one thread busy', () => {
  const subtasks = [100, 20_000, 200, 300].map((recordsIn, i) => ({
    ...subtask,
    subtask: i,
    recordsIn,
  }));
  const hotKeys = [{ views: ['spend'], key: { user_id: 5n }, share: 0.93, subtask: 1 }];
  expect(problemsOf({ subtasks, hotKeys })[0]).toContain(
    'worker thread 1 gets 3.9 times its share of the records; user_id=5 alone is 93 % of the records',
  );
});

it('says which views are served later than they promise, and that time has gone back', () => {
  const run = {
    job: 'shop-local',
    process,
    has_checkpoints: false,
    interval_ms: 2000,
    started_at_ms: nowMs - 60_000,
  };
  const now: JobProgress = { ...noProgress, state: 'running', elapsedMs: 1000 };
  const view = {
    view: 'spend',
    promise_ms: 5000,
    target: 0.999,
    feature_freshness_slo_ratio: 0.9984,
    window_ms: 300_000,
    rows: 5000,
    event_to_servable_p50_ms: 100,
    event_to_servable_p99_ms: 7500,
  };
  const document = {
    ...statusDocument(run, now, null, { nowMs: nowMs - 2000, error: null }),
    clock: { millrace_clock_went_back_ms: 60_000, message: 'time has gone back by 1m' },
    freshness: [
      view,
      { ...view, view: 'few', rows: 10 },
      { ...view, view: 'well', feature_freshness_slo_ratio: 0.999 },
      { ...view, view: 'free', promise_ms: null, feature_freshness_slo_ratio: null },
    ],
  };
  const self = { host: 'one', place: 'p', isAlive: () => true };
  const verdict = judgeStatus({ document, lease: null, self, nowMs });
  const problems = statusProblems(verdict, document, nowMs);
  expect(problems.map(({ level, about, message }) => [level, about, message])).toEqual([
    ['warning', 'clock', 'time has gone back by 1m'],
    [
      'warning',
      'freshness',
      'spend: 99.84 % of rows were servable within 5s over the last 5m, and 99.9 % are to be (p99 7s500ms)',
    ],
  ]);
});

it('says of which views values are null, and by which function', () => {
  const view = {
    ...{ entities: 1, updates: 9, lateRecords: 0, failedRecords: 0, stateBytes: 0, firedTimers: 2 },
    failedValues: 3,
    lastFailure: 'feature "spread": result of spread threw: no prices',
  };
  expect(problemsOf({ views: { market: view } })).toEqual([
    'warning: market: 3 values are null, the newest by feature "spread": result of spread threw: ' +
      'no prices → correct the function and start the job again; a window that has failed stays null ' +
      'until it has passed',
  ]);
  expect(
    problemsOf({ views: { market: { ...view, failedValues: 0, lastFailure: null } } }),
  ).toEqual([]);
});
