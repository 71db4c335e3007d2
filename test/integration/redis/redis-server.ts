// A real Redis for tests: Debian's redis-server on a free port of this machine, with a folder of its
// own, started again on the same port and folder as often as a test likes.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianPackages } from '../debian.ts';
import { freePort, stopped } from '../service.ts';

const packages = [
  ...['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2', 'libatomic1', 'libsystemd0'],
  ...['libssl3', 'liblzma5', 'libzstd1', 'liblz4-1', 'libgcrypt20', 'libgpg-error0', 'libcap2'],
];

export interface RedisServerOptions {
  /** More arguments of `redis-server`, as in `['--appendonly', 'yes']`. */
  readonly args?: readonly string[];
  /** Its folder; default a new one in memory that goes with `stop`. */
  readonly dir?: string;
  readonly port?: number;
  /** A node of a cluster needs the port 10,000 above its own too. */
  readonly isCluster?: boolean;
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  readonly pid: number;
  /** SIGKILL: what was not written to disk is gone. */
  kill(): Promise<void>;
  /** Starts it again where it was, after `kill`; `args` instead of those it had. */
  restart(args?: readonly string[]): Promise<void>;
  /** Stands still and keeps its connections, until `resume`. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** The program `name` of Debian's redis packages with the environment that it needs. */
export async function redisProgram(
  name: 'redis-server' | 'redis-cli' | 'redis-benchmark',
): Promise<{ readonly path: string; readonly env: Readonly<Record<string, string>> }> {
  const { bin, env } = await debianPackages(packages, { program: 'redis-server' });
  return { path: join(bin, name), env };
}

/** Starts a server that answers when this resolves; without `args` it keeps nothing on disk. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await portFor(options.isCluster === true));
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'millrace-redis-')));
  const { path, env } = await redisProgram('redis-server');
  let args = options.args ?? ['--save', ''];
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    child = await launched({ path, env, args: [...serverArgs(port, dir), ...args] }, port);
  };
  const kill = async (): Promise<void> => {
    if (child !== null) await stopped(child);
    child = null;
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      return child?.pid ?? 0;
    },
    kill,
    async restart(changed = args) {
      await kill();
      args = changed;
      await start();
    },
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    async stop() {
      await kill();
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

async function portFor(isCluster: boolean): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (!isCluster || port < 55_000) return port;
  }
}

function serverArgs(port: number, dir: string): readonly string[] {
  return ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--daemonize', 'no'];
}

interface Launch {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

async function launched({ path, env, args }: Launch, port: number): Promise<ChildProcess> {
  const child = spawn(path, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-4000);
    });
  }
  const tlsPort = args.indexOf('--tls-port');
  const asked = tlsPort < 0 ? port : Number(args[tlsPort + 1]);
  for (let tries = 0; !(await accepts(asked)); tries++) {
    if (tries > 300 || child.exitCode !== null) {
      await stopped(child);
      throw new Error(`redis-server does not answer on port ${asked}:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return child;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
