// Files that are whole or not there, and durable: written beside under a name that nobody reads,
// synced, then linked or renamed into place, and the folder synced.
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { codeOf } from './checkpoint-file-error.ts';

/** Temporary names begin with this; they tell which process they belong to. */
const temporaryMark = '.tmp-';
const here = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_');
let temporaries = 0;

/** A path beside `path` that no other file has. */
function temporaryBeside(path: string): string {
  temporaries += 1;
  return join(dirname(path), `${temporaryMark}${here}-${process.pid}-${temporaries}`);
}

export function isTemporary(fileName: string): boolean {
  return fileName.startsWith(temporaryMark);
}

/** Calls `fill` with a temporary path and removes what is left there, whatever happens. */
async function withTemporary<T>(path: string, fill: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = temporaryBeside(path);
  try {
    await makeFolder(dirname(path));
    return await fill(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Writes a file over whatever is there. */
export function writeDurable(path: string, bytes: Uint8Array): Promise<void> {
  return withTemporary(path, async (temporary) => {
    await writeSynced(temporary, bytes);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  });
}

/** Writes a file unless there is one of that name: false, and nothing is changed. */
export function createDurable(path: string, bytes: Uint8Array): Promise<boolean> {
  return withTemporary(path, async (temporary) => {
    await writeSynced(temporary, bytes);
    try {
      await link(temporary, path);
    } catch (error) {
      if (noLink.has(codeOf(error))) throw withoutLinks(path, error);
      if (codeOf(error) !== 'EEXIST') throw error;
      // Over a network the answer of a link that succeeded may be lost: then it has two names.
      if ((await stat(temporary)).nlink !== 2) return false;
    }
    await syncFolder(dirname(path));
    return true;
  });
}

/** Gives a file a second name, or copies it where that cannot be done; replaces what is there. */
export function linkDurable(from: string, to: string): Promise<void> {
  return withTemporary(to, async (temporary) => {
    await syncFile(from);
    await linkOrCopy(from, temporary);
    await rename(temporary, to);
    await syncFolder(dirname(to));
  });
}

/** Codes of file systems that cannot link these two: another disk, no links, too many of them. */
const noLink: ReadonlySet<string> = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']);

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!noLink.has(codeOf(error))) throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    await syncFile(to);
  }
}

function withoutLinks(path: string, cause: unknown): MillraceError {
  return new MillraceError(
    'MR_CHECKPOINT_ACCESS',
    `the file system of "${path}" makes no hard links, which keep two processes apart`,
    { context: { path }, cause, fix: 'keep checkpoints on another disk, or in an object store' },
  );
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  await syncFile(path);
}

/** Makes a folder and those above it, durably. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await syncFolder(dirname(made));
  }
}

/** Removes temporary files in a folder that processes of this host left when they died. */
export async function sweepTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [host, pid] = splitMark(name);
    if (host !== here || pid === process.pid || isRunning(pid)) continue;
    await rm(join(folder, name), { force: true });
  }
}

function splitMark(name: string): readonly [string, number] {
  if (!isTemporary(name)) return ['', 0];
  const [host = '', pid = ''] = name.slice(temporaryMark.length).split('-');
  return [host, Number(pid)];
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
