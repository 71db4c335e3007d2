// Processor time that others have used, as the kernel counts it (in hundredths of a second).
import { readFileSync, readdirSync } from 'node:fs';

const tickMs = 10;

/** Of a process and of all processes in its group (workers that it forked), in ms; 0 when unknown. */
export function groupCpuMs(pid: number): number {
  let total = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statOf(name);
    if (fields === null || (Number(name) !== pid && Number(fields[2]) !== pid)) continue;
    total += (Number(fields[11]) + Number(fields[12])) * tickMs;
  }
  return total;
}

/** Fields of /proc/PID/stat after the name: state, parent, group, …, user and system time. */
function statOf(pid: string): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
