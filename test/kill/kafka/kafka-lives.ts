// Processes of the job from Kafka to Kafka: started, killed, paused, stopped.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KafkaJob } from './kafka-project.ts';

const entry = fileURLToPath(new URL('./kafka-life.ts', import.meta.url));
const running = new Set<ChildProcess>();

/** One process. */
export interface KafkaLife {
  /** Resolves with its first checkpoint; rejects when it ends before that. */
  readonly runs: Promise<void>;
  /** Resolves with its last line of output once it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly last: string }>;
  signal(name: NodeJS.Signals): void;
}

export function startLife(job: KafkaJob, flags: readonly string[] = []): KafkaLife {
  const args = ['--conditions=millrace-src', entry, JSON.stringify(job), ...flags];
  const child = spawn(process.execPath, args, {
    cwd: dirname(dirname(dirname(dirname(entry)))),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let out = '';
  let err = '';
  const runs = Promise.withResolvers<void>();
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    if (out.includes('runs\n')) runs.resolve();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err = `${err}${chunk.toString()}`.slice(-2000);
  });
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    runs.reject(new Error(`the process ended ${code}: ${out}${err}`));
    return { code: code as number | null, last: out.trim().split('\n').at(-1) ?? '' };
  });
  runs.promise.catch(() => undefined);
  return { runs: runs.promise, ended, signal: (name) => void child.kill(name) };
}

/** Ends whatever still runs: for a test that gave up. */
export async function endKafkaLives(): Promise<void> {
  const ended = [...running].map((child) => once(child, 'close'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ended);
}
