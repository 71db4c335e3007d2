// Which files a source means: one path, several, or patterns; checked before anything is read.
import { constants } from 'node:fs';
import { access, glob, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { fileError, isDirectory } from './file-errors.ts';

export interface FoundFile {
  /** As people know it: relative to the base directory where it is below it. */
  readonly name: string;
  readonly path: string;
}

const wildcards = /[*?[\]{}]/;

/** The files, each once, those of a pattern in the order of their names. */
export async function findFiles(
  patterns: readonly string[],
  baseDirectory: string,
): Promise<readonly FoundFile[]> {
  const found = new Map<string, FoundFile>();
  for (const pattern of patterns) {
    for (const path of await expand(pattern, baseDirectory)) {
      await checkReadable(path);
      found.set(path, { name: shortName(path, baseDirectory), path });
    }
  }
  return [...found.values()];
}

async function expand(pattern: string, baseDirectory: string): Promise<readonly string[]> {
  const literal = resolve(baseDirectory, pattern);
  if (!wildcards.test(pattern) || (await exists(literal))) return [literal];
  const paths: string[] = [];
  for await (const path of glob(pattern, { cwd: baseDirectory })) {
    const absolute = resolve(baseDirectory, path);
    if (!(await stat(absolute).catch(() => null))?.isDirectory()) paths.push(absolute);
  }
  if (paths.length > 0) return paths.toSorted();
  throw new MillraceError('MR_FILE_NOT_FOUND', `no file matches "${pattern}" in ${baseDirectory}`, {
    context: { path: literal },
    fix: 'correct the pattern (relative patterns are relative to the config file)',
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function checkReadable(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) throw isDirectory(path);
    await access(path, constants.R_OK);
  } catch (error) {
    throw fileError(path, error);
  }
}

function shortName(path: string, baseDirectory: string): string {
  const name = relative(baseDirectory, path);
  return name.startsWith('..') || isAbsolute(name) ? path : name;
}
