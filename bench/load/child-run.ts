// A measured run in a process of its own: its memory is its own, it can be killed, and a watchdog can
// hold it to a limit. What it prints as its last line of output, as JSON, is its result.
import { spawn } from 'node:child_process';
import { limitMemory } from './memory-limit.ts';
import { processMemory } from './process-memory.ts';

export interface ChildOptions {
  readonly script: string;
  readonly args: readonly string[];
  /** Options of Node, such as `--max-old-space-size=512`. */
  readonly nodeArgs?: readonly string[];
  /**
   * The process may hold no more than this: by a control group where there is one, and by a watchdog
   * that looks at its resident memory every 100 ms.
   */
  readonly residentMbMax?: number;
  /** Ends the process as `kill -9` does. */
  readonly signal?: AbortSignal;
}

export interface ChildResult {
  /** Last line of output; null when there is none that is JSON. */
  readonly result: Readonly<Record<string, unknown>> | null;
  /** Why it ended, when not by itself. */
  readonly killed: 'limit' | 'signal' | null;
  readonly exitCode: number | null;
  /** The most resident memory seen, in all and without pages of files. */
  readonly peakRssMb: number;
  readonly peakAnonMb: number;
  /** The most in its control group, pages of files included; null without one. */
  readonly peakGroupMb: number | null;
}

const lookEveryMs = 100;

export async function runChild(options: ChildOptions): Promise<ChildResult> {
  const { script, args, nodeArgs = [], residentMbMax = Number.POSITIVE_INFINITY } = options;
  const limit = Number.isFinite(residentMbMax) ? limitMemory(residentMbMax) : null;
  const command = ['--conditions=millrace-src', ...nodeArgs, script, ...args];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.pid !== undefined) limit?.add(child.pid);
  let output = '';
  let peakRssMb = 0;
  let peakAnonMb = 0;
  let isOverLimit = false;
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const look = (): void => {
    const memory = processMemory(child.pid);
    peakRssMb = Math.max(peakRssMb, memory?.rssMb ?? 0);
    peakAnonMb = Math.max(peakAnonMb, memory?.anonMb ?? 0);
    if (peakRssMb <= residentMbMax || isOverLimit) return;
    isOverLimit = true;
    child.kill('SIGKILL');
  };
  const watchdog = setInterval(look, lookEveryMs);
  const stop = (): void => void child.kill('SIGKILL');
  process.once('exit', stop);
  options.signal?.addEventListener('abort', stop, { once: true });
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(watchdog);
  process.off('exit', stop);
  const signal = exitCode === null ? 'signal' : null;
  const killed = isOverLimit ? 'limit' : signal;
  const peakGroupMb = limit?.peakMb() ?? null;
  limit?.remove();
  return { result: lastJson(output), killed, exitCode, peakRssMb, peakAnonMb, peakGroupMb };
}

function lastJson(output: string): Readonly<Record<string, unknown>> | null {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
}
