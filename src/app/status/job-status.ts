// The state of an environment's job, asked from outside of the process that runs it: reads what that
// wrote last and the lease, changes nothing.
import type { LeaseRecord } from '../../engine/checkpoint/lease.ts';
import { readLease } from '../../engine/checkpoint/lease-holder.ts';
import { currentProcess } from '../../engine/checkpoint/process-identity.ts';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { clusterProblems } from '../flink/deploy/cluster-problems.ts';
import { type ClusterStatus, clusterStatus } from '../flink/deploy/cluster-status.ts';
import { checkpointStorageOf, jobName } from '../recovery/checkpoint-place.ts';
import {
  isLive,
  judgeStatus,
  type StatusObserved,
  type StatusState,
  type StatusVerdict,
} from './judge-status.ts';
import type { StatusDocument, StatusProcess } from './status-document.ts';
import { statusPlace } from './status-place.ts';
import { type StatusProblem, statusProblems } from './status-problems.ts';

/** How a job is, as an operator needs it; `status --json` prints it. */
export interface JobStatus {
  readonly job: string;
  readonly env: string;
  readonly at_ms: number;
  readonly state: StatusState;
  /** False when the job has failed, is paused, or its process is gone or silent. */
  readonly healthy: boolean;
  /** The worst first. */
  readonly problems: readonly StatusProblem[];
  /** Who runs the job or ran it last, and whether that process lives; null where it cannot be known. */
  readonly process: (StatusProcess & { readonly alive: boolean | null }) | null;
  /** How long ago it was heard from. */
  readonly silent_ms: number | null;
  /** Of a job with checkpoints. */
  readonly lease: StatusLease | null;
  /** What the job said last of itself. */
  readonly last: StatusDocument | null;
  /** The job that computes what this one loads, on its cluster; null without one. */
  readonly flink: ClusterStatus | null;
}

/** The lease on the checkpoints of a job: who has it may write them. */
export interface StatusLease {
  readonly state: 'held' | 'released';
  readonly host: string;
  readonly pid: number;
  readonly generation: number;
  readonly renewed_at_ms: number;
  readonly expires_at_ms: number;
}

export interface WatchStatusOptions {
  readonly intervalMs?: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

const defaultIntervalMs = 2000;

/** Status after status, until the signal aborts. */
export async function* watchStatus(
  project: ResolvedProject,
  { intervalMs = defaultIntervalMs, signal }: WatchStatusOptions,
): AsyncGenerator<JobStatus> {
  while (!signal.aborted) {
    yield await readStatus(project);
    await systemClock.sleep(intervalMs, signal);
  }
}

interface Candidate {
  readonly verdict: StatusVerdict;
  readonly document: StatusDocument | null;
  readonly lease: LeaseRecord | null;
}

/** Runs with checkpoints and runs without are told apart: a job that is at work counts, else the newest. */
export async function readStatus(
  project: ResolvedProject,
  clock: Clock = systemClock,
): Promise<JobStatus> {
  const candidates = [
    await candidateOf(project, false, clock),
    ...(project.settings.checkpoints === null ? [] : [await candidateOf(project, true, clock)]),
  ];
  const [newest] = candidates.toSorted((a, b) => rankOf(b) - rankOf(a));
  const { verdict, document, lease } = newest as Candidate;
  const nowMs = clock.nowMs();
  const flink = await clusterStatus(project);
  const intervalMs = project.settings.checkpoints?.intervalMs ?? null;
  const problems = [
    ...statusProblems(verdict, document, nowMs),
    ...clusterProblems(flink, { nowMs, intervalMs }),
  ].toSorted((a, b) => Number(b.level === 'critical') - Number(a.level === 'critical'));
  const { process, isAlive } = verdict;
  return {
    job: jobName(project),
    env: project.env,
    at_ms: nowMs,
    state: verdict.state,
    healthy: problems.every(({ level }) => level !== 'critical'),
    problems,
    process: process === null ? null : { ...process, alive: isAlive },
    silent_ms: verdict.silentMs,
    lease: lease === null ? null : leaseOf(lease),
    last: document,
    flink,
  };
}

async function candidateOf(
  project: ResolvedProject,
  takesCheckpoints: boolean,
  clock: Clock,
): Promise<Candidate> {
  const held = takesCheckpoints
    ? await readLease(checkpointStorageOf(project), jobName(project))
    : null;
  const document = (await statusPlace(project, takesCheckpoints)?.read()) ?? null;
  const lease = held?.record ?? null;
  const nowMs = clock.nowMs();
  const observed: StatusObserved = { document, lease, self: currentProcess(clock), nowMs };
  return { verdict: judgeStatus(observed), document, lease };
}

/** Those at work first, then by when they were heard from. */
function rankOf({ verdict }: Candidate): number {
  const heard = verdict.silentMs === null ? Number.NEGATIVE_INFINITY : -verdict.silentMs;
  return isLive(verdict) ? Number.MAX_SAFE_INTEGER + heard : heard;
}

function leaseOf(record: LeaseRecord): StatusLease {
  const { state, host, pid, generation, renewedAtMs, expiresAtMs } = record;
  return {
    state,
    host,
    pid,
    generation,
    renewed_at_ms: renewedAtMs,
    expires_at_ms: expiresAtMs,
  };
}
