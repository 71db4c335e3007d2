// What is wrong with a job and what to do about it, the worst first. Pure. While nobody is at work
// for the job only that is said; the rest is about jobs that run.
import { describeFailures } from '../../engine/job/failure-breaker.ts';
import { formatDuration } from '../../kernel/duration.ts';
import { isLive, type StatusVerdict } from './judge-status.ts';
import type { FailingStream, StatusDocument, SubtaskStatus } from './status-document.ts';

/** Something about a job that somebody should look at. */
export interface StatusProblem {
  /** `critical`: the job does not do its work. */
  readonly level: 'critical' | 'warning';
  readonly about:
    | 'process'
    | 'failure'
    | 'dead letters'
    | 'aggregates'
    | 'restarts'
    | 'checkpoints'
    | 'back-pressure'
    | 'skew'
    | 'freshness'
    | 'clock'
    | 'flink';
  readonly message: string;
  /** What to do. */
  readonly fix: string;
}

/** A restart is news for so long. */
const restartNewsMs = 600_000;
/** Of each second, as in Flink's "high" back-pressure. */
const backPressureMs = 500;
/** A thread with so many times the mean of records, from so many records on. */
const skewFactor = 2;
const skewRecordsMin = 10_000;

export function statusProblems(
  verdict: StatusVerdict,
  document: StatusDocument | null,
  nowMs: number,
): readonly StatusProblem[] {
  const critical = [...processProblems(verdict, document), ...endProblems(verdict, document)];
  if (document === null || !isLive(verdict)) return critical;
  return [
    ...critical,
    ...letterProblems(verdict, document),
    ...valueProblems(document),
    ...restartProblems(document, nowMs),
    ...checkpointProblems(document, nowMs),
    ...pressureProblems(document),
    ...skewProblems(document),
    ...clockProblems(document),
    ...freshnessProblems(document),
  ];
}

function processProblems(
  { state, process, silentMs, isAlive }: StatusVerdict,
  document: StatusDocument | null,
): readonly StatusProblem[] {
  if (process === null) return [];
  const who = `process ${process.pid} on ${process.host}`;
  if (state === 'not running') {
    const message = `not running: ${who} is gone, ${ago(silentMs)} after it was last heard from`;
    return [{ level: 'critical', about: 'process', message, fix: startAgain(document) }];
  }
  if (state !== 'not responding') return [];
  const message = `${who} has not been heard from for ${ago(silentMs)}`;
  const fix =
    isAlive === true
      ? 'see whether it is stopped, swapping, or waits for a disk that is full; stop it and start the job again'
      : 'see on that machine whether it runs; start the job again if it does not';
  return [{ level: 'critical', about: 'process', message, fix }];
}

function startAgain(document: StatusDocument | null): string {
  const why = 'killed, out of memory (dmesg), or the machine was restarted: start the job again';
  if (document?.has_checkpoints === false) return `${why}; it takes no checkpoints and begins anew`;
  const id = document?.checkpoints.last?.id ?? document?.checkpoints.restored_id ?? null;
  return id === null ? why : `${why}; it goes on from checkpoint ${id} or a later one`;
}

function endProblems(
  { state }: StatusVerdict,
  document: StatusDocument | null,
): readonly StatusProblem[] {
  if (state !== 'failed' || document === null) return [];
  const { code, message, fix } = document.failure ?? unknownFailure;
  return [
    {
      level: 'critical',
      about: 'failure',
      message: `failed with ${code}: ${message}`,
      fix: fix ?? `docs/errors.md says what ${code} means; then start the job again`,
    },
  ];
}

const unknownFailure = { code: 'MR_INTERNAL', message: 'it did not say why', fix: null };

function letterProblems(
  { state }: StatusVerdict,
  { failing_streams }: StatusDocument,
): readonly StatusProblem[] {
  const isPaused = state === 'paused';
  const alerting = failing_streams.filter(
    ({ is_alerting, is_broken }) => is_alerting && !(isPaused && is_broken),
  );
  const warnings = alerting.map((stream) => ({
    level: 'warning' as const,
    about: 'dead letters' as const,
    message: failuresText(stream),
    fix: 'millrace dlq ls says which, and why',
  }));
  return isPaused ? [pauseOf(failing_streams), ...warnings] : warnings;
}

/** Where no record is to blame there is no dead letter to look at. */
function valueProblems({ failing_views = [] }: StatusDocument): readonly StatusProblem[] {
  return failing_views.map(({ view, num_failed_values: count, message }) => ({
    level: 'warning',
    about: 'aggregates',
    message: `${view}: ${count} value${count === 1 ? ' is' : 's are'} null, the newest by ${message}`,
    fix: 'correct the function and start the job again; a window that has failed stays null until it has passed',
  }));
}

/** Records of the batch at hand may have been judged well after those that paused the job. */
function pauseOf(streams: readonly FailingStream[]): StatusProblem {
  const broken = streams.find(({ is_broken }) => is_broken);
  const why = broken === undefined ? 'too many records failed' : failuresText(broken);
  return {
    level: 'critical',
    about: 'dead letters',
    message: `paused by the dead-letter breaker: ${why}; no more input is taken`,
    fix: 'millrace dlq ls; correct the definition or the producer and start the job again, or raise deadLetters.breaker',
  };
}

function failuresText({ is_alerting, is_broken, ...of }: FailingStream): string {
  return describeFailures({ ...of, isAlerting: is_alerting, isBroken: is_broken });
}

function restartProblems(
  { state, num_restarts, last_restart }: StatusDocument,
  nowMs: number,
): readonly StatusProblem[] {
  if (last_restart === null) return [];
  const sinceMs = nowMs - last_restart.at_ms;
  if (state !== 'restarting' && sinceMs > restartNewsMs) return [];
  const code = /^MR_[A-Z_]+/.exec(last_restart.reason)?.[0] ?? 'the code';
  const times = num_restarts === 1 ? 'once' : `${num_restarts} times`;
  const message = `restarted ${times}, last ${ago(sinceMs)} ago: ${last_restart.reason}`;
  const fix = `it went back to its last checkpoint by itself; if it goes on: docs/errors.md, ${code}`;
  return [{ level: 'warning', about: 'restarts', message, fix }];
}

function checkpointProblems(
  { checkpoints }: StatusDocument,
  nowMs: number,
): readonly StatusProblem[] {
  const { failure, last, number_of_failed_checkpoints: failed } = checkpoints;
  if (failure === null) return [];
  const since = last === null ? 'none was completed yet' : `${ago(nowMs - last.at_ms)} since one`;
  return [
    {
      level: 'warning',
      about: 'checkpoints',
      message: `the newest checkpoint failed (${failed} in all, ${since}): ${failure}`,
      fix: 'see that the storage of checkpoints can be reached and has room; after a crash all since the last one is read again',
    },
  ];
}

function pressureProblems({ time, subtasks }: StatusDocument): readonly StatusProblem[] {
  const share = (ms: number): string => `${Math.round(ms / 10)} % of the time`;
  const problems: StatusProblem[] = [];
  const { back_pressured_time_ms_per_second: ms } = time;
  if (ms > backPressureMs) {
    problems.push({
      level: 'warning',
      about: 'back-pressure',
      message: `sinks are slower than the input: it waits for them ${share(ms)}`,
      fix: 'look at what it writes to: online store, feature log, output topics and their disks',
    });
  }
  const waiting = subtasks.filter((of) => of.back_pressured_time_ms_per_second > backPressureMs);
  const [first] = waiting;
  if (first !== undefined) {
    const threads = waiting.map(({ subtask }) => subtask).join(', ');
    problems.push({
      level: 'warning',
      about: 'back-pressure',
      message: `results of worker threads wait to be taken (${threads}), ${share(first.back_pressured_time_ms_per_second)}`,
      fix: 'sinks, or the thread that writes to them, are slower than the views: more threads will not help',
    });
  }
  return problems;
}

function skewProblems({ subtasks, hot_keys }: StatusDocument): readonly StatusProblem[] {
  const total = subtasks.reduce((sum, of) => sum + of.num_records_in, 0);
  const greatest = subtasks.reduce<SubtaskStatus | null>(
    (most, of) => (most === null || of.num_records_in > most.num_records_in ? of : most),
    null,
  );
  if (greatest === null || subtasks.length < 2 || total < skewRecordsMin) return [];
  const times = (greatest.num_records_in * subtasks.length) / total;
  if (times < skewFactor) return [];
  const [hottest] = hot_keys.filter(({ subtask }) => subtask === greatest.subtask);
  const key =
    hottest === undefined
      ? ''
      : `; ${keyText(hottest.key)} alone is ${Math.round(hottest.hot_key_share * 100)} % of the records`;
  return [
    {
      level: 'warning',
      about: 'skew',
      message: `worker thread ${greatest.subtask} gets ${times.toFixed(1)} times its share of the records${key}`,
      fix: 'one thread computes all of a key: filter that key out in the stream, or give the entity a finer key',
    },
  ];
}

/** As on the command line: `user_id=u1`. */
export function keyText(key: Readonly<Record<string, string>>): string {
  return Object.entries(key)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function ago(ms: number | null): string {
  const seconds = Math.max(0, Math.round((ms ?? 0) / 1000));
  return formatDuration((seconds >= 3600 ? Math.floor(seconds / 60) * 60 : seconds) * 1000);
}

function clockProblems({ clock }: StatusDocument): readonly StatusProblem[] {
  if (clock === undefined) return [];
  const fix =
    'set the clock of the machine (timedatectl); ages, ttl and values that shrink are wrong until it has caught up';
  return [{ level: 'warning', about: 'clock', message: clock.message, fix }];
}

/** Fewer rows say nothing of a share. */
const freshnessRowsMin = 100;

function freshnessProblems({ freshness = [] }: StatusDocument): readonly StatusProblem[] {
  return freshness.flatMap((of) => {
    const { feature_freshness_slo_ratio: ratio, target, promise_ms: promise, rows } = of;
    if (ratio === null || promise === null || ratio >= target || rows < freshnessRowsMin) return [];
    const share = (value: number): string => `${(Math.floor(value * 10_000) / 100).toString()} %`;
    const p99 = of.event_to_servable_p99_ms;
    const message =
      `${of.view}: ${share(ratio)} of rows were servable within ${formatDuration(promise)} over the last ` +
      `${formatDuration(of.window_ms)}, and ${share(target)} are to be` +
      (p99 === null ? '' : ` (p99 ${formatDuration(p99)})`);
    const fix =
      'see whether events come late (the age of their arrival), the job waits for its sinks, or it lags';
    return [{ level: 'warning' as const, about: 'freshness' as const, message, fix }];
  });
}
