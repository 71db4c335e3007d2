// One writing process per store: a file that names it. A lock of a dead process is taken over; one
// from before the machine last started means that data may be missing, and the store is refused
// when its writes were not synced. Outside Linux a restart of the machine cannot be told.
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

interface Owner {
  readonly pid: number;
  /** When the process started, in the system's ticks: tells a reused process number apart. */
  readonly started: string | null;
  readonly bootId: string | null;
  readonly synced: boolean;
}

export interface WriterLock {
  release(): void;
}

/** Takes the lock, or throws MR_STORE_OPEN with the number of the process that has it. */
export function acquireWriterLock(directory: string, synced: boolean): WriterLock {
  const path = join(directory, 'writer.lock');
  const owner: Owner = {
    pid: process.pid,
    started: startOf(process.pid),
    bootId: readText('/proc/sys/kernel/random/boot_id'),
    synced,
  };
  if (!tryCreate(path, owner)) {
    takeOver(directory, path, owner);
  }
  return { release: () => rmSync(path, { force: true }) };
}

function takeOver(directory: string, path: string, owner: Owner): void {
  const previous = readOwner(path);
  if (previous !== null && isAlive(previous, owner)) {
    throw new MillraceError(
      'MR_STORE_OPEN',
      `the store ${directory} is being written by process ${previous.pid}`,
      {
        context: { path: directory, pid: previous.pid },
        fix: 'stop that process first, or give this one another folder',
      },
    );
  }
  if (previous !== null && !previous.synced && previous.bootId !== owner.bootId) {
    throw new MillraceError(
      'MR_STORE_OPEN',
      `the machine went down while the store ${directory} was being written: it may be damaged`,
      {
        context: { path: directory },
        fix: `delete ${directory} and run again: it is computed anew`,
      },
    );
  }
  rmSync(path, { force: true });
  if (!tryCreate(path, owner)) takeOver(directory, path, owner);
}

function tryCreate(path: string, owner: Owner): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
  writeSync(file, JSON.stringify(owner));
  closeSync(file);
  return true;
}

/** The owner as written; null when the file is torn (its writer died at once). */
function readOwner(path: string): Owner | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner;
  } catch {
    return null;
  }
}

function isAlive(previous: Owner, self: Owner): boolean {
  if (previous.bootId !== self.bootId) return false;
  try {
    process.kill(previous.pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return startOf(previous.pid) === previous.started;
}

/** Field 22 of the process's line in /proc; null where there is no /proc. */
function startOf(pid: number): string | null {
  const line = readText(`/proc/${pid}/stat`);
  return line?.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
