// Whose rows readers are given, as a small file beside the store: a move writes a new file and
// renames it over the old one, so that a reader sees the one or the other. Readers look at the file's
// inode before each read and take it in again when that changed. Moves of two processes exclude each
// other by a lock that names its owner.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import {
  type AliasMove,
  type AliasState,
  type StoreAlias,
  movedAlias,
  unmovedAlias,
} from '../../ports/store-jobs.ts';
import { openFailure, writeFailure } from './store-errors.ts';
import { acquireWriterLock } from './writer-lock.ts';

const fileName = 'alias.json';

/** The alias that is kept in this folder; without the folder it was never moved. */
export function openAliasFile(directory: string): StoreAlias {
  const path = join(directory, fileName);
  let known: AliasState = unmovedAlias;
  let inode = -1;
  let changedMs = 0;
  const current = (): AliasState => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return unmovedAlias;
    if (found.ino === inode && found.ctimeMs === changedMs) return known;
    known = readState(directory, path);
    inode = found.ino;
    changedMs = found.ctimeMs;
    return known;
  };
  return {
    current,
    move: async (change) => {
      try {
        return moveLocked(directory, change);
      } catch (error) {
        throw writeFailure(directory, error);
      }
    },
    close: () => Promise.resolve(),
  };
}

function moveLocked(directory: string, change: AliasMove): AliasState {
  mkdirSync(directory, { recursive: true });
  const lock = acquireWriterLock(directory, true);
  try {
    const path = join(directory, fileName);
    const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
    const before = isThere ? readState(directory, path) : unmovedAlias;
    if (before.version !== change.from) throw movedMeanwhile(directory, before);
    const after = movedAlias(before, change);
    writeDurably(`${path}.next`, JSON.stringify(after));
    renameSync(`${path}.next`, path);
    syncFolder(directory);
    return after;
  } finally {
    lock.release();
  }
}

function movedMeanwhile(directory: string, { variant }: AliasState): MillraceError {
  const now = variant === null ? 'the first job' : `"${variant}"`;
  const message = `somebody else has switched readers meanwhile: they are given the rows of ${now}`;
  return new MillraceError('MR_STORE_ALIAS', message, {
    context: { path: directory },
    fix: 'look at what it is now (millrace promote --status), and decide again',
  });
}

function readState(directory: string, path: string): AliasState {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as AliasState;
  } catch (error) {
    throw openFailure(directory, error);
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'w');
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(directory: string): void {
  const folder = openSync(directory, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
