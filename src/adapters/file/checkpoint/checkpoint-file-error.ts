// What the file system said of a file of a checkpoint, in words: which file, what to do.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';

/** The system's code of an error, such as `ENOENT`; empty when it has none. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}

/** The MillraceError for an error of the file system. Cannot throw. */
export function checkpointFileError(path: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = codeOf(error);
  const options = { context: { path }, cause: error };
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new MillraceError('MR_CHECKPOINT_ACCESS', `no permission for "${path}"`, {
        ...options,
        fix: 'give this user the rights to it (and to the folders above it)',
      });
    case 'EROFS':
      return new MillraceError('MR_CHECKPOINT_ACCESS', `"${path}" is on a read-only disk`, {
        ...options,
        fix: 'choose another directory for checkpoints, or mount the disk for writing',
      });
    case 'ENOTDIR':
    case 'EISDIR':
      return new MillraceError(
        'MR_CHECKPOINT_ACCESS',
        `"${path}" mixes up a file and a folder (${code})`,
        { ...options, fix: 'choose another directory for checkpoints' },
      );
    case 'ENOENT':
      return new MillraceError('MR_CHECKPOINT_MISSING', `there is no file "${path}"`, {
        ...options,
        fix: 'files of checkpoints must not be removed by hand',
      });
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new MillraceError('MR_CHECKPOINT_FULL', `no space left for "${path}"`, {
        ...options,
        fix: 'free space on that disk; earlier checkpoints are intact',
      });
    default:
      return new MillraceError(
        'MR_CHECKPOINT_STORAGE',
        `cannot use "${path}": ${code || String(error)}`,
        { ...options, fix: 'check the disk' },
      );
  }
}
