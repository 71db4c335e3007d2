// Conditional writes with plain files, safe between processes. The versions of an object are files
// of their own: `lock.json`, then `lock.json~1`, `lock.json~2`, …; the greatest is the current one.
// A version is made by a hard link, which fails when it exists, so two writers that saw the same
// version cannot both write the next. A version goes only when there are `versionsKept` later ones.
// So a writer that stalled, and then made a version that had been and gone, sees by the greatest
// one that this may be so, and takes its own back.
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { codeOf } from './checkpoint-file-error.ts';
import { createDurable, writeDurable } from './durable-files.ts';

const versionMark = '~';
const versionsKept = 3;

/** The object that a file is a version of, and which: 0 for the plain name. */
export function parseVersion(fileName: string): {
  readonly object: string;
  readonly version: number;
} {
  const [object = '', version] = fileName.split(versionMark);
  return { object, version: version === undefined ? 0 : Number(version) };
}

interface Current {
  readonly version: number;
  readonly path: string;
}

export async function readCurrent(
  path: string,
): Promise<{ readonly bytes: Uint8Array; readonly etag: string } | null> {
  for (;;) {
    const current = await currentOf(path);
    if (current === null) return null;
    try {
      const bytes = new Uint8Array(await readFile(current.path));
      return { bytes, etag: etagOf(current.version) };
    } catch (error) {
      // Replaced and removed since the folder was read.
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
}

/** Writes the first version; null when there is one. */
export async function createFirst(
  path: string,
  bytes: Uint8Array,
): Promise<{ readonly etag: string } | null> {
  if ((await currentOf(path)) !== null) return null;
  return (await createDurable(path, bytes)) ? { etag: etagOf(0) } : null;
}

/** Writes the version after `etag`; null when that is not the current one. */
export async function writeNext(
  path: string,
  bytes: Uint8Array,
  etag: string,
): Promise<{ readonly etag: string } | null> {
  const current = await currentOf(path);
  if (current === null || etagOf(current.version) !== etag) return null;
  const version = current.version + 1;
  const made = pathOf(path, version);
  if (!(await createDurable(made, bytes))) return null;
  const newest = await currentOf(path);
  if (newest !== null && newest.version >= version + versionsKept) {
    await rm(made, { force: true });
    throw overtaken(path);
  }
  await removeUpTo(path, version - versionsKept);
  return { etag: etagOf(version) };
}

/** Writes without a condition: in place while there is only the plain file. */
export async function writeOver(
  path: string,
  bytes: Uint8Array,
): Promise<{ readonly etag: string }> {
  for (;;) {
    const current = await currentOf(path);
    if (current === null || current.version === 0) {
      await writeDurable(path, bytes);
      return { etag: etagOf(0) };
    }
    const written = await writeNext(path, bytes, etagOf(current.version));
    if (written !== null) return written;
  }
}

export async function removeAll(path: string): Promise<void> {
  for (const version of await versionsOf(path)) await rm(pathOf(path, version), { force: true });
}

/** The path of the newest version; null when there is none. */
export async function currentOf(path: string): Promise<Current | null> {
  const versions = await versionsOf(path);
  if (versions.length === 0) return null;
  const version = Math.max(...versions);
  return { version, path: pathOf(path, version) };
}

async function versionsOf(path: string): Promise<readonly number[]> {
  try {
    const object = basename(path);
    const files = await readdir(dirname(path));
    return files
      .map(parseVersion)
      .filter((file) => file.object === object)
      .map(({ version }) => version);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function removeUpTo(path: string, last: number): Promise<void> {
  for (const older of await versionsOf(path)) {
    if (older <= last) await rm(pathOf(path, older), { force: true });
  }
}

function overtaken(path: string): MillraceError {
  return new MillraceError(
    'MR_CHECKPOINT_STORAGE',
    `it is not known whether "${path}" was written: ${versionsKept} writes went past it`,
    { context: { path }, fix: 'read it again; if this recurs, look for long pauses' },
  );
}

function pathOf(path: string, version: number): string {
  return version === 0 ? path : join(dirname(path), `${basename(path)}${versionMark}${version}`);
}

function etagOf(version: number): string {
  return `v${version}`;
}
