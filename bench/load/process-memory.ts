// What a process really holds and gets, by Linux: resident memory in all, and without the pages of files
// (an embedded store's pages are the system's cache, given back when others need them).
import { readFileSync } from 'node:fs';

/**
 * How long the main thread could have run and had no core, since it began: what others on the machine
 * take away from a measurement. NaN where the system does not say.
 */
export function waitedForCoreMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return Number.NaN;
  }
}

export interface ProcessMemory {
  readonly rssMb: number;
  /** Resident memory that no file is behind: heap, buffers, stacks. */
  readonly anonMb: number;
  /** The most that was ever resident. */
  readonly peakMb: number;
}

/** Null when there is no such process any more. */
export function processMemory(pid: number | 'self' = 'self'): ProcessMemory | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return null;
  }
  const mb = (name: string): number => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text);
    return Math.round(Number(found?.[1] ?? 0) / 1024);
  };
  return { rssMb: mb('VmRSS'), anonMb: mb('RssAnon'), peakMb: mb('VmHWM') };
}
