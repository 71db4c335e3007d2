// What is true of a job now, judged from what it wrote last, its lease, and whether its process lives.
// Pure: what was observed goes in. Only a process of this machine can be asked; of one elsewhere its
// lease tells, or how long nothing was heard from it.
import type { LeaseRecord } from '../../engine/checkpoint/lease.ts';
import type { JobState } from '../../engine/job/job-spec.ts';
import type { StatusDocument, StatusProcess } from './status-document.ts';

/**
 * The state of a job as seen from outside: what it said last, or that it never ran, that its process
 * is gone without an end (`not running`), or that it is silent (`not responding`).
 */
export type StatusState = JobState | 'never run' | 'not running' | 'not responding';

export interface StatusObserved {
  readonly document: StatusDocument | null;
  /** Null where no checkpoints are taken, and before the first. */
  readonly lease: LeaseRecord | null;
  readonly self: {
    readonly host: string;
    readonly place: string | null;
    isAlive(pid: number): boolean;
  };
  readonly nowMs: number;
}

export interface StatusVerdict {
  readonly state: StatusState;
  /** Who runs the job or ran it last; null when it never ran. */
  readonly process: StatusProcess | null;
  /** Whether that process lives; null where that cannot be known. */
  readonly isAlive: boolean | null;
  /** How long ago it was heard from; null when it never was. */
  readonly silentMs: number | null;
}

/** Silence of fewer documents or of less time says nothing. */
const documentsMissed = 3;
const silenceLeastMs = 15_000;

const ended: readonly StatusState[] = ['finished', 'stopped', 'failed'];

/** Whether a process is at work for the job, as far as one can know. */
export function isLive({ state }: Pick<StatusVerdict, 'state'>): boolean {
  return !['never run', 'not running', 'not responding', ...ended].includes(state);
}

export function judgeStatus(observed: StatusObserved): StatusVerdict {
  const { document, nowMs } = observed;
  const successor = successorOf(observed);
  if (successor !== null) return successor;
  if (document === null) {
    return { state: 'never run', process: null, isAlive: null, silentMs: null };
  }
  const { process } = document;
  const silentMs = Math.max(0, nowMs - document.written_at_ms);
  const isAlive = isProcessAlive(process, observed);
  const about = { process, isAlive, silentMs };
  if (ended.includes(document.state)) return { state: document.state, ...about };
  if (isAlive === false) return { state: 'not running', ...about };
  const tooLongMs = Math.max(silenceLeastMs, documentsMissed * document.interval_ms);
  return { state: silentMs > tooLongMs ? 'not responding' : document.state, ...about };
}

/** Who has taken the job since the document was written, and has not written anything yet. */
function successorOf(observed: StatusObserved): StatusVerdict | null {
  const { document, lease, nowMs } = observed;
  if (lease === null || lease.state !== 'held') return null;
  if (document !== null) {
    const isSame = lease.host === document.process.host && lease.pid === document.process.pid;
    if (isSame || lease.renewedAtMs <= document.written_at_ms) return null;
  }
  const { host, pid, place } = lease;
  const process = { host, pid, place };
  const isAlive = isProcessAlive(process, observed);
  const state = isAlive === false ? 'not running' : 'starting';
  return { state, process, isAlive, silentMs: Math.max(0, nowMs - lease.renewedAtMs) };
}

function isProcessAlive(process: StatusProcess, observed: StatusObserved): boolean | null {
  const { self, lease, nowMs } = observed;
  // Without a place (not on Linux) the name of the machine has to do.
  const isHere = process.place === self.place && process.host === self.host;
  if (isHere) return self.isAlive(process.pid);
  const isHolder = lease?.host === process.host && lease.pid === process.pid;
  if (lease === null || !isHolder || lease.state !== 'held') return null;
  return lease.expiresAtMs > nowMs ? null : false;
}
