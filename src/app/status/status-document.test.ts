import { expect, it } from 'vitest';
import type { JobProgress } from '../../engine/job/job-spec.ts';
import { noProgress, parseStatus, statusDocument } from './status-document.ts';

const run = {
  job: 'shop-local',
  process: { host: 'one', pid: 7, place: null },
  has_checkpoints: false,
  interval_ms: 2000,
  started_at_ms: 0,
};
const at = { nowMs: 10_000, error: null };

function progress(change: Partial<JobProgress>): JobProgress {
  return { ...noProgress, state: 'running', ...change };
}

it('spends time since the document before, per second', () => {
  const before = progress({ elapsedMs: 4000, waitedMs: 4000, blockedMs: 0 });
  const now = progress({ elapsedMs: 6000, waitedMs: 4500, blockedMs: 1000 });
  expect(statusDocument(run, now, before, at).time).toEqual({
    busy_time_ms_per_second: 250,
    idle_time_ms_per_second: 250,
    back_pressured_time_ms_per_second: 500,
  });
});

it('takes threads of another life of the job for new ones', () => {
  const thread = { subtask: 0, entities: 3, idleMs: 0, backPressuredMs: 0 };
  const before = progress({
    elapsedMs: 1000,
    subtasks: [{ ...thread, recordsIn: 500, busyMs: 900 }],
  });
  const now = progress({
    elapsedMs: 2000,
    subtasks: [{ ...thread, recordsIn: 20, busyMs: 100 }],
  });
  const [subtask] = statusDocument(run, now, before, at).subtasks;
  expect(subtask).toMatchObject({ num_records_in: 20, busy_time_ms_per_second: 100 });
});

it('is read back as it was, with keys as text', () => {
  const hotKeys = [{ views: ['v'], key: { id: 2n ** 60n, name: 'a' }, share: 0.5, subtask: 0 }];
  const split = {
    split: '3',
    state: 'idle',
    recordsIn: 4,
    watermarkMs: 9000,
    offset: 41,
    isWaiting: true,
  } as const;
  const source = { stream: 's', recordsIn: 4, watermarkMs: 9000, watermarkLagMs: 1000 };
  const sources = [{ ...source, holder: { split: '3', sinceMs: 5 }, splits: [split] }];
  const document = statusDocument(run, progress({ hotKeys, sources }), null, at);
  expect(parseStatus(JSON.stringify(document))).toEqual(document);
  expect(document.hot_keys[0]?.key).toEqual({ id: '1152921504606846976', name: 'a' });
  expect(document.sources[0]?.splits[0]).toEqual({
    split: '3',
    state: 'idle',
    num_records_in: 4,
    current_input_watermark: 9000,
    watermark_lag_ms: 1000,
    offset: 41,
    is_waiting: true,
  });
});

it('is nothing when it is no document, or one of another format', () => {
  expect(parseStatus('')).toBeNull();
  expect(parseStatus('null')).toBeNull();
  expect(parseStatus('{"format":2}')).toBeNull();
});
