// A memory limit that the kernel keeps: a control group of its own, in which the pages of files count
// as well and are given back first; beyond the limit the process is killed. Only for root on Linux
// with version 1 or 2 of control groups; null where that cannot be had.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MemoryLimit {
  /** Puts a process into the group. */
  add(pid: number): void;
  /** The most that the group ever held, pages of files included. */
  peakMb(): number;
  /** The group must be empty. */
  remove(): void;
}

interface Version {
  readonly root: string;
  readonly limitFile: string;
  readonly peakFile: string;
}

const versions: readonly Version[] = [
  {
    root: '/sys/fs/cgroup/memory',
    limitFile: 'memory.limit_in_bytes',
    peakFile: 'memory.max_usage_in_bytes',
  },
  { root: '/sys/fs/cgroup', limitFile: 'memory.max', peakFile: 'memory.peak' },
];

export function limitMemory(mb: number): MemoryLimit | null {
  const name = `millrace-bench-${process.pid}`;
  for (const { root, limitFile, peakFile } of versions) {
    const folder = join(root, name);
    try {
      mkdirSync(folder);
      if (existsSync(join(folder, limitFile))) {
        writeFileSync(join(folder, limitFile), String(mb * 2 ** 20));
        return {
          add: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
          peakMb: () =>
            Math.round(Number(readFileSync(join(folder, peakFile), 'utf8').trim()) / 2 ** 20),
          remove: () => rmdirSync(folder),
        };
      }
      rmdirSync(folder);
    } catch {
      // Not root, or no such controller: the next, or none.
    }
  }
  return null;
}
