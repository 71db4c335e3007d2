// Takes a merge back: each row that is still as the merge left it becomes what it was. Rows that a job
// has written since are newer and stay.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { RowReplacement } from '../../ports/store-jobs.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { openRows, readersJob } from './job-rows.ts';
import { type UndoLine, undoFolder } from './merge-rows.ts';

/** What taking a merge back did. */
export interface UndoResult {
  readonly file: string;
  readonly restored: number;
  /** Rows that were written since, and stay. */
  readonly changed_since: number;
}

/** Takes back the merge of this file; default: the newest one. */
export async function undoMerge(project: ResolvedProject, file?: string): Promise<UndoResult> {
  const path = file ?? (await newestUndo(project));
  const lines = await readLines(path);
  const rows = await openRows(project, await readersJob(project));
  try {
    let restored = 0;
    // Backwards: a row that was corrected twice becomes what it was first.
    for (const { view, key, before, after } of lines.toReversed()) {
      const replacement: RowReplacement = {
        key: bytesOf(key),
        row: before === null ? null : bytesOf(before),
        expected: after,
      };
      const [isDone] = await rows.replace(view, [replacement]);
      if (isDone === true) restored++;
    }
    return { file: path, restored, changed_since: lines.length - restored };
  } finally {
    await rows.close();
  }
}

async function newestUndo({ baseDirectory }: ResolvedProject): Promise<string> {
  const folder = join(baseDirectory, undoFolder);
  const names = await readdir(folder).catch((): string[] => []);
  const newest = names
    .filter((name) => name.endsWith('.jsonl'))
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .at(-1);
  if (newest !== undefined) return join(folder, newest);
  throw new MillraceError('MR_FILE_NOT_FOUND', `there is no merge to take back in ${folder}`);
}

async function readLines(path: string): Promise<readonly UndoLine[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MillraceError('MR_FILE_NOT_FOUND', `${path} cannot be read`, { cause });
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as UndoLine);
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
