// Feast as its users install it: the package of PyPI in an environment of its own. Scripts are run
// by that Python in a process each; the server is stopped with the workers that it forked.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Service, freePort, pythonPackages } from '../service.ts';

/** The version that the recorded exchanges are of. */
export const feastVersion = '0.67.0';

/** Python with Feast and its client of Redis; installed when it is not there yet (590 MB). */
export function feastPython(): Promise<string> {
  return pythonPackages(`feast-${feastVersion}`, [`feast[redis]==${feastVersion}`]);
}

export interface ScriptOptions {
  readonly cwd: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const quiet = { FEAST_USAGE: 'False', PYTHONWARNINGS: 'ignore' };

/** Runs a script in Feast's Python; gives what it prints. Fails with what it wrote to its errors. */
export async function runFeastScript(script: string, options: ScriptOptions): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-script-'));
  const file = join(folder, 'script.py');
  await writeFile(file, script);
  try {
    return await runProgram(await feastPython(), [file, ...(options.args ?? [])], options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs `feast …` in a repository: `apply`, `materialize A B`. */
export async function runFeast(repository: string, ...args: readonly string[]): Promise<string> {
  const program = join(dirname(await feastPython()), 'feast');
  return runProgram(program, args, { cwd: repository });
}

export interface FeastServerOptions {
  readonly workers?: number;
  /** Default: one that is free. */
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `feast serve` of a repository and waits until it answers. */
export async function startFeast(
  repository: string,
  { workers = 1, port, env = {} }: FeastServerOptions = {},
): Promise<Service & { readonly pid: number }> {
  const program = join(dirname(await feastPython()), 'feast');
  const listen = port ?? (await freePort());
  const where = ['-h', '127.0.0.1', '-p', String(listen), '--workers', String(workers)];
  const child = spawn(program, ['serve', ...where, '--no-access-log', '--max-requests', '0'], {
    cwd: repository,
    env: { ...process.env, ...quiet, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = collect(child);
  const endpoint = `http://127.0.0.1:${listen}`;
  for (let tries = 0; !(await isHealthy(endpoint)); tries++) {
    if (tries > 1200 || child.exitCode !== null) {
      await stopGroup(child);
      throw new Error(`feast serve does not answer at ${endpoint}:\n${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { endpoint, pid: child.pid ?? 0, stop: () => stopGroup(child) };
}

async function isHealthy(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/health`)).ok;
  } catch {
    return false;
  }
}

/** The server and the workers that it forked: they are one process group. */
async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  const isGone = child.exitCode !== null || child.signalCode !== null;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has ended by itself.
  }
  if (!isGone) await exit;
}

function collect(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-8000);
    });
  }
  return () => output;
}

function runProgram(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: ScriptOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...quiet, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = `${errors}${chunk.toString()}`.slice(-8000);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      const text = Buffer.concat(printed).toString('utf8');
      if (code === 0) resolve(text);
      else reject(new Error(`${program} ended with ${code}:\n${text.slice(-2000)}\n${errors}`));
    });
  });
}
