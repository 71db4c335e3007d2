// Merging files of a day of a feature log so that whoever reads sees each row exactly once, and a
// kill at any point loses nothing. What is to be merged is written down in the day's folder first
// (the note); then the old files move out of sight, into a folder below; then the merged one appears,
// which is the moment that counts; then what is left over goes. Readers that know of notes read the
// old files wherever they are until the merged one is there. Others never see a row twice; while the
// files are moved they may miss some.
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, syncFolder } from './log-folders.ts';

/** Below the folder of a day: files that were merged, until they are removed. */
const replacedFolder = '.replaced';
const notePattern = /^\.merge-.*\.json$/;
/** A note that is being written, and by which process. */
const unfinishedPattern = /^\.merge-(\d+)-.*\.unfinished$/;
/** Of ours, and of Flink's file sink, which gives names without an ending. */
const partPattern = /^part-(?:.*\.parquet|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}-\d+-\d+)$/;

/** What a merge does, as it is written down. */
export interface MergeNote {
  /** Process that merges. */
  readonly pid: number;
  /** Name of the file that takes the place of the others. */
  readonly merged: string;
  readonly replaced: readonly string[];
}

/** Paths of a day's files, in the order of their names: each row is in one of them. */
export async function filesOfDay(folder: string): Promise<readonly string[]> {
  for (;;) {
    const names = await readdir(folder);
    const notes = await Promise.all(
      names.filter(isNote).map((name) => readNote(join(folder, name))),
    );
    const again = await readdir(folder);
    // A listing that something was moved under may lack it at both ends.
    if (notes.includes(null) || !isSame(names, again)) continue;
    const files = new Set(names.filter((name) => partPattern.test(name)));
    for (const note of notes) if (note !== null) applyNote(note, files);
    return [...files].toSorted().map((name) => join(folder, name));
  }
}

function applyNote(note: MergeNote, files: Set<string>): void {
  const isDone = files.has(note.merged);
  for (const name of note.replaced) {
    if (isDone) files.delete(name);
    else if (!files.has(name)) files.add(join(replacedFolder, name));
  }
}

function isNote(name: string): boolean {
  return notePattern.test(name);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  const there = new Set(b);
  return a.length === b.length && a.every((name) => there.has(name));
}

/** Null when it is gone. */
async function readNote(path: string): Promise<MergeNote | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : (JSON.parse(text) as MergeNote);
}

/** Puts a finished file, hidden until now, in the place of others of a day's folder. */
export async function replaceFiles(
  folder: string,
  { merged, replaced }: Omit<MergeNote, 'pid'>,
  hiddenPath: string,
): Promise<void> {
  const note = join(folder, `.merge-${process.pid}-${randomBytes(6).toString('hex')}.json`);
  await writeNote(note, { pid: process.pid, merged, replaced });
  await syncFolder(folder);
  await mkdir(join(folder, replacedFolder), { recursive: true });
  for (const name of replaced) await rename(join(folder, name), join(folder, replacedFolder, name));
  await rename(hiddenPath, join(folder, merged));
  await syncFolder(folder);
  await clear(folder, note, replaced);
}

async function writeNote(path: string, note: MergeNote): Promise<void> {
  const unfinished = `${path}.unfinished`;
  const handle = await open(unfinished, 'w');
  try {
    await handle.writeFile(JSON.stringify(note));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, path);
}

async function clear(folder: string, note: string, replaced: readonly string[]): Promise<void> {
  for (const name of replaced) {
    await rm(join(folder, replacedFolder, name), { force: true });
    await rm(join(folder, name), { force: true });
  }
  await rm(join(folder, replacedFolder), { recursive: true, force: true });
  await rm(note, { force: true });
  await syncFolder(folder);
}

/** Ends merges of processes that are gone: those whose file is there are finished, others undone. */
export async function endMerges(folder: string, isAlive: (pid: number) => boolean): Promise<void> {
  const names = await readdir(folder);
  for (const name of names) {
    const path = join(folder, name);
    const writer = unfinishedPattern.exec(name)?.[1];
    if (writer !== undefined && !isAlive(Number(writer))) await rm(path, { force: true });
    const note = isNote(name) ? await readNote(path) : null;
    if (note === null || isAlive(note.pid)) continue;
    if (await exists(join(folder, note.merged))) {
      await clear(folder, path, note.replaced);
      continue;
    }
    for (const old of note.replaced) {
      const hidden = join(folder, replacedFolder, old);
      if (await exists(hidden)) await rename(hidden, join(folder, old));
    }
    await syncFolder(folder);
    await rm(path, { force: true });
  }
}
