// Servers of others for tests: installed from the package registries into a folder that git does
// not see, once per version, started on a free port and stopped by their own process.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = fileURLToPath(
  new URL('../../node_modules/.cache/millrace-services', import.meta.url),
);

/** Whether this run is to start servers: `npm run test:services`. */
export const withServices = process.env['MILLRACE_SERVICES'] === '1';

/** How to run what is skipped, for the titles of tests. */
export const howToRun = 'a real server: npm run test:services';

/** The folder of something installed; `install` fills an empty one when it is not there yet. */
export async function installed(
  name: string,
  install: (folder: string) => Promise<unknown>,
): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(join(folder, 'complete'))) return folder;
  await mkdir(cache, { recursive: true });
  const release = await lockOf(`${folder}.lock`);
  try {
    if (existsSync(join(folder, 'complete'))) return folder;
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    await install(folder);
    await writeFile(join(folder, 'complete'), '');
    return folder;
  } finally {
    await release();
  }
}

/** Test files run in several processes: one of them installs, the others wait for it. */
async function lockOf(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    if (owner > 0 && !isAlive(owner)) await rm(path, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM';
  }
}

/** A package of npm; the folder in which its `node_modules` is. */
export function npmPackage(name: string, version: string): Promise<string> {
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--silent', '--no-save'];
  return installed(`${name}-${version}`, (folder) =>
    run('npm', ['install', ...flags, '--prefix', folder, `${name}@${version}`], { cwd: folder }),
  );
}

/** Packages of PyPI in an environment of their own; the path of its `python`. Needs `python3`. */
export async function pythonPackages(name: string, packages: readonly string[]): Promise<string> {
  const folder = await installed(name, async (folder) => {
    await run('python3', ['-m', 'venv', '--without-pip', folder]);
    const flags = ['-q', '--no-compile', '--disable-pip-version-check'];
    const python = join(folder, 'bin/python');
    await run('python3', ['-m', 'pip', '--python', python, 'install', ...flags, ...packages]);
  });
  return join(folder, 'bin/python');
}

/**
 * Java libraries of Maven Central with all that they need; the class path of their folder. `packages`
 * are `group:artifact:version`. Needs `java` and `mvn`, and says so.
 */
export async function mavenLibraries(name: string, packages: readonly string[]): Promise<string> {
  const folder = await installed(name, async (folder) => {
    await writeFile(join(folder, 'pom.xml'), pomOf(packages));
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime'];
    const flags = ['-q', '-B', `-DoutputDirectory=${join(folder, 'lib')}`];
    try {
      await run('mvn', [...flags, ...goal], { cwd: folder });
    } catch (error) {
      throw (error as { code?: unknown }).code === 'ENOENT' ? noJava('mvn') : error;
    }
  });
  return join(folder, 'lib', '*');
}

/** What to install for tests that run Java programs. */
export function noJava(program: string): Error {
  const debian = 'apt-get install -y openjdk-17-jdk-headless maven';
  return new Error(
    `these tests need a JDK (17 or newer) and Maven, and found no ${program}: ${debian}`,
  );
}

/** A Go program of the folder `source`, built once per version of it; its path. Needs `go`. */
export async function goProgram(name: string, source: string): Promise<string> {
  const folder = await installed(name, async (folder) => {
    try {
      await run('go', ['build', '-o', join(folder, 'program'), '.'], { cwd: source });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
      throw new Error('these tests need Go (1.24 or newer): apt-get install -y golang');
    }
  });
  return join(folder, 'program');
}

function pomOf(packages: readonly string[]): string {
  const dependencies = packages.map((name) => {
    const [group, artifact, version] = name.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>millrace</groupId><artifactId>services</artifactId><version>1</version>
<dependencies>${dependencies.join('\n')}</dependencies></project>`;
}

export interface Service {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts a program on a free port and waits until it answers. */
export async function startService(
  command: string,
  args: (port: number) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Service> {
  const port = await freePort();
  const child = spawn(command, args(port), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-4000);
    });
  }
  const endpoint = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await answers(endpoint)); tries++) {
    if (tries > 300 || child.exitCode !== null) {
      await stopped(child);
      throw new Error(`${command} does not answer at ${endpoint}:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { endpoint, stop: () => stopped(child) };
}

/** Ends a process that this one started, at once, and waits until it is gone. */
export async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    await fetch(endpoint);
    return true;
  } catch {
    return false;
  }
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
