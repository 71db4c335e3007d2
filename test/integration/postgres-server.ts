// A real Postgres for tests: Debian's server on a free port of this machine, trusting whoever is on it,
// with a folder of its own. Postgres refuses root, so root starts it as `nobody`, from a copy of its
// programs when those lie where `nobody` cannot look.
import { type ChildProcess, type SpawnOptions, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, cp, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DebianPrograms, debianPackages } from './debian.ts';
import { freePort, stopped } from './service.ts';

const run = promisify(execFile);

const nobody = 65_534;
const versionFolder = 'usr/lib/postgresql/15';

/** The server and the libraries of it that a bare machine lacks; without its compiler for queries. */
const packages = [
  ...['postgresql-15', 'postgresql-client-15', 'libpq5', 'libicu72', 'libldap-2.5-0', 'libxml2'],
  ...['libsasl2-2', 'libgssapi-krb5-2', 'libkrb5-3', 'libkrb5support0', 'libk5crypto3', 'libssl3'],
  ...['libkeyutils1', 'libcom-err2', 'libgnutls30', 'libp11-kit0', 'libidn2-0', 'libunistring2'],
  ...['libtasn1-6', 'libnettle8', 'libhogweed6', 'libgmp10', 'libffi8', 'libgcrypt20', 'liblz4-1'],
  ...['libgpg-error0', 'liblzma5', 'libzstd1', 'libsystemd0', 'libcap2', 'libaudit1', 'libpam0g'],
  ...['libcap-ng0', 'libstdc++6', 'zlib1g', 'libxslt1.1'],
];

export interface PostgresServerOptions {
  /** More settings of the server, as in `['wal_level=logical']`. */
  readonly settings?: readonly string[];
  readonly port?: number;
}

export interface PostgresServer {
  /** As `postgres` of the database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGKILL of the server with its connections. */
  kill(): Promise<void>;
  /** Starts it again where it was, after `kill` or `pause`. */
  restart(): Promise<void>;
  /** Stands still and keeps its listening port, until `resume`. Connections are answered no more. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** Starts a server that answers when this resolves. Its data goes with `stop`. */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const port = options.port ?? (await freePort());
  const programs = await postgresPrograms();
  const dir = await mkdtemp(join(tmpdir(), 'millrace-postgres-'));
  if (isRoot) await chown(dir, nobody, nobody);
  const data = join(dir, 'data');
  const spawning = spawnOptions(programs, dir);
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'];
  await run(join(programs.bin, 'initdb'), [...init, '--no-sync'], spawning);
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    child = spawn(join(programs.bin, 'postgres'), serverArgs({ data, dir, port, options }), {
      ...spawning,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await untilReady(child, port);
  };
  const kill = async (): Promise<void> => {
    if (child !== null) await stoppedGroup(child);
    child = null;
  };
  await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    get pid() {
      return child?.pid ?? 0;
    },
    kill,
    async restart() {
      await kill();
      await rm(join(data, 'postmaster.pid'), { force: true });
      await start();
    },
    pause: () => signalGroup(child, 'SIGSTOP'),
    resume: () => signalGroup(child, 'SIGCONT'),
    async stop() {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const isRoot = process.getuid?.() === 0;

function spawnOptions({ env }: DebianPrograms, cwd: string): SpawnOptions {
  const owner = isRoot ? { uid: nobody, gid: nobody } : {};
  return { cwd, env: { ...process.env, ...env, TZ: 'GMT', HOME: cwd }, ...owner };
}

interface ServerParts {
  readonly data: string;
  readonly dir: string;
  readonly port: number;
  readonly options: PostgresServerOptions;
}

function serverArgs({ data, dir, port, options }: ServerParts): readonly string[] {
  const settings = [
    ...['listen_addresses=127.0.0.1', `unix_socket_directories=${dir}`, 'jit=off'],
    ...['fsync=off', 'shared_buffers=32MB', 'dynamic_shared_memory_type=posix', 'timezone=GMT'],
    ...(options.settings ?? []),
  ];
  return ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
}

async function postgresPrograms(): Promise<DebianPrograms> {
  const folder = `${versionFolder}/bin`;
  const programs = await debianPackages(packages, { program: 'postgres', folder });
  if (!isRoot || (await runsAsNobody(programs))) return programs;
  const copy = join(tmpdir(), `millrace-postgres-programs-${process.pid}`);
  const root = programs.bin.slice(0, -folder.length);
  if (!existsSync(copy)) await cp(root, copy, { recursive: true });
  process.once('exit', () => void rm(copy, { recursive: true, force: true }));
  const libraries = programs.env['LD_LIBRARY_PATH'] ?? '';
  return {
    bin: join(copy, folder),
    env: { LD_LIBRARY_PATH: libraries.replaceAll(root, `${copy}/`) },
  };
}

async function runsAsNobody(programs: DebianPrograms): Promise<boolean> {
  try {
    const options = spawnOptions(programs, tmpdir());
    await run(join(programs.bin, 'postgres'), ['--version'], options);
    return true;
  } catch {
    return false;
  }
}

async function untilReady(child: ChildProcess, port: number): Promise<void> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-4000);
    });
  }
  for (let tries = 0; !(await isReady(port)); tries++) {
    if (tries > 600 || child.exitCode !== null) {
      await stoppedGroup(child);
      throw new Error(`postgres does not answer on port ${port}:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A start-up packet for user `postgres` is answered with an authentication (`R`) once it is ready. */
function isReady(port: number): Promise<boolean> {
  const text = Buffer.from('user\0postgres\0database\0postgres\0\0');
  const packet = Buffer.alloc(8 + text.length);
  packet.writeInt32BE(packet.length, 0);
  packet.writeInt32BE(196_608, 4);
  text.copy(packet, 8);
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(packet));
    const done = (isUp: boolean): void => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once('data', (answer) => done(answer[0] === 0x52));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
  });
}

function signalGroup(child: ChildProcess | null, signal: NodeJS.Signals): void {
  if (child?.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It is gone.
  }
}

async function stoppedGroup(child: ChildProcess): Promise<void> {
  signalGroup(child, 'SIGKILL');
  await stopped(child);
}
