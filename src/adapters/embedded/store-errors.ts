// What LMDB and the file system say, as errors of ours. It must not throw, whatever it is given.
import { statfsSync } from 'node:fs';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

/** Numbers that LMDB or the system give for a write that found no room: EIO (short write), EFBIG, ENOSPC, EDQUOT, MDB_MAP_FULL. */
const noRoomCodes: ReadonlySet<unknown> = new Set([5, 27, 28, 122, -30792]);
const noRoomNames: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO']);

/** The error of a write that failed; the transaction was aborted, so the previous state is intact. */
export function writeFailure(directory: string, cause: unknown): unknown {
  if (cause instanceof MillraceError) return cause;
  const code = codeOf(cause);
  if (!noRoomCodes.has(code) && !noRoomNames.has(code)) return cause;
  return new MillraceError(
    'MR_STORE_FULL',
    `the store ${directory} could not be written (${messageOf(cause)}; ${freeSpace(directory)}): ` +
      'nothing of this batch was stored, everything before it is intact',
    {
      cause,
      context: { path: directory },
      fix: 'make room on that disk (or lift the quota or file size limit) and run again',
    },
  );
}

/** The error of opening a store that is not there, not ours, or not accessible. */
export function openFailure(directory: string, cause: unknown): unknown {
  if (cause instanceof MillraceError) return cause;
  const full = writeFailure(directory, cause);
  if (full !== cause) return full;
  const isForeign = codeOf(cause) === -30793;
  return new MillraceError(
    'MR_STORE_OPEN',
    `the store ${directory} cannot be opened: ${messageOf(cause)}`,
    {
      cause,
      context: { path: directory },
      fix: isForeign
        ? 'this folder holds something else or a damaged store: choose another folder, or delete it'
        : 'check that the folder exists and that this user may read and write it',
    },
  );
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function freeSpace(directory: string): string {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return `${Math.floor((bavail * bsize) / 1_048_576)} MiB free there`;
  } catch {
    return 'free space unknown';
  }
}
