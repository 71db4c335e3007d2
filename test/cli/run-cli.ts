// Runs the command line from the sources in a process of its own, as a user's shell would.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const main = pathToFileURL(join(root, 'src/cli/main.ts')).href;
const program = `process.exitCode = await (await import('${main}')).main(process.argv.slice(1))`;

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a command; the caller ends it. */
export function startCli(cwd: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', program, '--', ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs a command to its end. */
export async function runCli(cwd: string, ...args: readonly string[]): Promise<CliResult> {
  return resultOf(startCli(cwd, args));
}

export function resultOf(child: ChildProcess): Promise<CliResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CliResult>();
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.on('error', reject);
  child.on('close', (code) => resolve({ code, stdout, stderr }));
  return promise;
}

/** A process that runs one command line after the other: quicker, for projects that do not change. */
export class CliHost {
  readonly #child: ChildProcess = fork(join(root, 'test/cli/cli-host.ts'), { stdio: 'inherit' });

  async run(cwd: string, ...args: readonly string[]): Promise<CliResult> {
    const answer = once(this.#child, 'message');
    this.#child.send({ cwd, args });
    return (await answer)[0] as CliResult;
  }

  stop(): void {
    this.#child.kill();
  }
}

/** The single JSON document on stdout. */
export function jsonOf<T>({ stdout }: CliResult): T {
  return JSON.parse(stdout) as T;
}

/** A new folder outside the package; `remove` deletes it. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'millrace-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes files of a project, by relative path. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** The example `shop` in a folder outside the package: definitions and configuration as written there. */
export function copyShop(folder: string): void {
  mkdirSync(join(folder, 'features'), { recursive: true });
  const shop = join(root, 'examples/shop');
  cpSync(join(shop, 'features/shop.ts'), join(folder, 'features/shop.ts'));
  cpSync(join(shop, 'millrace.config.ts'), join(folder, 'millrace.config.ts'));
}

export function readLines(path: string): readonly string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
