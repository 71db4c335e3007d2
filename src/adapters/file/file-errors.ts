// Errors of the file system, in words: which file, what is wrong, what to do.
import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { nearestName } from '../../kernel/nearest-name.ts';

/** The MillraceError for what the file system said about a path. Cannot throw. */
export function fileError(path: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = errorCodeOf(error);
  const options = { context: { path }, cause: error };
  switch (code) {
    case 'ENOENT':
      return notFound(path, error);
    case 'ENOTDIR':
      return new MillraceError('MR_FILE_NOT_FOUND', `"${path}" goes through a file as a folder`, {
        ...options,
        fix: 'correct the path: one of its folders is a file',
      });
    case 'EISDIR':
      return isDirectory(path);
    case 'EACCES':
    case 'EPERM':
      return new MillraceError('MR_FILE_ACCESS', `no permission for "${path}"`, {
        ...options,
        fix: 'give this user the rights to it (and to the folders above it)',
      });
    case 'ENOSPC':
      return new MillraceError('MR_STORE_FULL', `no space left for "${path}"`, {
        ...options,
        fix: 'free space on that disk, then run again',
      });
    default:
      return new MillraceError('MR_FILE_ACCESS', `cannot use "${path}": ${code || String(error)}`, {
        ...options,
        fix: 'check the disk and the path',
      });
  }
}

export function isDirectory(path: string): MillraceError {
  return new MillraceError('MR_FILE_ACCESS', `"${path}" is a directory, not a file`, {
    context: { path },
    fix: `name its files, as in '${path}/*.jsonl'`,
  });
}

function notFound(path: string, cause: unknown): MillraceError {
  const nearest = nearestName(basename(path), namesIn(dirname(path)));
  const hint = nearest === null ? '' : `; did you mean "${nearest}"?`;
  return new MillraceError('MR_FILE_NOT_FOUND', `there is no file "${path}"${hint}`, {
    context: { path },
    cause,
    fix: 'correct the path (relative paths are relative to the config file)',
  });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function errorCodeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}
