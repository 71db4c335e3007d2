// What is wrong with a job on a Flink cluster and what to do about it, the worst first. Pure.
import { formatDuration } from '../../../kernel/duration.ts';
import type { StatusProblem } from '../../status/status-problems.ts';
import type { ClusterStatus, KnownCluster } from './cluster-status.ts';

/** A failure is news for so long. */
const newsMs = 600_000;
/** So many intervals without a checkpoint, and this long at least. */
const intervalsMissed = 5;
const overdueLeastMs = 60_000;

export function clusterProblems(
  status: ClusterStatus | null,
  { nowMs, intervalMs }: { readonly nowMs: number; readonly intervalMs: number | null },
): readonly StatusProblem[] {
  if (status === null) return [];
  if (!status.reachable) {
    return [
      problem('critical', status.message, 'see whether the JobManager runs, and engine.jobManager'),
    ];
  }
  const ended = endProblems(status);
  if (ended.length > 0 || status.state === 'FINISHED') return ended;
  const overdueMs = Math.max(overdueLeastMs, (intervalMs ?? 0) * intervalsMissed);
  return [
    ...failureProblems(status, nowMs),
    ...(intervalMs === null ? [] : checkpointProblems(status, nowMs, overdueMs)),
  ];
}

function problem(level: StatusProblem['level'], message: string, fix: string): StatusProblem {
  return { level, about: 'flink', message, fix };
}

function endProblems({ name, state, failure }: KnownCluster): readonly StatusProblem[] {
  if (state === 'NOT_DEPLOYED') {
    const message = `Flink: the cluster knows no job ${name}: nothing is computed`;
    return [problem('critical', message, 'millrace flink deploy starts it')];
  }
  if (!['FAILED', 'CANCELED', 'SUSPENDED'].includes(state)) return [];
  const why = failure === null ? '' : `: ${failure.message}`;
  const fix =
    'millrace flink status names its last checkpoint; millrace flink deploy goes on from it';
  return [problem('critical', `Flink: job ${name} is ${state}${why}`, fix)];
}

function failureProblems(status: KnownCluster, nowMs: number): readonly StatusProblem[] {
  const { state, failure, num_restarts: restarts, operators } = status;
  const waiting = operators.filter(({ state: of }) => of !== 'RUNNING' && of !== 'FINISHED');
  const isNews = failure !== null && nowMs - failure.at_ms <= newsMs;
  if (state === 'RUNNING' && waiting.length === 0 && !isNews) return [];
  const at = failure === null ? '' : `, ${ago(nowMs - failure.at_ms)} ago: ${failure.message}`;
  const now = state === 'RUNNING' && waiting.length > 0 ? `${waiting.length} tasks wait` : state;
  const message = `Flink: ${now}, restarted ${restarts} times${at}`;
  return [
    problem('warning', message, 'it goes back to its last checkpoint by itself; see its log'),
  ];
}

function checkpointProblems(
  {
    last_checkpoint: last,
    started_at_ms: startedMs,
    number_of_failed_checkpoints: failed,
  }: KnownCluster,
  nowMs: number,
  overdueMs: number,
): readonly StatusProblem[] {
  const sinceMs = Math.max(last?.at_ms ?? 0, startedMs ?? nowMs);
  if (nowMs - sinceMs <= overdueMs) return [];
  const since = last === null ? 'since it was started' : `since checkpoint ${last.id}`;
  const message = `Flink: no checkpoint for ${ago(nowMs - sinceMs)}, ${since} (${failed} failed)`;
  return [
    problem('warning', message, 'see the checkpoints in its web interface: what waits, or fails'),
  ];
}

function ago(ms: number): string {
  return formatDuration(Math.max(0, Math.round(ms / 1000)) * 1000);
}
