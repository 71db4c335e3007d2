// Who a process is, so that another one can tell whether it still lives: host, number, and the
// place in which numbers of processes mean something (a machine since its last start, a container).
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Clock } from '../../kernel/clock.ts';
import { hashBytes } from '../../kernel/hash.ts';

export interface ProcessIdentity {
  /** Unique among all processes that ever were, and among the jobs of this one. */
  readonly owner: string;
  readonly host: string;
  readonly pid: number;
  /** Processes with the same place see each other's numbers; null where that cannot be known. */
  readonly place: string | null;
  /** Whether a process of this number runs in this place. */
  isAlive(pid: number): boolean;
}

let identities = 0;

/** This process, as the owner of one more lease. */
export function currentProcess(clock: Clock): ProcessIdentity {
  const host = hostname();
  const place = placeOf(host);
  identities += 1;
  const who = `${host} ${place} ${process.pid} ${clock.nowMs()} ${clock.monotonicMs()} ${identities}`;
  const bytes = new TextEncoder().encode(who);
  const hash = hashBytes(bytes, 0, bytes.length).toString(16).padStart(8, '0');
  return { owner: `${hash}-${process.pid}-${identities}`, host, pid: process.pid, place, isAlive };
}

/** Start of the machine and namespace of process numbers (Linux); null elsewhere. */
function placeOf(host: string): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${host} ${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
