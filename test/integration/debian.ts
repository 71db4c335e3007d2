// Programs of Debian packages without root and without installing them: the packages are fetched and
// unpacked into the folder of the services, with the libraries that they name. A program that the
// machine has already is used as it is.
import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { access, mkdir, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { installed } from './service.ts';

const run = promisify(execFile);

export interface DebianPrograms {
  /** The folder of the programs. */
  readonly bin: string;
  /** What they need in their environment: where the libraries are. */
  readonly env: Readonly<Record<string, string>>;
}

export interface DebianOptions {
  /** The program that must be there; found on PATH, nothing is fetched. */
  readonly program: string;
  /** Folder of the programs inside the packages. Default `usr/bin`. */
  readonly folder?: string;
}

/** Programs of these packages; libraries that a bare machine lacks are packages too. */
export async function debianPackages(
  packages: readonly string[],
  { program, folder = 'usr/bin' }: DebianOptions,
): Promise<DebianPrograms> {
  const onPath = await findOnPath(program);
  if (onPath !== null) return { bin: onPath, env: {} };
  const root = await installed(`debian-${program}`, (target) => unpack(packages, target));
  const bin = join(root, 'root', folder);
  if (!existsSync(join(bin, program))) throw new Error(`no ${program} in ${packages.join(', ')}`);
  return { bin, env: { LD_LIBRARY_PATH: await libraryPath(join(root, 'root')) } };
}

async function findOnPath(program: string): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      await access(join(folder, program), constants.X_OK);
      return folder;
    } catch {
      // Not here.
    }
  }
  return null;
}

async function unpack(packages: readonly string[], target: string): Promise<void> {
  const files = join(target, 'packages');
  await mkdir(files, { recursive: true });
  try {
    await download(packages, files, []);
  } catch {
    // No package lists, or lists so old that their files are gone: lists of our own.
    await download(packages, files, await ownLists(target));
  }
  for (const file of (await readdir(files)).filter((name) => name.endsWith('.deb'))) {
    await run('dpkg', ['-x', join(files, file), join(target, 'root')]);
  }
}

async function download(
  packages: readonly string[],
  files: string,
  options: readonly string[],
): Promise<void> {
  const quiet = ['-qq', '-o', 'APT::Sandbox::User=root'];
  try {
    await run('apt-get', [...quiet, ...options, 'download', ...packages], { cwd: files });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
    throw new Error(`these tests need Debian's ${packages[0]}, or its program on PATH`);
  }
}

/** Package lists fetched into the folder; the options that make apt use them. */
async function ownLists(target: string): Promise<readonly string[]> {
  const state = join(target, 'apt');
  for (const folder of ['lists/partial', 'cache/archives/partial']) {
    await mkdir(join(state, folder), { recursive: true });
  }
  const options = [
    ...['-o', `Dir::State::Lists=${join(state, 'lists')}`],
    ...['-o', `Dir::Cache=${join(state, 'cache')}`],
  ];
  await run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', ...options, 'update']);
  return options;
}

/** Every folder of the unpacked packages that shared libraries lie in. */
async function libraryPath(root: string): Promise<string> {
  const folders = new Set<string>();
  for (const top of ['lib', 'usr/lib']) {
    if (!existsSync(join(root, top))) continue;
    for (const entry of await readdir(join(root, top), { recursive: true, withFileTypes: true })) {
      if (/\.so(\.\d+)*$/.test(entry.name)) folders.add(entry.parentPath);
    }
  }
  return [...folders].join(':');
}
