// What the file system said of the local side of an upload or download.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

export function localFileError(path: string, cause: unknown): MillraceError {
  const code =
    typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  const options = { context: { path }, cause };
  if (code === 'ENOENT') {
    return new MillraceError('MR_CHECKPOINT_MISSING', `there is no file "${path}"`, {
      ...options,
      fix: 'state files must not be removed by hand',
    });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new MillraceError('MR_CHECKPOINT_FULL', `no space left for "${path}"`, {
      ...options,
      fix: 'free space on that disk',
    });
  }
  return new MillraceError('MR_CHECKPOINT_ACCESS', `cannot use "${path}": ${code}`, {
    ...options,
    fix: 'give this user the rights to it, and check the disk',
  });
}
